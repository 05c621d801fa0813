"""Bank debits that arrive or fail days after they were ordered, and who has to hear of it."""

from membership.sandbox import charging, collecting, completing, invoicing
from membership.sandbox.account import Account
from membership.sandbox.agenda import due
from membership.sandbox.disputing import open_dispute
from membership.sandbox.methods import behaviour
from membership.sandbox.objects import Object, id_of


def settle(account: Account, charge: Object, *, succeeds: bool) -> None:
    """Let a debit that is on its way arrive or fail, with its invoice, subscription and session."""
    if charge["status"] != "pending":
        return
    intent = charging.settle_debit(account, charge, succeeds=succeeds)
    payment = account.store.one("invoice_payment", payment_intent=intent["id"])
    if payment is not None:
        invoice = account.get(id_of(payment["invoice"]), "invoice")
        if succeeds:
            invoicing.mark_paid(account, invoice)
            collecting.settled(account, invoice)
        else:
            # The try was counted when the debit was ordered.
            invoice["attempt_count"] -= 1
            collecting.failed(account, invoice)
    _tell_session(account, intent, payment, succeeds=succeeds)


def _tell_session(account: Account, intent: Object, payment: Object | None, *, succeeds: bool) -> None:
    session = account.store.one("checkout.session", payment_intent=intent["id"])
    if session is None and payment is not None:
        invoice = account.get(id_of(payment["invoice"]), "invoice")
        if invoice["billing_reason"] == "subscription_create":
            session = account.store.one("checkout.session", subscription=collecting.subscription_of(invoice))
    if session is not None and session["status"] == "complete" and session["payment_status"] == "unpaid":
        completing.debit_settled(account, session, succeeded=succeeds)


@due("debit")
def arrive(account: Account, charge: Object) -> None:
    """Let a debit end as its bank account decides."""
    method = account.find(charge["payment_method"])
    how = behaviour(method) if method else "works"
    settle(account, charge, succeeds=how != "debit_fails")
    settled = account.get(charge["id"], "charge")
    if how == "dispute" and settled["status"] == "succeeded" and not settled["disputed"]:
        open_dispute(account, settled, reason="debit_not_authorized")
