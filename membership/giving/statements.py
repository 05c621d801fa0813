"""Statements: what somebody gave between two days, less what went back; every row one line of the ledger.

Days are those of the newsroom's time zone. Currencies stand apart and are never added.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from membership.giving.ledger import Book, EntryKind, LedgerEntry, LedgerLine
from membership.giving.models import Payment, Receipt, ReceiptSource, StripeCustomer
from membership.money import Money

_BOOKS = (Book.GIFTS, Book.REFUNDED, Book.DISPUTED)
_OUTSIDE = (EntryKind.OFFLINE, EntryKind.REVERSAL)


class What(StrEnum):
    """What a row of a statement is."""

    GIFT = "gift"
    TAKEN_BACK = "taken_back"  # an offline gift that was entered wrongly
    REFUND = "refund"
    REFUND_FAILED = "refund_failed"
    DISPUTE = "dispute"
    DISPUTE_WON = "dispute_won"


_WHAT = {
    (Book.GIFTS, True): What.GIFT,
    (Book.GIFTS, False): What.TAKEN_BACK,
    (Book.REFUNDED, False): What.REFUND,
    (Book.REFUNDED, True): What.REFUND_FAILED,
    (Book.DISPUTED, False): What.DISPUTE,
    (Book.DISPUTED, True): What.DISPUTE_WON,
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One thing that happened to somebody's money. `money` is signed: what went back is negative."""

    day: date
    what: What
    source_key: str
    receipt: str  # the number of the receipt that stands for the gift, or ""
    money: Money


@dataclass(frozen=True, kw_only=True)
class Account:
    """The rows in one currency, with their sums; `total` is given less gone."""

    currency: str
    rows: Sequence[Row]

    @property
    def given(self) -> Money:
        """All gifts."""
        return self._sum(row for row in self.rows if row.what in {What.GIFT, What.TAKEN_BACK})

    @property
    def gone(self) -> Money:
        """What was sent back or taken back, as a positive amount, less what came again."""
        return -self._sum(row for row in self.rows if row.what not in {What.GIFT, What.TAKEN_BACK})

    @property
    def total(self) -> Money:
        """What is left."""
        return self._sum(self.rows)

    def _sum(self, rows: Iterable[Row]) -> Money:
        return Money(sum(row.money.amount for row in rows), self.currency)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What a patron gave from one day to another, both within."""

    first: date
    last: date
    accounts: Sequence[Account]


def of_patron(session: Session, patron_id: int, first: date, last: date) -> Statement:
    """A patron's statement from the ledger; one account for each currency in which anything happened."""
    paid = (
        select(Payment.id)
        .join(StripeCustomer, StripeCustomer.id == Payment.customer_id)
        .where(StripeCustomer.patron_id == patron_id)
    )
    offline = select(Receipt.source_key).filter_by(patron_id=patron_id, source=ReceiptSource.OFFLINE)
    about = or_(
        LedgerEntry.payment_id.in_(paid),
        and_(LedgerEntry.kind.in_(_OUTSIDE), LedgerEntry.stripe_id.in_(offline)),
    )
    within = LedgerEntry.effective_on.between(first, last)
    rows = _rows(session, and_(about, within))
    accounts = [
        Account(currency=currency, rows=[row for row in rows if row.money.currency == currency])
        for currency in sorted({row.money.currency for row in rows})
    ]
    return Statement(first=first, last=last, accounts=accounts)


def gone_of(session: Session, receipt: Receipt) -> list[Row]:
    """What went back of a receipt's gift up to now, the oldest first; what came again is positive."""
    if receipt.source is ReceiptSource.PAYMENT:
        about = LedgerEntry.payment_id == receipt.source_key
    else:
        about = and_(LedgerEntry.kind.in_(_OUTSIDE), LedgerEntry.stripe_id == receipt.source_key)
    return [row for row in _rows(session, about) if row.what is not What.GIFT]


def years_of(session: Session, patron_id: int) -> list[int]:
    """The years in which a patron gave, the last first."""
    found = select(Receipt.year).filter_by(patron_id=patron_id).distinct().order_by(Receipt.year.desc())
    return list(session.scalars(found))


def _rows(session: Session, where: ColumnElement[bool]) -> list[Row]:
    query = (
        select(
            LedgerEntry.effective_on,
            LedgerLine.book,
            LedgerLine.amount,
            LedgerLine.currency,
            LedgerEntry.payment_id,
            LedgerEntry.stripe_id,
            LedgerEntry.kind,
        )
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .where(where, LedgerLine.book.in_(_BOOKS))
        .order_by(LedgerEntry.effective_on, LedgerEntry.at, LedgerEntry.id, LedgerLine.number)
    )
    found = _standing(session.execute(query).all())
    labels = _labels(session, {row.payment_id or row.stripe_id for row in found})
    return [
        Row(
            day=day,
            what=_WHAT[book, amount < 0],
            source_key=payment_id or stripe_id,
            receipt=labels.get(payment_id or stripe_id, ""),
            money=Money(-amount, currency),  # the ledger writes what was given as negative
        )
        for day, book, amount, currency, payment_id, stripe_id, _kind in found
    ]


def _standing(found: Sequence[Any]) -> list[Any]:
    """The lines without those that were moved to another day: what is taken back there cancels what it came from."""
    standing = [row for row in found if not _is_taken_back(row)]
    for moved in filter(_is_taken_back, found):
        key = (moved.effective_on, moved.book, -moved.amount, moved.currency, moved.payment_id)
        first = next(
            (r for r in standing if (r.effective_on, r.book, r.amount, r.currency, r.payment_id) == key), None
        )
        if first is not None:
            standing.remove(first)
        else:
            standing.append(moved)
    return standing


def _is_taken_back(row: Any) -> bool:  # noqa: ANN401 - a row of `_rows`
    return row.kind is EntryKind.REDATED and row.stripe_id.endswith(":from")


def _labels(session: Session, keys: set[str]) -> dict[str, str]:
    """The numbers of the receipts that stand for some gifts."""
    wanted, found = sorted(keys), {}
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        for receipt in session.scalars(
            select(Receipt).where(Receipt.source_key.in_(part), Receipt.canceled_at.is_(None))
        ):
            found[receipt.source_key] = receipt.label
    return found
