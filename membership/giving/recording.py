"""What follows from facts, written down as the difference to what stands: whose payments are, coverage, movements."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from membership.giving.coverage import Stretch
from membership.giving.deriving import Derived
from membership.giving.facts import Payment
from membership.giving.models import Owner
from membership.giving.models import Payment as PaymentRow
from membership.giving.movements import Movement, MovementKind
from membership.giving.moving import Change
from membership.giving.posting import Calendar
from membership.patrons.models import Coverage, Source

PAYMENTS = cast("Table", PaymentRow.__table__)
COVERAGE = cast("Table", Coverage.__table__)
MOVEMENTS = cast("Table", Movement.__table__)
OURS = frozenset({Source.PAID, Source.RENEWING, Source.GRACE, Source.ONCE})
"""The sources of coverage that follow from Stripe's facts; the others are written by their own activities."""


# Built once: building a statement costs more than running it.
_SETTLED = select(PAYMENTS.c.id, PAYMENTS.c.owner, PAYMENTS.c.settled_at).where(
    PAYMENTS.c.id.in_(bindparam("ids", expanding=True))
)
_SETTLE = (
    update(PAYMENTS)
    .where(PAYMENTS.c.id == bindparam("payment"))
    .values(owner=bindparam("whose"), settled_at=bindparam("at"))
)
_COVERED = select(
    COVERAGE.c.id,
    COVERAGE.c.source,
    COVERAGE.c.source_key,
    COVERAGE.c.starts_at,
    COVERAGE.c.ends_at,
    COVERAGE.c.ended_by,
).where(COVERAGE.c.patron_id == bindparam("patron"))
_MOVED = select(MOVEMENTS).where(MOVEMENTS.c.patron_id == bindparam("patron"))


@dataclass(frozen=True, slots=True)
class Settled:
    """What was stored of a payment before: whose, and when it settled."""

    owner: Owner
    settled_at: datetime


def write_payments(session: Session, payments: Iterable[Payment], derived: Derived) -> dict[str, Settled]:
    """Write whose the payments are and when they settled; gives, of those that changed, what stood before."""
    ids = [payment.id for payment in payments]
    if not ids:
        return {}
    changed: dict[str, Settled] = {}
    connection = session.connection()
    for payment_id, owner, settled_at in connection.execute(_SETTLED, {"ids": ids}).all():
        before = Settled(owner, settled_at)
        after = Settled(derived.owners[payment_id], derived.settled_at[payment_id])
        if before != after:
            changed[payment_id] = before
            values = {"payment": payment_id, "whose": after.owner, "at": after.settled_at}
            connection.execute(_SETTLE, values)
    return changed


def write_coverage(session: Session, patron_id: int, stretches: list[Stretch]) -> bool:
    """Let the patron's coverage from Stripe's facts be these stretches; whether anything changed."""
    connection = session.connection()
    standing = {
        (source, key, starts): (row_id, ends, by)
        for row_id, source, key, starts, ends, by in connection.execute(_COVERED, {"patron": patron_id})
        if source in OURS
    }
    wanted = {(s.source, s.source_key, s.starts_at): s for s in stretches}
    gone = [row[0] for key, row in standing.items() if key not in wanted]
    new = [stretch for key, stretch in wanted.items() if key not in standing]
    changed = [
        (standing[key][0], stretch)
        for key, stretch in wanted.items()
        if key in standing and standing[key][1:] != (stretch.ends_at, stretch.ended_by)
    ]
    if gone:
        connection.execute(delete(COVERAGE).where(COVERAGE.c.id.in_(gone)))
    for row_id, stretch in changed:
        values = {"ends_at": stretch.ends_at, "ended_by": stretch.ended_by}
        connection.execute(update(COVERAGE).where(COVERAGE.c.id == row_id).values(values))
    if new:
        connection.execute(insert(COVERAGE), [coverage_row(patron_id, stretch) for stretch in new])
    return bool(gone or changed or new)


def coverage_row(patron_id: int, stretch: Stretch) -> dict[str, Any]:
    """A new row of coverage."""
    return {
        "patron_id": patron_id,
        "source": stretch.source,
        "source_key": stretch.source_key,
        "starts_at": stretch.starts_at,
        "ends_at": stretch.ends_at,
        "ended_by": stretch.ended_by,
    }


Key = tuple[str, MovementKind, datetime, str]


def write_movements(
    session: Session, patron_id: int, changes: list[Change], days: Calendar, *, now: datetime
) -> bool:
    """Let the patron's movements up to now be these; what a sealed month booked is balanced on an open day."""
    connection = session.connection()
    standing: dict[Key, list[Any]] = defaultdict(list)
    for row in connection.execute(_MOVED, {"patron": patron_id}):
        standing[row.subscription_id, row.kind, row.at, row.currency].append(row)
    wanted = {(c.subscription_id, c.kind, c.at, c.currency): c.twelfths for c in changes if c.at <= now}
    gone: list[int] = []
    new: list[dict[str, Any]] = []
    for key in standing.keys() | wanted.keys():
        rows = standing.get(key, [])
        missing = wanted.get(key, 0) - sum(row.twelfths for row in rows)
        if missing == 0 and (rows or key not in wanted):
            continue
        open_rows = [row for row in rows if days.booked_on(row.booked_on) == row.booked_on]
        gone += [row.id for row in open_rows]
        missing += sum(row.twelfths for row in open_rows)
        if missing or (key in wanted and len(open_rows) == len(rows)):
            taken = {row.booking for row in rows if row not in open_rows}
            new.append(movement_row(patron_id, key, missing, days, booking=max(taken, default=-1) + 1))
    if gone:
        connection.execute(delete(MOVEMENTS).where(MOVEMENTS.c.id.in_(gone)))
    if new:
        connection.execute(insert(MOVEMENTS), new)
    return bool(gone or new)


def movement_row(
    patron_id: int, key: Key, twelfths: int, days: Calendar, *, booking: int = 0
) -> dict[str, Any]:
    """A new row of a movement."""
    subscription_id, kind, at, currency = key
    day = days.day_of(at)
    return {
        "subscription_id": subscription_id,
        "patron_id": patron_id,
        "kind": kind,
        "at": at,
        "effective_on": day,
        "booked_on": days.booked_on(day),
        "currency": currency,
        "twelfths": twelfths,
        "booking": booking,
    }
