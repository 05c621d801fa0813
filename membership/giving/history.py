"""A patron's payments as pages list them: what came, what went back, newest first."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.giving import covering
from membership.giving.ledger import Book, LedgerEntry, LedgerLine
from membership.giving.models import (
    Interval,
    Invoice,
    InvoicePayment,
    Owner,
    Payment,
    StripeCustomer,
    Subscription,
)
from membership.money import Money

_BACK = (Book.REFUNDED, Book.DISPUTED)


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
    """Payments with their refunds, disputes and intervals; four queries however many they are."""
    rows = list(payments)
    back = gone(session, rows)
    covered = covering.of_payments(session, [row.id for row in rows])
    intervals = _intervals(session, [row.payment_intent_id for row in rows if row.payment_intent_id])
    return [
        PaymentLine(
            id=row.id,
            settled_at=row.settled_at,
            money=Money(row.amount, row.currency),
            refunded=back.get(row.id, {}).get(Book.REFUNDED, Money(0, row.currency)),
            disputed=back.get(row.id, {}).get(Book.DISPUTED, Money(0, row.currency)),
            interval=intervals.get(row.payment_intent_id or "", Interval.ONCE),
            covered_fee=Money(covered.get(row.id, 0), row.currency),
            method=row.method,
            card_last4=row.card_last4,
        )
        for row in rows
    ]


def gone(session: Session, payments: Iterable[Payment]) -> dict[str, dict[Book, Money]]:
    """What of our payments was sent back and what banks hold, by payment and book, as the ledger has it.

    In each payment's own currency; failed refunds and disputes that were won are taken off. One query.
    """
    currencies = {payment.id: payment.currency for payment in payments}
    rows = session.execute(
        select(LedgerEntry.payment_id, LedgerLine.book, func.sum(LedgerLine.amount))
        .join(LedgerLine, LedgerLine.entry_id == LedgerEntry.id)
        .where(LedgerEntry.payment_id.in_(list(currencies)), LedgerLine.book.in_(_BACK))
        .group_by(LedgerEntry.payment_id, LedgerLine.book)
    )
    found: dict[str, dict[Book, Money]] = defaultdict(dict)
    for payment_id, book, amount in rows:
        if payment_id is not None:
            found[payment_id][book] = Money(int(amount), currencies[payment_id])
    return found


def _intervals(session: Session, intent_ids: list[str]) -> dict[str, Interval]:
    """The interval of the subscription that each payment intent paid for."""
    rows = session.execute(
        select(InvoicePayment.payment_intent_id, Subscription.interval)
        .join(Invoice, Invoice.id == InvoicePayment.invoice_id)
        .join(Subscription, Subscription.id == Invoice.subscription_id)
        .where(InvoicePayment.payment_intent_id.in_(intent_ids))
    )
    return {intent_id: interval for intent_id, interval in rows}  # noqa: C416 - rows, not pairs
