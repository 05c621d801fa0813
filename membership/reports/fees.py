"""What patrons added to cover the card fee, beside what the card fees really were.

Covered is what was asked for by the newsroom's fee schedule; the real fee depends on the card and is known from
Stripe's balance transaction. Both are in minor units of one currency that settles in itself; where it settles in
another, only what was covered is known in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, case, func, select
from sqlalchemy.orm import Session

from membership.giving import covering
from membership.giving.ledger import Book, EntryKind, LedgerEntry, LedgerLine
from membership.giving.models import Owner, Payment, StripeCustomer
from membership.patrons.models import Patron
from membership.reports.income import day_of
from membership.reports.periods import Month
from membership.reports.recurring import month_of
from membership.reports.rows import FigureRows, found

FIGURES = ("covered", "card_fees_of_covering", "card_fees")


@dataclass
class FeesRow:
    """One month of one currency. The card fees are None where this currency settles in another."""

    month: Month
    payments: int = 0
    covering: int = 0  # payments with a covered fee
    covered: int = 0
    card_fees_of_covering: int | None = None
    card_fees: int | None = None

    @property
    def difference(self) -> int | None:
        """What was covered beyond the fees of the same payments; negative where it fell short."""
        return None if self.card_fees_of_covering is None else self.covered - self.card_fees_of_covering


def by_month(
    session: Session, currency: str, months: Sequence[Month], *, sealed: bool = False
) -> list[FeesRow]:
    """Covered and real card fees for each month, months without gifts included; two queries."""
    rows = {str(month): FeesRow(month) for month in months}
    day = day_of(sealed=sealed)
    within = and_(day >= months[0].first, day < months[-1].next.first)
    month = month_of(day)
    covered_fee = covering.of_payment()
    is_covering = case((covered_fee > 0, 1), else_=0)
    given = (
        select(month, func.count(), func.sum(is_covering), func.sum(covered_fee))
        .join(Payment, Payment.id == LedgerEntry.payment_id)
        .where(within, *_charges(currency))
        .group_by(month)
    )
    for name, payments, count, covered in session.execute(given):
        row = rows[name]
        row.payments, row.covering, row.covered = payments, int(count), int(covered)
    kept = (
        select(month, func.sum(LedgerLine.amount * is_covering), func.sum(LedgerLine.amount))
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .join(Payment, Payment.id == LedgerEntry.payment_id)
        .where(within, *_fees(currency))
        .group_by(month)
    )
    told = session.execute(kept).all()
    for name, of_covering, of_all in told:
        rows[name].card_fees_of_covering, rows[name].card_fees = int(of_covering), int(of_all)
    if told:
        for row in rows.values():
            row.card_fees_of_covering, row.card_fees = row.card_fees_of_covering or 0, row.card_fees or 0
    return list(rows.values())


def under(
    session: Session,
    figure: str,
    currency: str,
    month: Month,
    *,
    names: bool,
    sealed: bool = False,
    page: int | None = 1,
) -> FigureRows:
    """The payments that add up to a figure of FIGURES, in minor units: a page of them, or all (None)."""
    day = day_of(sealed=sealed)
    query: Select[Any, Any, Any, Any, Any]
    if figure == "covered":
        query = (
            select(
                day.label("day"), LedgerEntry.kind, Payment.id, Patron, covering.of_payment().label("amount")
            )
            .join(Payment, Payment.id == LedgerEntry.payment_id)
            .where(*_charges(currency), covering.of_payment() > 0)
        )
    else:
        query = (
            select(day.label("day"), LedgerEntry.kind, Payment.id, Patron, LedgerLine.amount.label("amount"))
            .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
            .join(Payment, Payment.id == LedgerEntry.payment_id)
            .where(*_fees(currency))
        )
        if figure == "card_fees_of_covering":
            query = query.where(covering.of_payment() > 0)
    query = (
        query.outerjoin(StripeCustomer, StripeCustomer.id == Payment.customer_id)
        .outerjoin(Patron, Patron.id == StripeCustomer.patron_id)
        .where(day >= month.first, day < month.next.first)
        .order_by(day, LedgerEntry.id)
    )
    return found(session, query, names=names, page=page)


def _charges(currency: str) -> tuple[Any, ...]:
    """The entries that booked our payments in a currency."""
    return (
        LedgerEntry.kind == EntryKind.CHARGE,
        Payment.owner == Owner.OURS,
        Payment.currency == currency,
    )


def _fees(currency: str) -> tuple[Any, ...]:
    """The fee lines of the charges' own balance transactions: no dispute's fee, none of another currency."""
    return (
        LedgerEntry.kind == EntryKind.BALANCE,
        LedgerEntry.stripe_id == Payment.balance_transaction_id,
        LedgerLine.book == Book.FEES,
        LedgerLine.currency == currency,
        Payment.owner == Owner.OURS,
        Payment.currency == currency,
    )
