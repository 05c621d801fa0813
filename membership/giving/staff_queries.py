"""What staff look up about gifts: payments, subscriptions, failing ones; a page at a time, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from membership.giving import receipts_shown, refunding, watching
from membership.giving.models import (
    Dispute,
    Invoice,
    Owner,
    Payment,
    Refund,
    StripeCustomer,
    Subscription,
)
from membership.giving.stripe_states import LIVE
from membership.money import Money

PAGE = 50
STATES = ("all", "refunded", "refund_failed", "disputed", "warned")
WAITING = ("needs_response", "warning_needs_response", "appeal_needs_response")
"""Stripe's states of a dispute that wants an answer."""
SUBSCRIPTION_STATES = ("active", "ending", "past_due", "paused", "canceled")


@dataclass(frozen=True)
class Found:
    """One page of payments with whose they are; `older` is the id to go on from, or ""."""

    payments: Sequence[Payment]
    patron_ids: dict[str, int | None]
    older: str


def payments(session: Session, *, state: str = "all", currency: str = "", before: str = "") -> Found:
    """Payments of ours, the last settled first; `before` is the id of the payment the page goes on from."""
    query = select(Payment).where(Payment.owner == Owner.OURS)
    if currency:
        query = query.where(Payment.currency == currency)
    if state == "refunded":
        query = query.where(exists().where(Refund.charge_id == Payment.id))
    elif state == "refund_failed":
        query = query.where(watching.refund_failed())
    elif state == "disputed":
        query = query.where(exists().where(Dispute.charge_id == Payment.id))
    elif state == "warned":
        query = query.where(Payment.has_fraud_warning)
    query = _after(session, query, before)
    rows = session.scalars(query.order_by(Payment.settled_at.desc(), Payment.id.desc()).limit(PAGE + 1)).all()
    shown = rows[:PAGE]
    return Found(shown, patron_ids_of(session, shown), shown[-1].id if len(rows) > PAGE else "")


def _after(session: Session, query: Select[Payment], before: str) -> Select[Payment]:
    last = session.get(Payment, before) if before else None
    if last is None:
        return query
    return query.where(
        or_(
            Payment.settled_at < last.settled_at,
            and_(Payment.settled_at == last.settled_at, Payment.id < last.id),
        )
    )


def patron_ids_of(session: Session, rows: Sequence[Payment]) -> dict[str, int | None]:
    """Whose each payment is."""
    found = session.execute(
        select(StripeCustomer.id, StripeCustomer.patron_id).where(
            StripeCustomer.id.in_({row.customer_id for row in rows})
        )
    )
    owners = {customer_id: patron_id for customer_id, patron_id in found}  # noqa: C416 - rows, not pairs
    return {row.id: owners.get(row.customer_id) for row in rows}


@dataclass(frozen=True)
class SubscriptionRow:
    """A subscription in a list, with whose it is."""

    subscription: Subscription
    patron_id: int | None

    @property
    def money(self) -> Money:
        """What is charged each time."""
        return Money(self.subscription.amount, self.subscription.currency)


def subscriptions(session: Session, *, state: str = "", limit: int = 100) -> list[SubscriptionRow]:
    """Subscriptions of ours in a state, the newest first."""
    query = (
        select(Subscription, StripeCustomer.patron_id)
        .outerjoin(StripeCustomer, StripeCustomer.id == Subscription.customer_id)
        .where(Subscription.is_ours)
    )
    if state == "ending":
        query = query.where(Subscription.cancel_at.is_not(None), Subscription.ended_at.is_(None))
    elif state == "paused":
        query = query.where(Subscription.is_paused, Subscription.ended_at.is_(None))
    elif state:
        query = query.where(Subscription.status == state)
    rows = session.execute(query.order_by(Subscription.created.desc(), Subscription.id.desc()).limit(limit))
    return [SubscriptionRow(subscription, patron_id) for subscription, patron_id in rows]


@dataclass(frozen=True)
class FailingRow:
    """A renewal that is not paid: whose, since when, what is tried next."""

    subscription: Subscription
    invoice: Invoice
    patron_id: int | None

    @property
    def money(self) -> Money:
        """What is open."""
        return Money(self.invoice.amount_due, self.invoice.currency)

    @property
    def failed_at(self) -> datetime:
        """When it was first refused, as far as events told."""
        return self.invoice.first_failed_at or self.invoice.created


def failing(session: Session, *, limit: int = 200) -> list[FailingRow]:
    """Open bills of subscriptions in arrears, the oldest first."""
    rows = session.execute(
        select(Subscription, Invoice, StripeCustomer.patron_id)
        .join(Invoice, Invoice.subscription_id == Subscription.id)
        .outerjoin(StripeCustomer, StripeCustomer.id == Subscription.customer_id)
        .where(
            Subscription.is_ours,
            Subscription.status.in_(("past_due", "unpaid")),
            Invoice.status == "open",
        )
        .order_by(Invoice.created)
        .limit(limit)
    )
    return [FailingRow(subscription, invoice, patron_id) for subscription, invoice, patron_id in rows]


def count_failing(session: Session) -> int:
    """How many subscriptions of ours are in arrears."""
    counted = select(func.count()).where(
        Subscription.is_ours, Subscription.status.in_(("past_due", "unpaid"))
    )
    return session.scalar(counted) or 0


def _doubled() -> Select[int | None]:
    """Patrons with more than one gift that has begun, has not ended and is not set to."""
    return (
        select(StripeCustomer.patron_id)
        .join(Subscription, Subscription.customer_id == StripeCustomer.id)
        .where(
            StripeCustomer.patron_id.is_not(None),
            Subscription.is_ours,
            Subscription.status.in_(LIVE),
            Subscription.cancel_at.is_(None),
        )
        .group_by(StripeCustomer.patron_id)
        .having(func.count() > 1)
    )


def doubled(session: Session, *, limit: int = 200) -> list[SubscriptionRow]:
    """The running gifts of patrons who have several, patron by patron, the older first."""
    rows = session.execute(
        select(Subscription, StripeCustomer.patron_id)
        .join(StripeCustomer, StripeCustomer.id == Subscription.customer_id)
        .where(
            StripeCustomer.patron_id.in_(_doubled()),
            Subscription.is_ours,
            Subscription.status.in_(LIVE),
            Subscription.cancel_at.is_(None),
        )
        .order_by(StripeCustomer.patron_id, Subscription.created, Subscription.id)
        .limit(limit)
    )
    return [SubscriptionRow(subscription, patron_id) for subscription, patron_id in rows]


def count_doubled(session: Session) -> int:
    """How many patrons have several running gifts."""
    return session.scalar(select(func.count()).select_from(_doubled().subquery())) or 0


def count_open_disputes(session: Session) -> int:
    """How many disputes wait for an answer."""
    return session.scalar(select(func.count()).where(Dispute.status.in_(WAITING))) or 0


@dataclass(frozen=True)
class Gone:
    """Something that takes from a payment: a refund, one that was only asked for yet, a dispute."""

    kind: str  # "refund", "asked", "dispute"
    at: datetime
    money: Money
    status: str
    reason: str = ""  # a dispute's, in Stripe's word
    due_at: datetime | None = None  # by when a dispute must be answered

    @property
    def withdrew(self) -> bool:
        """Whether this is a dispute that holds the money now, or has taken it for good."""
        is_harmless = self.status.startswith("warning_") or self.status in {"won", "prevented"}
        return self.kind == "dispute" and not is_harmless


def gone_of(session: Session, payment: Payment) -> list[Gone]:
    """What took from a payment, or tried to, the oldest first."""
    currency = payment.currency
    found = [
        Gone("refund", row.created, Money(row.amount, currency), row.status)
        for row in refunding.refunds_of(session, payment)
    ]
    found += [
        Gone("asked", call.created_at, Money(int(call.details["amount"]), currency), "")
        for call in refunding.on_the_way(session, payment)
    ]
    disputes = session.scalars(select(Dispute).filter_by(charge_id=payment.id))
    found += [
        Gone(
            "dispute",
            row.created,
            Money(row.amount, row.currency),
            row.status,
            row.reason,
            row.evidence_due_at if row.status in WAITING else None,
        )
        for row in disputes
    ]
    return sorted(found, key=lambda gone: gone.at)


def patron_ids_by_stripe_id(session: Session, stripe_id: str) -> set[int]:
    """The patron behind a customer, subscription, payment or payment intent of Stripe's, or a receipt's number."""
    receipt = receipts_shown.by_label(session, stripe_id)
    if receipt is not None:
        return {receipt.patron_id}
    customers = select(StripeCustomer.patron_id)
    found = session.scalars(
        customers.where(
            or_(
                StripeCustomer.id == stripe_id,
                StripeCustomer.id.in_(select(Subscription.customer_id).filter_by(id=stripe_id)),
                StripeCustomer.id.in_(
                    select(Payment.customer_id).where(
                        or_(Payment.id == stripe_id, Payment.payment_intent_id == stripe_id)
                    )
                ),
            )
        )
    )
    return {patron_id for patron_id in found if patron_id is not None}
