"""From gross to net: what was given, sent back, taken back, charged as fees, and what is left.

In the gift's own currency there are gross, refunded and disputed, from the ledger. Fees and net exist in the
settlement currency only, from Stripe's balance transactions; a currency that settles in itself shows all in one table.
Figures are minor units of the currency they stand beside; currencies are never added.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from membership.giving.ledger import Book, EntryKind, LedgerEntry, LedgerLine
from membership.giving.models import Payment
from membership.reports.periods import Month
from membership.reports.recurring import month_of

GIVEN = {Book.GIFTS: "gross", Book.REFUNDED: "refunded", Book.DISPUTED: "disputed"}
OURS = (
    EntryKind.CHARGE,
    EntryKind.ASSIGNED,
    EntryKind.REFUND,
    EntryKind.REFUND_FAILED,
    EntryKind.DISPUTE_WITHDRAWN,
    EntryKind.DISPUTE_REINSTATED,
    EntryKind.OFFLINE,
    EntryKind.REVERSAL,
)


@dataclass
class IncomeRow:
    """One month of one currency. `fees` is None where this currency settles in another."""

    month: Month
    gross: int = 0
    refunded: int = 0
    disputed: int = 0
    fees: int | None = None

    @property
    def kept(self) -> int:
        """What is left before fees."""
        return self.gross - self.refunded - self.disputed

    @property
    def net(self) -> int:
        """What is left after fees; `kept` where there are none in this currency."""
        return self.kept - (self.fees or 0)


def by_month(
    session: Session, currency: str, months: Sequence[Month], *, sealed: bool = False
) -> list[IncomeRow]:
    """Gross to net of gifts in a currency, for each month, months without gifts included; two queries."""
    day = day_of(sealed=sealed)
    within = and_(day >= months[0].first, day < months[-1].next.first)
    rows = {str(month): IncomeRow(month) for month in months}
    for month, book, amount in session.execute(_given(day, within, currency)):
        name = GIVEN[book]
        signed = -int(amount) if book is Book.GIFTS else int(amount)
        setattr(rows[month], name, getattr(rows[month], name) + signed)
    settles_in_itself = False
    for month, amount in session.execute(_fees(day, within, currency)):
        rows[month].fees = int(amount)
        settles_in_itself = True
    if settles_in_itself:
        for row in rows.values():
            row.fees = row.fees or 0
    return list(rows.values())


def day_of(*, sealed: bool) -> InstrumentedAttribute[date]:
    """The day an entry counts on: as booked for the sealed view, else its own."""
    return LedgerEntry.booked_on if sealed else LedgerEntry.effective_on


def _given(
    day: InstrumentedAttribute[date], within: ColumnElement[bool], currency: str
) -> Select[str, Book, int]:
    month = month_of(day)
    return (
        select(month, LedgerLine.book, func.sum(LedgerLine.amount))
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .where(within, LedgerLine.currency == currency, LedgerLine.book.in_(GIVEN))
        .group_by(month, LedgerLine.book)
    )


def _fees(day: InstrumentedAttribute[date], within: ColumnElement[bool], currency: str) -> Select[str, int]:
    """Fees in this currency of payments in this currency."""
    month = month_of(day)
    return (
        select(month, func.sum(LedgerLine.amount))
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .join(Payment, Payment.id == LedgerEntry.payment_id)
        .where(
            within,
            LedgerLine.currency == currency,
            LedgerLine.book == Book.FEES,
            Payment.currency == currency,
        )
        .group_by(month)
    )


@dataclass(frozen=True)
class Settled:
    """What gifts in one currency became in the settlement currency over a period, in its minor units."""

    gift_currency: str  # "" for fees of the account that belong to no charge
    settlement_currency: str
    fees: int
    net: int

    @property
    def amount(self) -> int:
        """What was settled before fees."""
        return self.net + self.fees


def settled(session: Session, months: Sequence[Month], *, sealed: bool = False) -> list[Settled]:
    """By gift currency, what reached the balance at Stripe over all the months; one query."""
    day = day_of(sealed=sealed)
    gift = func.coalesce(Payment.currency, literal_column("''"))
    sums: dict[tuple[str, str], dict[Book, int]] = defaultdict(dict)
    query = (
        select(
            gift,
            LedgerLine.currency,
            LedgerLine.book,
            func.sum(LedgerLine.amount),
        )
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .outerjoin(Payment, Payment.id == LedgerEntry.payment_id)
        .where(
            day >= months[0].first,
            day < months[-1].next.first,
            LedgerEntry.kind == EntryKind.BALANCE,
            LedgerLine.book.in_((Book.STRIPE, Book.FEES)),
            _is_ours_or_account_fee(),
        )
        .group_by(gift, LedgerLine.currency, LedgerLine.book)
    )
    for gift_currency, settlement_currency, book, amount in session.execute(query):
        sums[gift_currency, settlement_currency][book] = int(amount)
    return [
        Settled(gift, settlement, books.get(Book.FEES, 0), books.get(Book.STRIPE, 0))
        for (gift, settlement), books in sorted(sums.items())
    ]


def _is_ours_or_account_fee() -> ColumnElement[bool]:
    """Leave out what is foreign or a payout: entries that touch those books."""
    others = exists().where(
        LedgerLine.entry_id == LedgerEntry.id, LedgerLine.book.in_((Book.FOREIGN, Book.PAYOUTS))
    )
    return ~others.correlate(LedgerEntry)


def currencies(session: Session) -> list[str]:
    """The currencies in which anything was given, the one with most payments first."""
    counted = (
        select(LedgerLine.currency, func.count())
        .where(LedgerLine.book == Book.GIFTS)
        .group_by(LedgerLine.currency)
        .order_by(func.count().desc(), LedgerLine.currency)
    )
    return [currency for currency, _count in session.execute(counted)]


def fees_unknown(session: Session, currency: str, months: Sequence[Month]) -> int:
    """How many payments' balance transactions have not been read yet: the totals are provisional."""
    read = exists().where(LedgerEntry.kind == EntryKind.BALANCE, LedgerEntry.payment_id == Payment.id)
    booked = exists().where(
        LedgerEntry.kind == EntryKind.CHARGE,
        LedgerEntry.payment_id == Payment.id,
        LedgerEntry.effective_on >= months[0].first,
        LedgerEntry.effective_on < months[-1].next.first,
    )
    return session.scalars(
        select(func.count()).select_from(Payment).where(Payment.currency == currency, booked, ~read)
    ).one()
