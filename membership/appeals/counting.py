"""Counting how often appeals are shown and followed: summed in memory, written down every few seconds.

Of a showing nothing is known but its slot and the newsroom's day. Each process sums what it hears and adds it to the
daily totals in a transaction of its own, so that neither a reader nor a GET waits for a write; a process that is
killed loses what it heard in the last FLUSH_AFTER_S seconds. Commits, in its own thread.
"""

import atexit
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from functools import partial
from typing import cast

import structlog
from flask import Flask, current_app
from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from membership import clock
from membership.appeals.models import Showing
from membership.appeals.totals import DailyCount
from membership.db import db, run_unit
from membership.newsroom import present

log = structlog.get_logger(__name__)
COUNTS = cast("Table", DailyCount.__table__)
FLUSH_AFTER_S = 5
LATER_S = 60
"""When it is tried again after the database could not be written."""
MOST_KEYS = 20_000
"""Slots and days held at a time; what comes beyond is not counted."""
AT_ONCE = 500


class Happened(StrEnum):
    """What is counted; the names are those of the columns."""

    SHOWN = "shown"
    FOLLOWED = "followed"


Key = tuple[str, date, Happened]
Sums = Mapping[Key, int]


def init_app(app: Flask) -> None:
    """Let `app` count; in tests nothing is written but by `flush`."""
    app.extensions["membership_counts"] = Counts(app, by_itself=not app.config["TESTING"])


def count(happened: Happened, slot: str) -> None:
    """Count something of a slot today. A slot that does not exist is left out when sums are written."""
    if 0 < len(slot) <= 32 and slot.isascii() and slot.isalnum():
        _counts().add(slot, clock.today(present.newsroom().zone), happened)


def flush() -> None:
    """Write down what this process has counted."""
    _counts().flush()


def _counts() -> "Counts":
    counts: Counts = current_app.extensions["membership_counts"]
    return counts


class Counts:
    """What one process has counted and not yet written."""

    def __init__(self, app: Flask, *, by_itself: bool) -> None:
        self._app = app
        self._by_itself = by_itself
        self._sums: Counter[Key] = Counter()
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._is_registered = False

    def add(self, slot: str, day: date, happened: Happened, times: int = 1) -> None:
        """Count it, and see to it that it is written soon."""
        with self._lock:
            key = (slot, day, happened)
            if key in self._sums or len(self._sums) < MOST_KEYS:
                self._sums[key] += times
            self._wind(FLUSH_AFTER_S)

    def flush(self) -> None:
        """Write down what was counted; what cannot be written now stays, and is tried again later."""
        with self._lock:
            sums, self._sums, self._timer = self._sums, Counter(), None
        if not sums:
            return
        try:
            with self._app.app_context():
                try:
                    run_unit(db.session(), partial(write, db.session(), sums))
                finally:
                    db.session.remove()
        except SQLAlchemyError as error:
            log.warning("counts_wait", kind=type(error).__name__)
            with self._lock:
                self._sums.update(sums)
                self._wind(LATER_S)

    def _wind(self, seconds: int) -> None:
        if not self._by_itself or self._timer is not None:
            return
        if not self._is_registered:
            atexit.register(self.flush)  # a process that ends in peace loses nothing
            self._is_registered = True
        self._timer = threading.Timer(seconds, self.flush)
        self._timer.daemon = True
        self._timer.start()


def write(session: Session, sums: Sums) -> None:
    """Add sums to the daily totals; slots that do not exist are ignored. The caller commits."""
    known = _known(session, {slot for slot, _day, _happened in sums})
    rows: dict[tuple[int, date], dict[str, object]] = {}
    for (slot, day, happened), times in sums.items():
        if slot in known:
            empty = {"showing_id": known[slot], "day": day, "shown": 0, "followed": 0}
            rows.setdefault((known[slot], day), empty)[happened.value] = times
    if not rows:
        return
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    added = insert(COUNTS)
    added = added.on_conflict_do_update(
        index_elements=["showing_id", "day"],
        set_={name: COUNTS.c[name] + added.excluded[name] for name in Happened},
    )
    # In one order everywhere, so that no two processes wait for each other.
    session.connection().execute(added, [rows[key] for key in sorted(rows)])


def _known(session: Session, slots: Iterable[str]) -> dict[str, int]:
    wanted = sorted(slots)
    found: dict[str, int] = {}
    for start in range(0, len(wanted), AT_ONCE):
        query = select(Showing.public_id, Showing.id).where(
            Showing.public_id.in_(wanted[start : start + AT_ONCE])
        )
        found |= {row[0]: row[1] for row in session.execute(query)}
    return found
