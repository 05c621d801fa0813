"""What follows from facts, written down as the difference to what stands: whose payments are, coverage, movements."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, exists, insert, select, update
from sqlalchemy.orm import Session

from membership.giving.coverage import Stretch
from membership.giving.deriving import Derived
from membership.giving.models import CheckoutSession, Owner, StripeCustomer, Subscription
from membership.giving.models import Payment as PaymentRow
from membership.giving.movements import Movement, MovementKind
from membership.giving.moving import Change
from membership.giving.posting import Calendar
from membership.patrons import walls
from membership.patrons.models import Coverage, Source

PAYMENTS = cast("Table", PaymentRow.__table__)
CUSTOMERS = cast("Table", StripeCustomer.__table__)
SUBSCRIPTIONS = cast("Table", Subscription.__table__)
SESSIONS = cast("Table", CheckoutSession.__table__)
COVERAGE = cast("Table", Coverage.__table__)
MOVEMENTS = cast("Table", Movement.__table__)
OF_STRIPE = frozenset({Source.PAID, Source.RENEWING, Source.GRACE, Source.ONCE})
"""The sources of coverage that follow from Stripe's facts alone; their keys are payments."""
OURS = OF_STRIPE | {Source.OFFLINE, Source.GIFT}
"""The sources of coverage that giving derives; the others are written by their own activities."""

AT_ONCE = 500

# Built once: building a statement costs more than running it.
_SETTLED = select(PAYMENTS.c.id, PAYMENTS.c.owner, PAYMENTS.c.settled_at).where(
    PAYMENTS.c.id.in_(bindparam("ids", expanding=True))
)
_SETTLE = (
    update(PAYMENTS)
    .where(PAYMENTS.c.id == bindparam("payment"))
    .values(owner=bindparam("whose"), settled_at=bindparam("at"))
)
_FORGET_CARD = (
    update(PAYMENTS)
    .where(PAYMENTS.c.id.in_(bindparam("ids", expanding=True)))
    .values(method="", card_country="", card_last4="", card_fingerprint="")
)
_OTHERS = PAYMENTS.alias()
_FORGET_CUSTOMER = delete(CUSTOMERS).where(
    CUSTOMERS.c.id.in_(
        select(PAYMENTS.c.customer_id).where(PAYMENTS.c.id.in_(bindparam("ids", expanding=True)))
    ),
    CUSTOMERS.c.patron_id.is_(None),
    ~exists().where(_OTHERS.c.customer_id == CUSTOMERS.c.id, _OTHERS.c.owner != Owner.FOREIGN),
    ~exists().where(SUBSCRIPTIONS.c.customer_id == CUSTOMERS.c.id),
    ~exists().where(SESSIONS.c.customer_id == CUSTOMERS.c.id),
)
_COVER = (
    update(COVERAGE)
    .where(COVERAGE.c.id == bindparam("row"))
    .values(ends_at=bindparam("until"), ended_by=bindparam("by"))
)
_COVERED = select(
    COVERAGE.c.id,
    COVERAGE.c.patron_id,
    COVERAGE.c.source,
    COVERAGE.c.source_key,
    COVERAGE.c.starts_at,
    COVERAGE.c.ends_at,
    COVERAGE.c.ended_by,
).where(COVERAGE.c.patron_id.in_(bindparam("patrons", expanding=True)))
_MOVED = select(MOVEMENTS).where(MOVEMENTS.c.patron_id.in_(bindparam("patrons", expanding=True)))


@dataclass(frozen=True, slots=True)
class Settled:
    """What was stored of a payment before: whose, and when it settled."""

    owner: Owner
    settled_at: datetime


def write_payments(session: Session, derived: Iterable[Derived]) -> dict[str, Settled]:
    """Write whose payments are and when they settled; gives, of those that changed, what stood before."""
    wanted = {
        payment_id: Settled(owner, known.settled_at[payment_id])
        for known in derived
        for payment_id, owner in known.owners.items()
    }
    changed: dict[str, Settled] = {}
    connection, ids = session.connection(), list(wanted)
    for start in range(0, len(ids), AT_ONCE):
        for row in connection.execute(_SETTLED, {"ids": ids[start : start + AT_ONCE]}).all():
            before = Settled(row.owner, row.settled_at)
            if before != wanted[row.id]:
                changed[row.id] = before
    rows = [
        {"payment": payment_id, "whose": wanted[payment_id].owner, "at": wanted[payment_id].settled_at}
        for payment_id in changed
    ]
    if rows:
        connection.execute(_SETTLE, rows)
        _forget(session, [key for key in changed if wanted[key].owner is Owner.FOREIGN])
    return changed


def _forget(session: Session, payment_ids: list[str]) -> None:
    """Of strangers' payments keep amounts, currency and ids only, of the strangers themselves nothing."""
    connection = session.connection()
    for start in range(0, len(payment_ids), AT_ONCE):
        part = payment_ids[start : start + AT_ONCE]
        connection.execute(_FORGET_CARD, {"ids": part})
        connection.execute(_FORGET_CUSTOMER, {"ids": part})


def write_coverage(session: Session, stretches: dict[int, list[Stretch]]) -> None:
    """Let the coverage of patrons by what was given be these stretches, by patron."""
    connection = session.connection()
    standing = {
        (row.patron_id, row.source, row.source_key, row.starts_at): row
        for row in connection.execute(_COVERED, {"patrons": list(stretches)})
        if row.source in OURS
    }
    wanted = {
        (patron_id, s.source, s.source_key, s.starts_at): s for patron_id, of in stretches.items() for s in of
    }
    gone = [row.id for key, row in standing.items() if key not in wanted]
    new = [coverage_row(key[0], stretch) for key, stretch in wanted.items() if key not in standing]
    changed = [
        {"row": standing[key].id, "patron": key[0], "until": stretch.ends_at, "by": stretch.ended_by}
        for key, stretch in wanted.items()
        if key in standing
        and (standing[key].ends_at, standing[key].ended_by) != (stretch.ends_at, stretch.ended_by)
    ]
    if gone:
        connection.execute(delete(COVERAGE).where(COVERAGE.c.id.in_(gone)))
    if changed:
        connection.execute(_COVER, [{k: v for k, v in row.items() if k != "patron"} for row in changed])
    if new:
        connection.execute(insert(COVERAGE), new)
    touched = {key[0] for key in standing.keys() ^ wanted.keys()} | {row["patron"] for row in changed}
    if touched:
        walls.follow(session, touched)


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
    session: Session, changes: dict[int, list[Change]], days: Calendar, *, now: datetime
) -> None:
    """Let the movements of patrons up to now be these; what a sealed month booked is balanced on an open day."""
    connection = session.connection()
    standing: dict[int, dict[Key, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for row in connection.execute(_MOVED, {"patrons": list(changes)}):
        standing[row.patron_id][row.subscription_id, row.kind, row.at, row.currency].append(row)
    gone: list[int] = []
    new: list[dict[str, Any]] = []
    for patron_id, told in changes.items():
        wanted = {(c.subscription_id, c.kind, c.at, c.currency): c.twelfths for c in told if c.at <= now}
        known = standing[patron_id]
        for key in sorted(known.keys() | wanted.keys()):
            away, rows = _booked_anew(patron_id, key, wanted.get(key), known.get(key, []), days)
            gone += away
            new += rows
    if gone:
        connection.execute(delete(MOVEMENTS).where(MOVEMENTS.c.id.in_(gone)))
    if new:
        connection.execute(insert(MOVEMENTS), new)


def _booked_anew(
    patron_id: int, key: Key, wanted: int | None, rows: list[Any], days: Calendar
) -> tuple[list[int], list[dict[str, Any]]]:
    """The rows of one movement to be taken out, and those to be added, so that it comes to what is wanted."""
    missing = (wanted or 0) - sum(row.twelfths for row in rows)
    if missing == 0 and (rows or wanted is None):
        return [], []
    is_open = [days.booked_on(row.booked_on) == row.booked_on for row in rows]
    gone = [row.id for row, is_free in zip(rows, is_open, strict=True) if is_free]
    missing += sum(row.twelfths for row, is_free in zip(rows, is_open, strict=True) if is_free)
    if not missing and (wanted is None or not all(is_open)):
        return gone, []
    taken = [row.booking for row, is_free in zip(rows, is_open, strict=True) if not is_free]
    return gone, [movement_row(patron_id, key, missing, days, booking=max(taken, default=-1) + 1)]


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
