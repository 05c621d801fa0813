"""The ledger's hash chain: each entry's hash covers what it says and the hash before it.

Made by a job over committed entries, never inside a payment's transaction, so that payments wait for nobody. An entry
once chained cannot be changed or taken out without being found (`broken_links`).
"""

import hashlib
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from membership import db
from membership.giving import storing
from membership.giving.posting import ENTRIES, LINES

FIRST = "0" * 64
AT_ONCE = 500
PAUSE_S = 0.1
"""Between two steps, so that those who wait to write to a SQLite file get their turn."""


def extend(session: Session) -> int:
    """Chain what is not chained yet, in steps of AT_ONCE with a commit each; how many entries were chained."""
    chained = 0
    while True:
        step = db.run_unit(session, partial(_extend, session))
        chained += step
        if step < AT_ONCE:
            return chained
        time.sleep(PAUSE_S)


def _extend(session: Session) -> int:
    connection = session.connection()
    storing.lock(session, ["chain"])  # before there is a link, there is no row to lock
    last = connection.execute(
        select(ENTRIES.c.link, ENTRIES.c.hash)
        .where(ENTRIES.c.link.is_not(None))
        .order_by(ENTRIES.c.link.desc())
        .limit(1)
    ).first()
    link, previous = (last.link, last.hash) if last is not None else (0, FIRST)
    rows = connection.execute(
        select(ENTRIES)
        .where(ENTRIES.c.link.is_(None))
        .order_by(ENTRIES.c.id)
        .limit(AT_ONCE)
        .with_for_update()
    ).all()
    for row, lines in _with_lines(session, rows):
        link, previous = link + 1, hash_of(previous, row, lines)
        values = {"hash": previous, "link": link}
        connection.execute(update(ENTRIES).where(ENTRIES.c.id == row.id).values(values))
    return len(rows)


def hash_of(previous: str, entry: Row[Any], lines: Sequence[tuple[str, int, str]]) -> str:
    """The hash an entry must have after the one before it; it covers every column and every line."""
    said = [previous, entry.kind, entry.stripe_id, entry.at.isoformat()]
    said += [entry.effective_on.isoformat(), entry.booked_on.isoformat(), entry.payment_id or ""]
    said += [f"{book} {amount} {currency}" for book, amount, currency in lines]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def broken_links(session: Session) -> list[int]:
    """The ids of entries that do not say what they said when they were chained, or before which one is missing."""
    broken: list[int] = []
    previous, expected = FIRST, 1
    query = select(ENTRIES).where(ENTRIES.c.link.is_not(None)).order_by(ENTRIES.c.link)
    for row, lines in _with_lines(session, session.connection().execute(query).all()):
        if row.link != expected or row.hash != hash_of(previous, row, lines):
            broken.append(row.id)
        previous, expected = row.hash, row.link + 1
    return broken


def _with_lines(
    session: Session, rows: Sequence[Row[Any]]
) -> Iterator[tuple[Row[Any], list[tuple[str, int, str]]]]:
    for start in range(0, len(rows), AT_ONCE):
        part = rows[start : start + AT_ONCE]
        lines: dict[int, list[tuple[str, int, str]]] = defaultdict(list)
        query = (
            select(LINES.c.entry_id, LINES.c.book, LINES.c.amount, LINES.c.currency)
            .where(LINES.c.entry_id.in_([row.id for row in part]))
            .order_by(LINES.c.entry_id, LINES.c.number)
        )
        for entry_id, book, amount, currency in session.connection().execute(query):
            lines[entry_id].append((book, amount, currency))
        for row in part:
            yield row, lines[row.id]
