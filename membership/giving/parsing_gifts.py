"""Subscriptions, invoices, what pays them, customers and Checkout sessions, from Stripe's JSON to facts. No I/O."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from membership.gateway import products, subscriptions
from membership.giving import ordering, resting
from membership.giving.facts import (
    CheckoutSession,
    Customer,
    Invoice,
    InvoicePayment,
    Observed,
    Subscription,
    SubscriptionState,
    ToRead,
)
from membership.giving.fields import Thing, UnreadableObjectError
from membership.giving.models import Interval

_LONG = timedelta(days=200)  # between a month and a year


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """When an object was so, and which event said it ("" for a read)."""

    as_of: datetime
    event_id: str = ""
    event_type: str = ""


def is_marked(thing: Thing) -> bool:
    """Whether an object carries our mark in its metadata."""
    return thing.metadata("app") == products.APP


def subscription(thing: Thing, snapshot: Snapshot) -> list[Observed]:
    """A subscription, and what it was at this instant."""
    items = thing.list_of("items")
    if not items:
        return [ToRead(type="subscription", id=thing.text("id"), reason="items")]
    prices = [item.thing("price") for item in items]
    status, amount = thing.text("status"), sum(_amount(item) for item in items)
    terminal, rank = ordering.rank("subscription", status)
    rest = resting.told(thing, status)
    details = thing.thing("cancellation_details")
    fact = Subscription(
        id=thing.text("id"),
        as_of=snapshot.as_of,
        event_id=snapshot.event_id,
        terminal=terminal,
        state_rank=rank,
        customer_id=thing.id("customer"),
        is_ours=is_marked(thing) or any(_is_our_product(price.id_or_none("product")) for price in prices),
        status=status,
        amount=amount,
        currency=prices[0].currency(),
        interval=_interval(prices[0]),
        created=thing.instant("created"),
        item_id=items[0].words("id"),
        period_starts_at=min(
            filter(None, (i.instant_or_none("current_period_start") for i in items)), default=None
        ),
        period_ends_at=max(
            filter(None, (i.instant_or_none("current_period_end") for i in items)), default=None
        ),
        cancel_at=_cancel_at(thing, items),
        canceled_at=thing.instant_or_none("canceled_at"),
        ended_at=thing.instant_or_none("ended_at"),
        cancel_reason=details.words("reason", 64),
        cancel_feedback=details.words("feedback", 64),
        ended_by=thing.metadata("ended_by", 16),
        is_paused=rest.is_paused,
        resumes_at=rest.resumes_at,
        skips_to=rest.skips_to,
        anchor_at=thing.instant_or_none("billing_cycle_anchor"),
        trial_ends_at=thing.instant_or_none("trial_end"),
        payment_method_id=thing.id_or_none("default_payment_method") or "",
        checkout_public_id=thing.metadata("checkout", 32),
        covered_fee=min(thing.metadata_number("covered_fee"), amount),
        migrated_to=_migrated_to(thing),
        adopted_at=thing.metadata_instant(subscriptions.ADOPTED),
    )
    return [fact, state_of(fact)]


def _migrated_to(thing: Thing) -> str:
    """The subscription that was made anew in this one's place, as the program that did so has noted on it.

    Source: Ghost's own mark, `ghost_migrated_to` (ghost/core, MemberRepository, 2024), and the plain word.
    """
    return thing.metadata("migrated_to", 255) or thing.metadata("ghost_migrated_to", 255)


def state_of(fact: Subscription) -> SubscriptionState:
    """What a snapshot says of its instant, for the movements."""
    return SubscriptionState(
        subscription_id=fact.id,
        as_of=fact.as_of,
        event_id=fact.event_id,
        status=fact.status,
        amount=fact.amount,
        currency=fact.currency,
        interval=fact.interval,
        is_paused=fact.is_paused,
        is_ending=fact.cancel_at is not None,
    )


def _amount(item: Thing) -> int:
    quantity = item.json.get("quantity", 1)
    price = item.thing("price")
    if price.json.get("unit_amount") is None:  # metered or tiered: nothing of ours
        return 0
    return price.money("unit_amount") * (quantity if type(quantity) is int else 1)


def _interval(price: Thing) -> Interval:
    recurring = price.thing("recurring")
    every, count = recurring.words("interval"), recurring.json.get("interval_count", 1)
    return Interval.YEAR if every == "year" or (every == "month" and count == 12) else Interval.MONTH


def _cancel_at(thing: Thing, items: list[Thing]) -> datetime | None:
    told = thing.instant_or_none("cancel_at")
    if told is None and thing.json.get("cancel_at_period_end") is True:
        return max(filter(None, (i.instant_or_none("current_period_end") for i in items)), default=None)
    return told


def _is_our_product(product: str | None) -> bool:
    return product is not None and products.is_ours(product)


def invoice(thing: Thing, snapshot: Snapshot) -> list[Observed]:
    """An invoice: the period it covers, whether it is paid; never money."""
    if thing.json.get("id") is None:  # invoice.upcoming and previews
        return []
    status = thing.text("status")
    terminal, rank = ordering.rank("invoice", status)
    details = thing.thing("parent").thing("subscription_details")
    lines = thing.list_of("lines")
    period = _renewing_lines(lines)
    moments = thing.thing("status_transitions")
    ends_at = max((line.thing("period").instant("end") for line in period), default=None)
    return [
        Invoice(
            id=thing.text("id"),
            as_of=snapshot.as_of,
            event_id=snapshot.event_id,
            terminal=terminal,
            state_rank=rank,
            customer_id=thing.id("customer"),
            status=status,
            created=thing.instant("created"),
            currency=thing.currency(),
            amount_due=thing.number("amount_due"),
            amount_paid=thing.money("amount_paid"),
            is_ours=is_marked(details)
            or is_marked(thing)
            or any(_is_our_product(_product(line)) for line in lines),
            subscription_id=details.id_or_none("subscription"),
            billing_reason=thing.words("billing_reason", 64),
            period_starts_at=min((line.thing("period").instant("start") for line in period), default=None),
            period_ends_at=ends_at,
            amount_renewing=sum(line.number("amount") for line in period),
            paid_at=moments.instant_or_none("paid_at"),
            closed_at=moments.instant_or_none("voided_at")
            or moments.instant_or_none("marked_uncollectible_at"),
            attempt_count=thing.count("attempt_count"),
            next_attempt_at=thing.instant_or_none("next_payment_attempt"),
            hosted_url=thing.words("hosted_invoice_url", 2_000),
            checkout_public_id=details.metadata("checkout", 32),
            covered_fee=details.metadata_number("covered_fee"),
            is_skipped=status == "void" and resting.is_skipped(details, ends_at),
        )
    ]


def _renewing_lines(lines: list[Thing]) -> list[Thing]:
    """The lines for the newest period of the subscription itself, without what corrects older periods."""
    kept = [line for line in lines if not _is_proration(line) and line.thing("period").json]
    last = max((line.thing("period").instant("end") for line in kept), default=None)
    return [line for line in kept if line.thing("period").instant("end") == last]


def _is_proration(line: Thing) -> bool:
    parent = line.thing("parent")
    of_item, of_subscription = parent.thing("invoice_item_details"), parent.thing("subscription_item_details")
    return bool(of_item.json.get("proration") or of_subscription.json.get("proration") or of_item.json)


def _product(line: Thing) -> str | None:
    return line.thing("pricing").thing("price_details").id_or_none("product")


def interval_of(starts_at: datetime, ends_at: datetime) -> Interval:
    """How long a period is, in the words of gifts."""
    return Interval.YEAR if ends_at - starts_at > _LONG else Interval.MONTH


def invoice_payment(thing: Thing, snapshot: Snapshot) -> list[Observed]:
    """What joins an invoice to the payment intent that pays it."""
    status, payment = thing.text("status"), thing.thing("payment")
    terminal, rank = ordering.rank("invoice_payment", status)
    return [
        InvoicePayment(
            id=thing.text("id"),
            as_of=snapshot.as_of,
            event_id=snapshot.event_id,
            terminal=terminal,
            state_rank=rank,
            invoice_id=thing.id("invoice"),
            payment_intent_id=payment.id_or_none("payment_intent") or payment.id_or_none("charge") or "",
            status=status,
            amount_paid=thing.count("amount_paid"),
        )
    ]


def customer(thing: Thing, snapshot: Snapshot) -> list[Observed]:
    """A customer; the address is where Stripe sends bills, never a login."""
    is_deleted = thing.json.get("deleted") is True or snapshot.event_type == "customer.deleted"
    return [
        Customer(
            id=thing.text("id"),
            as_of=snapshot.as_of,
            event_id=snapshot.event_id,
            terminal=int(is_deleted),
            state_rank=1,
            email=thing.words("email", 320) or None,
            name=thing.words("name") or None,
            is_deleted=is_deleted,
        )
    ]


def checkout_session(thing: Thing, snapshot: Snapshot) -> list[Observed]:
    """A Checkout session: what it led to, and whom Stripe met there."""
    status, payment_status = thing.text("status"), thing.words("payment_status", 32)
    terminal, rank = ordering.rank("checkout.session", status)
    intent, who = thing.id_or_none("payment_intent"), thing.id_or_none("customer")
    checkout = thing.metadata("checkout", 32) or thing.words("client_reference_id", 32)
    if status == "open" or not (who or intent):
        who = who or intent or thing.text("id")
    if who is None and intent is None:
        raise UnreadableObjectError("checkout.session", "customer")
    return [
        CheckoutSession(
            id=thing.text("id"),
            as_of=snapshot.as_of,
            event_id=snapshot.event_id,
            terminal=terminal,
            state_rank=rank + int(payment_status in {"paid", "no_payment_required"}),
            customer_id=who or intent or "",
            is_ours=is_marked(thing),
            status=status,
            payment_status=payment_status,
            checkout_public_id=checkout,
            payment_intent_id=intent,
            subscription_id=thing.id_or_none("subscription"),
        ),
        *met(who or intent or "", thing.thing("customer_details"), thing.instant("created")),
    ]


def met(customer_id: str, details: Thing, at: datetime) -> list[Observed]:
    """Whom Stripe met at a payment: what the customer's own record says, once known, holds over it."""
    email = details.words("email", 320)
    if not email:
        return []
    name = details.words("name") or None
    return [Customer(id=customer_id, as_of=at, terminal=0, state_rank=0, email=email, name=name)]
