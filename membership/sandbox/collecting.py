"""Getting an invoice paid: charged, tried again, and what its subscription becomes of it.

Source: https://docs.stripe.com/billing/revenue-recovery/smart-retries
"""

from membership.sandbox import invoicing, methods
from membership.sandbox.account import Account
from membership.sandbox.agenda import due
from membership.sandbox.objects import PRIVATE, Object, id_of
from membership.sandbox.periods import OVER, schedule
from membership.sandbox.rules import DAY


def pay(
    account: Account,
    invoice: Object,
    method: Object | None,
    *,
    is_present: bool,
    is_authenticated: bool = False,
) -> str:
    """Charge an invoice, let its subscription follow, and give the new status of the intent."""
    status = invoicing.try_payment(
        account, invoice, method, is_present=is_present, is_authenticated=is_authenticated
    )
    if status in ("succeeded", "processing"):
        settled(account, invoice, status)
    else:
        failed(account, invoice, needs_action=status == "requires_action")
    return status


def settled(account: Account, invoice: Object, status: str = "succeeded") -> None:
    """Let a subscription follow an invoice that was paid, or whose debit is on its way."""
    subscription = account.find(subscription_of(invoice))
    if subscription is None or subscription["status"] in OVER:
        return
    is_first = subscription["status"] == "incomplete"
    may_go_on = status == "succeeded" and subscription["status"] in ("past_due", "unpaid")
    if not (is_first or may_go_on) or _has_other_debts(account, subscription, invoice):
        return
    account.unplan("expire", subscription["id"])
    with account.changing(subscription, "customer.subscription.updated"):
        subscription["status"] = "active"
        if is_first and subscription["default_payment_method"] is None:
            intent = invoicing.intent_of(account, invoice)
            if (subscription.get(PRIVATE) or {}).get("saves_method"):
                subscription["default_payment_method"] = id_of(intent["payment_method"])
    schedule(account, subscription)


def failed(account: Account, invoice: Object, *, needs_action: bool = False) -> None:
    """Count a failed try; plan the next, or do what the account does when there is none."""
    subscription = account.find(subscription_of(invoice)) or {}
    days = account.rules.retry_days
    tries = invoice["attempt_count"]
    is_first = subscription.get("status") == "incomplete"
    has_next = not is_first and tries < len(days) and subscription.get("status") not in OVER
    next_try = account.now() + days[tries] * DAY if has_next else None
    invoicing.count_failure(account, invoice, next_try, needs_action=needs_action)
    if next_try is not None:
        account.plan(next_try, "retry", invoice)
    if not subscription or is_first or subscription["status"] in OVER:
        return
    if subscription["status"] in ("active", "trialing"):
        with account.changing(subscription, "customer.subscription.updated"):
            subscription["status"] = "past_due"
    if next_try is None and subscription["status"] == "past_due":
        _after_last_try(account, subscription)


def _after_last_try(account: Account, subscription: Object) -> None:
    end_as = account.rules.after_retries
    if end_as == "cancel":
        end(account, subscription, reason="payment_failed")
    elif end_as == "unpaid":
        with account.changing(subscription, "customer.subscription.updated"):
            subscription["status"] = "unpaid"


def end(account: Account, subscription: Object, *, reason: str, details: Object | None = None) -> None:
    """End a subscription now and for good; its open invoices stay owed but are not tried again."""
    now = account.now()
    with account.changing(subscription):
        subscription.update(
            status="canceled",
            canceled_at=subscription["canceled_at"] or now,
            ended_at=now,
            cancellation_details={
                **subscription["cancellation_details"],
                **(details or {}),
                "reason": subscription["cancellation_details"]["reason"] or reason,
            },
        )
        subscription.pop("status_details", None)
    schedule(account, subscription)
    for invoice in account.store.find("invoice", subscription=subscription["id"], status="open"):
        account.unplan("retry", invoice["id"])
        with account.changing(invoice, "invoice.updated"):
            invoice.update(auto_advance=False, next_payment_attempt=None)
    account.emit("customer.subscription.deleted", subscription)


def subscription_of(invoice: Object) -> str | None:
    """Give the id of the subscription an invoice is for."""
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    return id_of(details.get("subscription"))


def _has_other_debts(account: Account, subscription: Object, invoice: Object) -> bool:
    owed = account.store.find("invoice", subscription=subscription["id"], status="open")
    return subscription["status"] != "incomplete" and any(row["id"] != invoice["id"] for row in owed)


@due("finalise")
def collect(account: Account, invoice: Object) -> None:
    """Finalise a draft, and charge it to the subscription's payment method."""
    if invoice["status"] == "draft":
        invoicing.finalise(account, invoice)
    if invoice["status"] == "open":
        pay(account, invoice, method_for(account, invoice), is_present=False)


@due("retry")
def retry(account: Account, invoice: Object) -> None:
    """Try an open invoice once more."""
    if invoice["status"] == "open":
        pay(account, invoice, method_for(account, invoice), is_present=False)


def method_for(account: Account, invoice: Object) -> Object | None:
    """Give what an invoice is charged to: its subscription's method, else its customer's.

    A loaded history may come without payment methods; its renewals go on with what paid last.
    """
    subscription = account.find(subscription_of(invoice)) or {}
    chosen = account.find(id_of(subscription.get("default_payment_method")))
    if chosen is not None and chosen.get("customer"):
        return chosen
    customer = str(invoice["customer"])
    return methods.default_of(account, customer) or methods.from_history(account, customer)
