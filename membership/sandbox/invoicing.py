"""Invoices as Stripe's billing makes them: a draft, finalised, paid or not.

An invoice of this API version has no subscription, charge or intent of its own: its `parent` names the
subscription, and its invoice payments name the intent.
"""

from membership.sandbox import charging, intents
from membership.sandbox.account import Account
from membership.sandbox.drafting import fields_of
from membership.sandbox.errors import ApiError
from membership.sandbox.objects import Object, id_of

_DESCRIPTIONS = {"subscription_create": "Subscription creation", "subscription_cycle": "Subscription update"}


def draft(
    account: Account,
    subscription: Object,
    lines: list[Object],
    reason: str,
    *,
    period_start: int | None = None,
) -> Object:
    """Make a draft invoice for a subscription and say so."""
    fields = fields_of(account, subscription, lines, reason)
    if period_start is not None:
        fields["period_start"] = period_start
    invoice = account.make("invoice", **{**fields, "auto_advance": True})
    invoice["lines"]["url"] = f"/v1/invoices/{invoice['id']}/lines"
    for line in invoice["lines"]["data"]:
        line["invoice"] = invoice["id"]
    account.store.put(invoice)
    account.emit("invoice.created", invoice)
    return invoice


def finalise(account: Account, invoice: Object) -> None:
    """Give a draft its number and its payment intent; nothing can change on it any more.

    Raises:
        ApiError: It is no draft.
    """
    if invoice["status"] != "draft":
        raise ApiError("This invoice is already finalized, you can't re-finalize a non-draft invoice.")
    number = _next_number(account, invoice)
    now = account.now()
    with account.changing(invoice):
        invoice.update(
            status="open",
            number=number,
            effective_at=now,
            automatically_finalizes_at=None,
            ending_balance=0,
            hosted_invoice_url=_hosted(account, invoice),
            invoice_pdf=f"{_hosted(account, invoice)}/pdf",
            status_transitions={**invoice["status_transitions"], "finalized_at": now},
        )
    account.emit("invoice.finalized", invoice)
    if invoice["amount_due"] == 0:
        mark_paid(account, invoice)
        return
    intent = intents.new_intent(
        account,
        amount=invoice["amount_due"],
        currency=invoice["currency"],
        customer=invoice["customer"],
        description=_DESCRIPTIONS.get(invoice["billing_reason"], "Subscription update"),
        setup_future_usage="off_session",
    )
    account.make(
        "invoice_payment",
        amount_requested=invoice["amount_due"],
        amount_paid=None,
        currency=invoice["currency"],
        invoice=invoice["id"],
        is_default=True,
        payment={"type": "payment_intent", "payment_intent": intent["id"]},
        status="open",
        status_transitions={"canceled_at": None, "paid_at": None},
    )


def _hosted(account: Account, invoice: Object) -> str:
    base = account.store.fact("base_url") or "http://127.0.0.1"
    return f"{base}/i/{invoice['id']}"


def _next_number(account: Account, invoice: Object) -> str:
    customer = account.find(invoice["customer"]) or {}
    sequence = customer.get("next_invoice_sequence") or 1
    prefix = customer.get("invoice_prefix") or str(invoice["customer"])[-8:].upper()
    if customer and not customer.get("deleted"):
        customer["next_invoice_sequence"] = sequence + 1
        account.store.put(customer)
    return f"{prefix}-{sequence:04}"


def payment_of(account: Account, invoice: Object) -> Object | None:
    """Give the invoice payment of an invoice; a loaded one may have none."""
    return account.store.one("invoice_payment", invoice=invoice["id"])


def intent_of(account: Account, invoice: Object) -> Object:
    """Give the payment intent of an open invoice, made now for one that was loaded without.

    Raises:
        ApiError: It has none and is not open.
    """
    payment = payment_of(account, invoice)
    if payment is not None:
        return account.get(id_of(payment["payment"].get("payment_intent")), "payment_intent")
    if invoice["status"] != "open":
        raise ApiError("This invoice has no payment.")
    intent = intents.new_intent(
        account,
        amount=invoice["amount_remaining"],
        currency=invoice["currency"],
        customer=invoice["customer"],
        description="Subscription update",
    )
    account.make(
        "invoice_payment",
        amount_requested=intent["amount"],
        amount_paid=None,
        currency=intent["currency"],
        invoice=invoice["id"],
        is_default=True,
        payment={"type": "payment_intent", "payment_intent": intent["id"]},
        status="open",
        status_transitions={"canceled_at": None, "paid_at": None},
    )
    return intent


def try_payment(
    account: Account,
    invoice: Object,
    method: Object | None,
    *,
    is_present: bool,
    is_authenticated: bool = False,
) -> str:
    """Charge an open invoice to a method, and give the new status of its intent.

    The invoice is marked paid, or its failed try is counted and told; when a try follows is billing's affair.
    """
    intent = intent_of(account, invoice)
    if method is None:
        status = charging.no_method(account, intent)
    else:
        status = charging.charge(
            account, intent, method, is_present=is_present, is_authenticated=is_authenticated
        )
    if status == "succeeded":
        mark_paid(account, invoice)
    elif status == "processing":
        with account.changing(invoice, "invoice.updated"):
            invoice.update(
                attempted=True, attempt_count=invoice["attempt_count"] + 1, next_payment_attempt=None
            )
    return status


def count_failure(
    account: Account, invoice: Object, next_try: int | None, *, needs_action: bool = False
) -> None:
    """Count a failed try, say when the next one is, and tell of it."""
    with account.changing(invoice, "invoice.updated"):
        invoice.update(
            attempted=True,
            attempt_count=invoice["attempt_count"] + 1,
            next_payment_attempt=next_try,
            auto_advance=next_try is not None,
        )
    if needs_action:
        account.emit("invoice.payment_action_required", invoice)
    account.emit("invoice.payment_failed", invoice)


def mark_paid(account: Account, invoice: Object) -> None:
    """Mark an invoice and its payment as paid, and tell of it."""
    now = account.now()
    payment = payment_of(account, invoice)
    if payment is not None and payment["status"] != "paid":
        with account.changing(payment):
            payment.update(
                status="paid",
                amount_paid=payment["amount_requested"],
                status_transitions={"canceled_at": None, "paid_at": now},
            )
        account.emit("invoice_payment.paid", payment)
    with account.changing(invoice, "invoice.updated"):
        invoice.update(
            status="paid",
            amount_paid=invoice["amount_due"],
            amount_remaining=0,
            attempted=True,
            attempt_count=invoice["attempt_count"] + (1 if invoice["amount_due"] else 0),
            auto_advance=False,
            next_payment_attempt=None,
            status_transitions={**invoice["status_transitions"], "paid_at": now},
        )
    account.unplan("retry", invoice["id"])
    account.emit("invoice.paid", invoice)
    account.emit("invoice.payment_succeeded", invoice)


def void(account: Account, invoice: Object) -> None:
    """Void an open invoice: nobody owes it any more.

    Raises:
        ApiError: It is paid, void, or still a draft.
    """
    if invoice["status"] not in ("open", "uncollectible"):
        raise ApiError(
            f"You can only pass in open or uncollectible invoices. This invoice is {invoice['status']}."
        )
    _close(account, invoice, "void", "voided_at")
    account.emit("invoice.voided", invoice)


def give_up(account: Account, invoice: Object) -> None:
    """Mark an open invoice as uncollectible.

    Raises:
        ApiError: It is not open.
    """
    if invoice["status"] != "open":
        raise ApiError("Only open invoices can be marked as uncollectible.")
    _close(account, invoice, "uncollectible", "marked_uncollectible_at")
    account.emit("invoice.marked_uncollectible", invoice)


def _close(account: Account, invoice: Object, status: str, moment: str) -> None:
    with account.changing(invoice, "invoice.updated"):
        invoice.update(
            status=status,
            auto_advance=False,
            next_payment_attempt=None,
            status_transitions={**invoice["status_transitions"], moment: account.now()},
        )
    account.unplan("retry", invoice["id"])
    account.unplan("finalise", invoice["id"])
    payment = payment_of(account, invoice)
    if payment is None or payment["status"] != "open" or status != "void":
        return
    with account.changing(payment):
        payment.update(status="canceled", status_transitions={"canceled_at": account.now(), "paid_at": None})
    intent = account.find(id_of(payment["payment"].get("payment_intent")))
    if intent is not None and intent["status"] not in ("succeeded", "canceled", "processing"):
        intents.cancel_intent(account, intent, "void_invoice")
