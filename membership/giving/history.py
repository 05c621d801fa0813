"""A patron's payments as pages list them: what came, what went back, newest first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.giving.models import (
    Dispute,
    Interval,
    Invoice,
    InvoicePayment,
    Owner,
    Payment,
    Refund,
    StripeCustomer,
    Subscription,
)
from membership.money import Money

STANDING = frozenset({"succeeded", "pending"})


@dataclass(frozen=True, kw_only=True)
class PaymentLine:
    """One payment, with what of it went back."""

    id: str
    settled_at: datetime
    money: Money
    refunded: Money
    disputed: Money
    interval: Interval
    covered_fee: Money
    method: str
    card_last4: str

    @property
    def kept(self) -> Money:
        """What is left of it."""
        return self.money - self.refunded - self.disputed

    @property
    def is_refunded(self) -> bool:
        """Whether all of it went back."""
        return self.refunded.amount >= self.money.amount


def of_patron(session: Session, patron_id: int, *, limit: int = 60) -> list[PaymentLine]:
    """The last payments of a patron, newest first."""
    found = session.scalars(
        select(Payment)
        .join(StripeCustomer, StripeCustomer.id == Payment.customer_id)
        .where(StripeCustomer.patron_id == patron_id, Payment.owner == Owner.OURS)
        .order_by(Payment.settled_at.desc(), Payment.id.desc())
        .limit(limit)
    )
    return lines_of(session, found)


def lines_of(session: Session, payments: Iterable[Payment]) -> list[PaymentLine]:
    """Payments with their refunds, disputes and intervals; three queries however many they are."""
    rows = list(payments)
    ids = [row.id for row in rows]
    refunded = _refunded(session, ids)
    disputed = _disputed(session, ids)
    intervals = _intervals(session, [row.payment_intent_id for row in rows if row.payment_intent_id])
    return [
        PaymentLine(
            id=row.id,
            settled_at=row.settled_at,
            money=Money(row.amount, row.currency),
            refunded=Money(refunded.get(row.id, 0), row.currency),
            disputed=Money(disputed.get(row.id, 0), row.currency),
            interval=intervals.get(row.payment_intent_id or "", Interval.ONCE),
            covered_fee=Money(row.covered_fee, row.currency),
            method=row.method,
            card_last4=row.card_last4,
        )
        for row in rows
    ]


def _refunded(session: Session, ids: list[str]) -> dict[str, int]:
    rows = session.execute(
        select(Refund.charge_id, func.sum(Refund.amount))
        .where(Refund.charge_id.in_(ids), Refund.status.in_(STANDING))
        .group_by(Refund.charge_id)
    )
    return {charge_id: int(amount) for charge_id, amount in rows}


def _disputed(session: Session, ids: list[str]) -> dict[str, int]:
    """Money that banks have taken back and not returned."""
    rows = session.execute(
        select(Dispute.charge_id, func.sum(Dispute.amount))
        .where(Dispute.charge_id.in_(ids), Dispute.withdrawn_at.is_not(None), Dispute.reinstated_at.is_(None))
        .group_by(Dispute.charge_id)
    )
    return {charge_id: int(amount) for charge_id, amount in rows}


def _intervals(session: Session, intent_ids: list[str]) -> dict[str, Interval]:
    """The interval of the subscription that each payment intent paid for."""
    rows = session.execute(
        select(InvoicePayment.payment_intent_id, Subscription.interval)
        .join(Invoice, Invoice.id == InvoicePayment.invoice_id)
        .join(Subscription, Subscription.id == Invoice.subscription_id)
        .where(InvoicePayment.payment_intent_id.in_(intent_ids))
    )
    return {intent_id: interval for intent_id, interval in rows}  # noqa: C416 - rows, not pairs
