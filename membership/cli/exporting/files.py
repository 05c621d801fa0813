"""The files of an export: CSV as reports write it, written row by row, and rows read a few at a time."""

import csv
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from membership.money import Money
from membership.web.csvfiles import Cell, Plain, guarded

AT_ONCE = 1_000


def write_csv(file: Path, header: Sequence[str], rows: Generator[Sequence[Cell]]) -> int:
    """Write a table (RFC 4180, UTF-8 with byte order mark, no cell that a spreadsheet would run); how many rows."""
    count = 0
    with closing(rows), file.open("w", newline="", encoding="utf-8-sig") as out:
        lines = csv.writer(out, lineterminator="\r\n")
        lines.writerow(header)
        for row in rows:
            lines.writerow([guarded(cell) for cell in row])
            count += 1
    return count


def each(session: Session, query: Select[*tuple[Any, ...]]) -> Iterator[Any]:
    """The rows of a query, never all of them in memory."""
    with session.execute(query.execution_options(yield_per=AT_ONCE)) as result:
        for part in result.partitions():
            yield from part
            session.expunge_all()


def amount(minor_units: int, currency: str) -> Plain:
    """An amount in the currency's own decimals."""
    return Plain(Money(minor_units, currency).plain())


def when(at: datetime | date | None) -> str:
    """An instant (UTC) or a day in ISO 8601; "" for none."""
    return at.isoformat() if at is not None else ""


def told(value: bool) -> str:
    """Yes or no."""
    return "yes" if value else "no"
