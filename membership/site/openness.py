"""What the newsroom tells everybody about its money: whole years, rounded, so that no single gift shows."""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import extract, func, select
from sqlalchemy.orm import Session

from membership import money
from membership.giving.ledger import Book, LedgerEntry, LedgerLine
from membership.money import Money

FEWEST = 20
"""Fewer patrons than this are not counted in public: a small number soon points at somebody."""

_TOLD = {Book.GIFTS, Book.REFUNDED, Book.DISPUTED}


@dataclass(frozen=True)
class Year:
    """What readers gave in a year, less what went back, rounded; one figure for each currency."""

    year: int
    given: list[Money]


def rounded(count: int) -> int | None:
    """A count to two digits, rounded down ("more than 1,200"); None where it is too small to be told."""
    if count < FEWEST:
        return None
    step = int(10 ** max(1, len(str(count)) - 2))
    return count // step * step


def years(session: Session, *, most: int = 5) -> list[Year]:
    """The last years with gifts, the newest first."""
    year = extract("year", LedgerEntry.effective_on)
    rows = session.execute(
        select(year, LedgerLine.currency, func.sum(LedgerLine.amount))
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .where(LedgerLine.book.in_(_TOLD))
        .group_by(year, LedgerLine.currency)
    )
    found: dict[int, list[Money]] = defaultdict(list)
    for in_year, currency, amount in sorted(rows, key=lambda row: (-int(row[0]), str(row[1]))):
        told = _round_down(Money(-int(amount), currency))
        if told is not None:
            found[int(in_year)].append(told)
    return [Year(in_year, given) for in_year, given in list(found.items())[:most]]


def _round_down(exact: Money) -> Money | None:
    """To hundreds of the currency's unit; None below one hundred."""
    step = 100 * 10 ** money.decimals(exact.currency)
    amount = exact.amount // step * step
    return Money(amount, exact.currency) if amount > 0 else None
