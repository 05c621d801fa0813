"""Receipts in lists: the years, and the numbers of a year a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.giving.models import Receipt, ReceiptYear

PAGE = 100


@dataclass(frozen=True)
class Year:
    """A year with how many numbers were given out in it and how many of them are canceled."""

    year: int
    count: int
    canceled: int


@dataclass(frozen=True)
class Found:
    """One page of receipts; `older` is the number to go on from, or 0."""

    rows: Sequence[Receipt]
    older: int


def years(session: Session) -> list[Year]:
    """All years in which receipts were issued, the last first."""
    canceled = dict(
        session.execute(
            select(Receipt.year, func.count()).where(Receipt.canceled_at.is_not(None)).group_by(Receipt.year)
        ).all()
    )
    rows = session.scalars(select(ReceiptYear).order_by(ReceiptYear.year.desc()))
    return [Year(row.year, row.last_number, canceled.get(row.year, 0)) for row in rows]


def page(session: Session, year: int, *, before: int = 0) -> Found:
    """Receipts of a year, the last number first; `before` is the number that the page goes on from."""
    query = select(Receipt).filter_by(year=year).order_by(Receipt.number.desc()).limit(PAGE + 1)
    if before:
        query = query.where(Receipt.number < before)
    rows = session.scalars(query).all()
    return Found(rows[:PAGE], rows[PAGE - 1].number if len(rows) > PAGE else 0)
