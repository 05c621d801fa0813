"""The life of a subscription by the clock: begun, renewed, failing, tried again, ended.

Source: https://docs.stripe.com/billing/subscriptions/overview
"""

from membership.sandbox import collecting, drafting, invoicing, shapes
from membership.sandbox.account import Account
from membership.sandbox.agenda import due
from membership.sandbox.objects import PRIVATE, Object, id_of
from membership.sandbox.periods import OVER, next_end, period_of, schedule, set_period
from membership.sandbox.rules import HOUR

_INCOMPLETE_FOR = 23 * HOUR


def first_invoice(account: Account, subscription: Object) -> Object:
    """Make and finalise the invoice that begins a subscription; a trial's is nothing and paid at once."""
    start, end = period_of(subscription)
    is_trial = subscription["status"] == "trialing"
    rest: Object = {"amount": 0, "description": "Trial period"} if is_trial else {}
    lines = [
        drafting.line_for(account, subscription, item, start, end, **rest)
        for item in subscription["items"]["data"]
    ]
    invoice = invoicing.draft(account, subscription, lines, "subscription_create")
    subscription["latest_invoice"] = invoice["id"]
    account.store.put(subscription)
    invoicing.finalise(account, invoice)
    if subscription["status"] == "incomplete" and invoice["status"] == "open":
        account.plan(account.now() + _INCOMPLETE_FOR, "expire", subscription)
    return invoice


@due("renew")
def renew(account: Account, subscription: Object) -> None:
    """Begin the next period: a draft invoice, charged an hour later, unless the subscription ends here."""
    start, ends = period_of(subscription)
    if subscription["status"] in (*OVER, "incomplete", "paused"):
        return
    if ends > account.now():
        schedule(account, subscription)
        return
    if subscription["cancel_at_period_end"]:
        collecting.end(account, subscription, reason="cancellation_requested")
        return
    bill(account, subscription, start=ends, previous_start=start, reason="subscription_cycle")


def bill(
    account: Account,
    subscription: Object,
    *,
    start: int,
    previous_start: int,
    reason: str,
    at_once: bool = False,
    is_told: bool = True,
) -> Object:
    """Move a subscription into the period that begins at `start`, and make its invoice.

    Without `is_told` the caller tells of the change, as part of a larger one.
    """
    with account.changing(subscription, "customer.subscription.updated" if is_told else None):
        if subscription["status"] == "trialing":
            subscription["status"] = "active"
        ends = next_end(subscription, start)
        set_period(subscription, start, ends)
        lines = [
            drafting.line_for(account, subscription, item, start, ends)
            for item in subscription["items"]["data"]
        ]
        private = subscription.get(PRIVATE) or {}
        lines += private.get("pending_lines", [])
        subscription[PRIVATE] = {**private, "pending_lines": []}
        invoice = invoicing.draft(account, subscription, lines, reason, period_start=previous_start)
        subscription["latest_invoice"] = invoice["id"]
    schedule(account, subscription)
    if at_once:
        collecting.collect(account, invoice)
    else:
        _advance(account, subscription, invoice)
    return invoice


def _advance(account: Account, subscription: Object, invoice: Object) -> None:
    behavior = (subscription["pause_collection"] or {}).get("behavior")
    if behavior == "keep_as_draft" or subscription["status"] == "unpaid":
        with account.changing(invoice):
            invoice["auto_advance"] = False
    elif behavior in ("void", "mark_uncollectible"):
        with account.changing(invoice):
            invoice.update(status="open", auto_advance=False)
        (invoicing.void if behavior == "void" else invoicing.give_up)(account, invoice)
    else:
        at = account.now() + account.rules.draft_seconds
        with account.changing(invoice):
            invoice["automatically_finalizes_at"] = at
        account.plan(at, "finalise", invoice)


@due("expire")
def expire(account: Account, subscription: Object) -> None:
    """Let a subscription that was never paid lapse."""
    if subscription["status"] != "incomplete":
        return
    with account.changing(subscription, "customer.subscription.updated"):
        subscription.update(status="incomplete_expired", ended_at=account.now())
    invoice = account.find(id_of(subscription["latest_invoice"]))
    if invoice is not None and invoice["status"] == "open":
        invoicing.void(account, invoice)


@due("cancel")
def cancel(account: Account, subscription: Object) -> None:
    """End a subscription at the instant that was set."""
    at = subscription["cancel_at"]
    if at and at <= account.now() and subscription["status"] not in OVER:
        collecting.end(account, subscription, reason="cancellation_requested")


@due("upcoming")
def upcoming(account: Account, subscription: Object) -> None:
    """Say some days before that an invoice is coming."""
    start = period_of(subscription)[1]
    lines = [
        drafting.line_for(account, subscription, item, start, next_end(subscription, start))
        for item in subscription["items"]["data"]
    ]
    invoice = preview(account, subscription, lines, at=start)
    account.emit("invoice.upcoming", invoice)


def preview(account: Account, subscription: Object, lines: list[Object], *, at: int) -> Object:
    """Give an invoice that is not made: what these lines would come to, and when."""
    fields = drafting.fields_of(account, subscription, lines, "upcoming")
    fields.update(
        created=at, period_start=period_of(subscription)[0], period_end=at, next_payment_attempt=at + HOUR
    )
    name = f"upcoming_in_1{account.ids.token(23)}"
    for line in lines:
        line["invoice"] = name
    return shapes.fill({"id": name, "object": "invoice", **fields, "auto_advance": True})


@due("trial_will_end")
def trial_will_end(account: Account, subscription: Object) -> None:
    """Say three days before that a trial ends."""
    if subscription["status"] == "trialing":
        account.emit("customer.subscription.trial_will_end", subscription)


@due("uncollect")
def collect_again(account: Account, subscription: Object) -> None:
    """Let a paused collection go on at the instant that was set."""
    if subscription["pause_collection"]:
        with account.changing(subscription, "customer.subscription.updated"):
            subscription["pause_collection"] = None
        schedule(account, subscription)
