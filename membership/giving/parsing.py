"""From Stripe's JSON to facts: what an event or a read object tells. No I/O, tolerant of what it need not know.

Fields are taken by presence. What was rendered by another API version than ours is not trusted, but asked for again
(`ToRead`); money that has moved is told the same way by all versions and is taken.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from membership.gateway.client import API_VERSION
from membership.giving import parsing_gifts, parsing_money
from membership.giving.facts import CheckoutSession, Dispute, Fact, Invoice, Observed, Payment, Refund, ToRead
from membership.giving.fields import Json, Thing
from membership.giving.parsing_gifts import Snapshot

Parser = Callable[[Thing, Snapshot], list[Observed]]

PARSERS: dict[str, Parser] = {
    "balance_transaction": parsing_money.balance_transaction,
    "charge": parsing_money.charge,
    "checkout.session": parsing_gifts.checkout_session,
    "customer": parsing_gifts.customer,
    "dispute": parsing_money.dispute,
    "invoice": parsing_gifts.invoice,
    "invoice_payment": parsing_gifts.invoice_payment,
    "radar.early_fraud_warning": parsing_money.fraud_warning,
    "refund": parsing_money.refund,
    "subscription": parsing_gifts.subscription,
}
"""What we read of Stripe, by the object's own word."""

USED = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
        "customer.created",
        "customer.updated",
        "customer.deleted",
        "customer.subscription.created",
        "customer.subscription.updated",
        "customer.subscription.deleted",
        "customer.subscription.paused",
        "customer.subscription.resumed",
        "invoice.created",
        "invoice.finalized",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_failed",
        "invoice.payment_action_required",
        "invoice.marked_uncollectible",
        "invoice.voided",
        "invoice_payment.paid",
        "charge.succeeded",
        "charge.captured",
        "charge.updated",
        "charge.refunded",
        "charge.failed",
        "refund.created",
        "refund.updated",
        "refund.failed",
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
        "radar.early_fraud_warning.created",
    }
)
"""The types of events that tell facts; all others are kept and ignored."""

_DATED: dict[str, tuple[type[Fact], str]] = {
    "charge.captured": (Payment, "succeeded_at"),
    "charge.succeeded": (Payment, "succeeded_at"),
    "charge.dispute.funds_reinstated": (Dispute, "reinstated_at"),
    "charge.dispute.funds_withdrawn": (Dispute, "withdrawn_at"),
    "checkout.session.async_payment_failed": (CheckoutSession, "failed_at"),
    "invoice.payment_action_required": (Invoice, "action_required_at"),
    "invoice.payment_failed": (Invoice, "first_failed_at"),
    "refund.failed": (Refund, "failed_at"),
}
"""The instants that only an event tells, not its object."""
_TRUSTED_OF_ANY_VERSION = frozenset({"charge", "refund", "dispute", "balance_transaction"})


def from_event(event: Json) -> list[Observed]:
    """The facts that an event of a type in USED tells.

    Raises:
        UnreadableObjectError: a field that must be there is missing or of another type.
    """
    whole = Thing("event", event)
    at = whole.instant("created")
    snapshot = Snapshot(as_of=at, event_id=whole.text("id"), event_type=whole.text("type"))
    thing = whole.thing("data").thing("object")
    kind = thing.text("object")
    if kind not in PARSERS:
        return []
    if whole.words("api_version") != API_VERSION and kind not in _TRUSTED_OF_ANY_VERSION:
        return [ToRead(type=kind, id=thing.text("id"), reason="version")]
    told = PARSERS[kind](Thing(kind, thing.json), snapshot)
    return [_dated(fact, snapshot) for fact in told]


def from_object(body: Json, as_of: datetime) -> list[Observed]:
    """The facts that an object read from Stripe tells; `as_of` is the second of that answer.

    Raises:
        UnreadableObjectError: a field that must be there is missing or of another type.
    """
    thing = Thing("object", body)
    kind = thing.text("object")
    if kind not in PARSERS:
        return []
    return PARSERS[kind](Thing(kind, body), Snapshot(as_of=as_of))


def _dated(fact: Observed, snapshot: Snapshot) -> Observed:
    """The fact, with the instant that only its event tells."""
    name = _DATED.get(snapshot.event_type)
    if name is None or not isinstance(fact, name[0]):
        return fact
    told: datetime | None = getattr(fact, name[1])
    at = snapshot.as_of if told is None else min(told, snapshot.as_of)
    return replace(fact, **{name[1]: at})  # type: ignore[arg-type]  # names of instants, of that class
