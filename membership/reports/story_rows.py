"""The rows under a figure of story earnings: the ledger's lines of one article or appeal, or its patrons."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, func, literal, select
from sqlalchemy.orm import Session

from membership.giving import origins
from membership.giving.ledger import Book, LedgerEntry, LedgerLine
from membership.giving.models import OfflineGift
from membership.patrons.models import Patron
from membership.reports import rows, stories
from membership.reports.income import NOT_STRIPE, day_of
from membership.reports.periods import Month
from membership.reports.rows import FigureRows
from membership.reports.stories import KEPT, Query, Subject

_IN_BOOKS: dict[str, tuple[Book, ...]] = {
    "gross": (Book.GIFTS,),
    "refunded": (Book.REFUNDED,),
    "disputed": (Book.DISPUTED,),
    "fees": (Book.FEES,),
    "kept": KEPT,
    "once": KEPT,
    "net": (*KEPT, Book.FEES),
}
_TAKEN = ("refunded", "disputed", "fees")
"""Figures that say what went off; their lines are positive in the ledger."""
FIGURES = ("patrons", *_IN_BOOKS)


@dataclass(frozen=True)
class Asked:
    """Which rows: of one article or appeal, in one currency, over all the months."""

    subject: Subject
    currency: str
    months: Sequence[Month]
    sealed: bool = False


def under(session: Session, figure: str, asked: Asked, *, names: bool, page: int | None = 1) -> FigureRows:
    """The rows of a figure, in minor units: a page of them, or all (None). `figure` is one of FIGURES.

    Under "patrons" stands one row for each patron, dated with the first gift, with all that was kept of theirs;
    there are as many as the figure says.
    """
    query = _patrons(asked) if figure == "patrons" else _entries(figure, asked)
    return rows.found(session, query, names=names, page=page)


def _entries(figure: str, asked: Asked) -> Select[Any, Any, Any, Any, Any]:
    origin, day = origins.of_payments(), day_of(sealed=asked.sealed)
    sign = 1 if figure in _TAKEN else -1
    entries = select(
        day.label("day"),
        LedgerEntry.kind,
        LedgerEntry.stripe_id,
        Patron,
        (sign * LedgerLine.amount).label("amount"),
    )
    query = _of(entries, origin, asked, _IN_BOOKS[figure]).outerjoin(Patron, Patron.id == _patron_id(origin))
    if figure == "once":
        query = query.where(func.coalesce(origin.c.renews, False).is_(False))
    return query.order_by(day, LedgerEntry.id, LedgerLine.number)


def _patrons(asked: Asked) -> Select[Any, Any, Any, Any, Any]:
    origin, first = origins.of_payments(), func.min(day_of(sealed=asked.sealed)).label("day")
    patrons = select(
        first,
        literal("patron").label("kind"),
        literal("").label("stripe_id"),
        Patron,
        func.sum(-LedgerLine.amount).label("amount"),
    )
    query = _of(patrons, origin, asked, KEPT).join(Patron, Patron.id == _patron_id(origin))
    return query.group_by(Patron.id).order_by(first, Patron.id)


def _patron_id(origin: Subquery) -> ColumnElement[int | None]:
    return func.coalesce(origin.c.patron_id, OfflineGift.patron_id)


def _of(query: Query, origin: Subquery, asked: Asked, books: Sequence[Book]) -> Query:
    subject = asked.subject
    query = stories.lines(query, origin, asked.currency, asked.months, sealed=asked.sealed)
    is_offline = LedgerEntry.kind.in_(NOT_STRIPE)
    return query.where(
        LedgerLine.book.in_(books),
        is_offline if subject.is_offline else ~is_offline,
        stories.subject_of(subject.by, origin).is_(None)
        if subject.id is None
        else stories.subject_of(subject.by, origin) == subject.id,
    )
