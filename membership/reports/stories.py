"""What each story and each appeal brought: settled payments less refunds and disputes, one-time gifts included.

A payment is credited to the article and slot of the checkout that began it; renewals of a subscription to those of
its first checkout. A gift is a one-time gift if no invoice is joined to it. What is not known is a row. The rows of a
currency add up to the ledger to the cent, since they are the ledger's own lines, grouped. Fees and net exist in the
settlement currency: in the same row where a gift settles in its own, else apart (`settled_elsewhere`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from membership.appeals.models import Appeal
from membership.articles.models import Article
from membership.giving import origins
from membership.giving.ledger import Book, LedgerEntry, LedgerLine
from membership.giving.models import (
    OfflineGift,
    Owner,
)
from membership.reports.income import NOT_STRIPE, day_of
from membership.reports.periods import Month

Query = TypeVar("Query", bound=Select[*tuple[Any, ...]])
KEPT = (Book.GIFTS, Book.REFUNDED, Book.DISPUTED)
"""The books whose lines add up to what is kept before fees."""


class By(StrEnum):
    """What gifts are credited to."""

    ARTICLE = "article"
    APPEAL = "appeal"


@dataclass(frozen=True)
class Subject:
    """One article or appeal; `id` is None for what is not known and for what came outside of Stripe (`is_offline`)."""

    by: By
    id: int | None
    is_offline: bool = False


@dataclass(frozen=True)
class StoryRow:
    """What one article (or one appeal) brought in one currency, in its minor units.

    `once` is the part of `kept` that came from one-time gifts. `fees` are those of gifts that settle in their own
    currency.
    """

    subject: Subject
    title: str
    patrons: int
    gross: int
    refunded: int
    disputed: int
    once: int
    fees: int

    @property
    def kept(self) -> int:
        """Gross less refunds and disputes."""
        return self.gross - self.refunded - self.disputed

    @property
    def recurring(self) -> int:
        """The part of `kept` that came from gifts that renew."""
        return self.kept - self.once

    @property
    def net(self) -> int:
        """What is left after fees in this currency."""
        return self.kept - self.fees


@dataclass(frozen=True)
class SettledRow:
    """What gifts of one article became in another currency than their own, in its minor units."""

    subject: Subject
    title: str
    currency: str
    fees: int
    net: int

    @property
    def amount(self) -> int:
        """What was settled before fees."""
        return self.net + self.fees


def earnings(
    session: Session, by: By, currency: str, months: Sequence[Month], *, sealed: bool = False
) -> list[StoryRow]:
    """The rows by article or appeal, most first, the unknown last; two queries."""
    origin = origins.of_payments()
    is_offline = LedgerEntry.kind.in_(NOT_STRIPE)

    def summed(*books: Book, sign: int = 1) -> ColumnElement[int]:
        return func.sum(case((LedgerLine.book.in_(books), sign * LedgerLine.amount), else_=0))

    is_once = and_(LedgerLine.book.in_(KEPT), func.coalesce(origin.c.renews, False).is_(False))
    patron = case((LedgerLine.book.in_(KEPT), func.coalesce(origin.c.patron_id, OfflineGift.patron_id)))
    columns = (
        subject_of(by, origin),
        is_offline,
        func.count(patron.distinct()),
        summed(Book.GIFTS, sign=-1),
        summed(Book.REFUNDED),
        summed(Book.DISPUTED),
        func.sum(case((is_once, -LedgerLine.amount), else_=0)),
        summed(Book.FEES),
    )
    query = lines(select(*columns), origin, currency, months, sealed=sealed)
    titles = _titles(session, by)
    rows = [
        StoryRow(Subject(by, key, bool(offline)), titles.get(key, ""), patrons, *map(int, sums))
        for key, offline, patrons, *sums in session.execute(
            query.group_by(subject_of(by, origin), is_offline)
        )
    ]
    return sorted(
        rows, key=lambda row: (row.subject.id is None, row.subject.is_offline, -row.kept, row.title)
    )


def settled_elsewhere(
    session: Session, currency: str, months: Sequence[Month], *, sealed: bool = False
) -> list[SettledRow]:
    """What gifts in a currency became by article where they settled in another one; two queries."""
    origin, day = origins.of_payments(), day_of(sealed=sealed)
    key = subject_of(By.ARTICLE, origin)
    query = (
        select(
            key,
            LedgerLine.currency,
            func.sum(case((LedgerLine.book == Book.FEES, LedgerLine.amount), else_=0)),
            func.sum(case((LedgerLine.book == Book.STRIPE, LedgerLine.amount), else_=0)),
        )
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .join(origin, origin.c.payment_id == LedgerEntry.payment_id)
        .where(
            origin.c.owner == Owner.OURS,
            origin.c.currency == currency,
            LedgerLine.currency != currency,
            LedgerLine.book.in_((Book.STRIPE, Book.FEES)),
            *_within(day, months),
        )
        .group_by(key, LedgerLine.currency)
    )
    titles = _titles(session, By.ARTICLE)
    rows = [
        SettledRow(Subject(By.ARTICLE, key), titles.get(key, ""), into, int(fees), int(net))
        for key, into, fees, net in session.execute(query)
    ]
    return sorted(rows, key=lambda row: (row.currency, row.subject.id is None, -row.net, row.title))


def subject_of(by: By, origin: Subquery) -> ColumnElement[int | None]:
    """The column that names what a payment is credited to."""
    return origin.c.article_id if by is By.ARTICLE else origin.c.appeal_id


def lines(query: Query, origin: Subquery, currency: str, months: Sequence[Month], *, sealed: bool) -> Query:
    """A query of the ledger's lines of gifts in a currency over all the months, each with where it came from.

    Of fees only those of gifts that settle in their own currency, and what a bank kept of offline gifts.
    """
    is_offline = LedgerEntry.kind.in_(NOT_STRIPE)
    own_fee = and_(LedgerLine.book == Book.FEES, or_(origin.c.currency == currency, is_offline))
    return (
        query.select_from(LedgerLine)
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .outerjoin(origin, origin.c.payment_id == LedgerEntry.payment_id)
        .outerjoin(OfflineGift, and_(is_offline, OfflineGift.public_id == LedgerEntry.stripe_id))
        .where(
            LedgerLine.currency == currency,
            or_(LedgerLine.book.in_(KEPT), own_fee),
            *_within(day_of(sealed=sealed), months),
        )
    )


def _within(day: InstrumentedAttribute[date], months: Sequence[Month]) -> tuple[ColumnElement[bool], ...]:
    return day >= months[0].first, day < months[-1].next.first


def title_of(session: Session, subject: Subject) -> str:
    """The headline of an article, the name of an appeal; "" for what is not known."""
    if subject.id is None:
        return ""
    column, key = _NAMES[subject.by]
    return session.scalars(select(column).where(key == subject.id)).one_or_none() or ""


def _titles(session: Session, by: By) -> dict[int | None, str]:
    column, key = _NAMES[by]
    return {None: "", **dict(session.execute(select(key, column)).all())}


_NAMES = {By.ARTICLE: (Article.headline, Article.id), By.APPEAL: (Appeal.name, Appeal.id)}
