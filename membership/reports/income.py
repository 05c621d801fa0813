"""From gross to net: what was given, sent back, taken back, charged as fees, and what is left.

In the gift's own currency there are gross, refunded and disputed, from the ledger. Fees and net exist in the
settlement currency only, from Stripe's balance transactions; a currency that settles in itself shows all in one table.
Figures are minor units of the currency they stand beside; currencies are never added.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal_column, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from membership.giving.ledger import Book, EntryKind, LedgerEntry, LedgerLine
from membership.giving.models import Owner, Payment
from membership.reports.periods import Month
from membership.reports.recurring import month_of

GIVEN = {Book.GIFTS: "gross", Book.REFUNDED: "refunded", Book.DISPUTED: "disputed"}
NOT_STRIPE = (EntryKind.OFFLINE, EntryKind.REVERSAL)
"""Entries of money that came outside of Stripe, and what takes them back."""


@dataclass
class IncomeRow:
    """One month of one currency. `fees` is None where this currency settles in another."""

    month: Month
    gross: int = 0
    refunded: int = 0
    disputed: int = 0
    fees: int | None = None
    offline: int = 0  # the part of gross that came outside of Stripe

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
    """Gross to net of gifts in a currency, for each month, months without gifts included; three queries."""
    day = day_of(sealed=sealed)
    within = and_(day >= months[0].first, day < months[-1].next.first)
    rows = {str(month): IncomeRow(month) for month in months}
    for month, book, amount in session.execute(_given(day, within, currency)):
        name = GIVEN[book]
        signed = -int(amount) if book is Book.GIFTS else int(amount)
        setattr(rows[month], name, getattr(rows[month], name) + signed)
    for month, amount in session.execute(_offline(day, within, currency)):
        rows[month].offline = -int(amount)
    fees = [
        (month, kind, int(amount)) for month, kind, amount in session.execute(_fees(day, within, currency))
    ]
    settles_in_itself = any(kind not in NOT_STRIPE for _month, kind, _amount in fees)
    is_all_offline = all(row.gross == row.offline for row in rows.values())
    if settles_in_itself or (fees and is_all_offline):
        for row in rows.values():
            row.fees = 0
        for month, _kind, amount in fees:
            rows[month].fees = (rows[month].fees or 0) + amount
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


def _offline(
    day: InstrumentedAttribute[date], within: ColumnElement[bool], currency: str
) -> Select[str, int]:
    """What of the gifts came outside of Stripe, as the ledger signs it."""
    month = month_of(day)
    return (
        select(month, func.sum(LedgerLine.amount))
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .where(
            within,
            LedgerLine.currency == currency,
            LedgerLine.book == Book.GIFTS,
            LedgerEntry.kind.in_(NOT_STRIPE),
        )
        .group_by(month)
    )


def _fees(
    day: InstrumentedAttribute[date], within: ColumnElement[bool], currency: str
) -> Select[str, EntryKind, int]:
    """Fees in this currency of payments and offline gifts in this currency."""
    month = month_of(day)
    return (
        select(month, LedgerEntry.kind, func.sum(LedgerLine.amount))
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .outerjoin(Payment, Payment.id == LedgerEntry.payment_id)
        .where(
            within,
            LedgerLine.currency == currency,
            LedgerLine.book == Book.FEES,
            or_(Payment.currency == currency, LedgerEntry.kind.in_(NOT_STRIPE)),
        )
        .group_by(month, LedgerEntry.kind)
    )


@dataclass(frozen=True)
class Settled:
    """What gifts in one currency became in the settlement currency over a period, in its minor units."""

    gift_currency: str  # "" for fees of the account that belong to no charge
    settlement_currency: str
    fees: int
    net: int
    is_offline: bool = False  # it never was at Stripe

    @property
    def amount(self) -> int:
        """What was settled before fees."""
        return self.net + self.fees


def settled(session: Session, months: Sequence[Month], *, sealed: bool = False) -> list[Settled]:
    """By gift currency, what reached the balance at Stripe over all the months, then what came beside it.

    Of payments that are ours every line counts, whichever entry it came with: whose a payment is, and so whose its
    fee, may be learned after its balance transaction was booked. Of what is about no payment only fees do.
    """
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
            or_(
                and_(Payment.owner == Owner.OURS, LedgerLine.book.in_((Book.STRIPE, Book.FEES))),
                and_(
                    LedgerEntry.payment_id.is_(None),
                    LedgerEntry.kind.not_in(NOT_STRIPE),
                    LedgerLine.book == Book.FEES,
                ),
            ),
        )
        .group_by(gift, LedgerLine.currency, LedgerLine.book)
    )
    for gift_currency, settlement_currency, book, amount in session.execute(query):
        sums[gift_currency, settlement_currency][book] = int(amount)
    through_stripe = [
        Settled(gift, settlement, books.get(Book.FEES, 0), _net(gift, books))
        for (gift, settlement), books in sorted(sums.items())
    ]
    return through_stripe + _settled_offline(session, day, months)


def _settled_offline(
    session: Session, day: InstrumentedAttribute[date], months: Sequence[Month]
) -> list[Settled]:
    """What came outside of Stripe, each currency in itself."""
    query = (
        select(LedgerLine.currency, LedgerLine.book, func.sum(LedgerLine.amount))
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .where(
            day >= months[0].first,
            day < months[-1].next.first,
            LedgerEntry.kind.in_(NOT_STRIPE),
            LedgerLine.book.in_((Book.OFFLINE, Book.FEES)),
        )
        .group_by(LedgerLine.currency, LedgerLine.book)
    )
    sums: dict[str, dict[Book, int]] = defaultdict(dict)
    for currency, book, amount in session.execute(query):
        sums[currency][book] = int(amount)
    return [
        Settled(currency, currency, books.get(Book.FEES, 0), books.get(Book.OFFLINE, 0), is_offline=True)
        for currency, books in sorted(sums.items())
    ]


def _net(gift_currency: str, books: dict[Book, int]) -> int:
    """What reached the balance; a fee that belongs to no charge only takes from it."""
    return books.get(Book.STRIPE, 0) if gift_currency else -books.get(Book.FEES, 0)


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
    """How many of our payments' balance transactions have not been read yet: the totals are provisional."""
    read = exists().where(LedgerEntry.kind == EntryKind.BALANCE, LedgerEntry.payment_id == Payment.id)
    given = (
        select(func.sum(LedgerLine.amount))
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .where(
            LedgerEntry.payment_id == Payment.id,
            LedgerLine.book == Book.GIFTS,
            LedgerEntry.effective_on >= months[0].first,
            LedgerEntry.effective_on < months[-1].next.first,
        )
        .correlate(Payment)
        .scalar_subquery()
    )
    of_ours = select(func.count()).select_from(Payment).where(Payment.owner == Owner.OURS)
    return session.scalars(of_ours.where(Payment.currency == currency, ~read, given != 0)).one()
