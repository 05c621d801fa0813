"""What happens by the clock alone: a row that says when, and the worker that applies it once.

Whoever learns the instant calls `at`; the owner of a kind registers its handler with `handler`. A handler gets
the session, the key and the instant, dates what it writes at that instant, and does not commit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from membership import clock, db, jobs
from membership.newsroom.models import DueRow, DueState

log = structlog.get_logger(__name__)
Handler = Callable[[Session, str, datetime], None]
_handlers: dict[str, Handler] = {}
MOST_TRIES = 8
AT_ONCE = 500


def handler(kind: str) -> Callable[[Handler], Handler]:
    """Register the function that applies due rows of `kind`."""

    def register(function: Handler) -> Handler:
        _handlers[kind] = function
        return function

    return register


def at(session: Session, when: datetime, *, kind: str, key: str) -> None:
    """Let `kind` happen to `key` at an instant; an earlier word about the same is replaced. The caller commits."""
    known = select(DueRow).filter_by(kind=kind, key=key)
    row = session.scalars(known).one_or_none()
    if row is None:
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        values = {"at": when, "kind": kind, "key": key, "state": DueState.WAITING, "tries": 0, "error": ""}
        session.execute(insert(DueRow).values(values).on_conflict_do_nothing())
        row = session.scalars(known).one()  # this one, or that of whoever said so at the same time
    if row.at != when or row.state is not DueState.DONE:
        row.at, row.state, row.tries, row.next_try_at, row.error = when, DueState.WAITING, 0, None, ""
    jobs.wake(session, "due")


@dataclass(frozen=True, slots=True)
class Appointment:
    """What is to happen: `kind` to `key`, at an instant."""

    at: datetime
    kind: str
    key: str


def at_many(session: Session, appointments: Sequence[Appointment]) -> None:
    """Make appointments whose keys tell their instant, in bulk; those that are there are left. The caller commits."""
    for start in range(0, len(appointments), AT_ONCE):
        part = appointments[start : start + AT_ONCE]
        query = select(DueRow.kind, DueRow.key).where(DueRow.key.in_([a.key for a in part]))
        known = {(kind, key) for kind, key in session.execute(query)}
        new = {(a.kind, a.key): a for a in part if (a.kind, a.key) not in known}
        session.add_all(DueRow(at=a.at, kind=a.kind, key=a.key) for a in new.values())
    if appointments:
        jobs.wake(session, "due")


def cancel(session: Session, *, kind: str, key: str) -> None:
    """Let it not happen after all. The caller commits."""
    row = session.scalars(select(DueRow).filter_by(kind=kind, key=key, state=DueState.WAITING)).one_or_none()
    if row is not None:
        row.state = DueState.CANCELED


def apply_all(session: Session) -> int:
    """Apply every row whose time has come, each in a transaction of its own, in order; how many were applied."""
    applied = 0
    while (row_id := _next(session)) is not None:
        try:
            db.run_unit(session, lambda row_id=row_id: _apply(session, row_id))  # type: ignore[misc]  # bound now
            applied += 1
        except Exception as error:
            if db.is_passing(error):
                raise  # the database is busy or full: no row's fault, and all wait for the next round
            why = _told(error)
            log.warning("due_row_failed", row=row_id, error=why)
            db.run_unit(session, lambda row_id=row_id, why=why: _failed(session, row_id, why))  # type: ignore[misc]
    return applied


def _next(session: Session) -> int | None:
    query = (
        select(DueRow.id)
        .where(
            DueRow.state == DueState.WAITING,
            func.coalesce(DueRow.next_try_at, DueRow.at) <= clock.now(),
            DueRow.kind.in_(_handlers),
        )
        .order_by(DueRow.at, DueRow.id)
        .limit(1)
    )
    with db.reading(session):
        return session.scalars(query).one_or_none()


def _apply(session: Session, row_id: int) -> None:
    row = session.scalars(select(DueRow).filter_by(id=row_id).with_for_update()).one()
    if row.state is DueState.WAITING:
        _handlers[row.kind](session, row.key, row.at)
        row.state = DueState.DONE


def _failed(session: Session, row_id: int, why: str) -> None:
    row = session.get_one(DueRow, row_id)
    row.tries += 1
    row.error = why
    row.next_try_at = clock.now() + timedelta(minutes=2**row.tries)
    if row.tries >= MOST_TRIES:
        row.state = DueState.FAILED


def _told(error: Exception) -> str:
    """Where an error was raised: never its own words, which may hold a patron's address."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" in {trace.tb_frame.f_globals.get('__name__')}, line {trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{where}"[:500]
