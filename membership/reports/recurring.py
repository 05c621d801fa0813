"""Recurring a month: the sum of all gifts that renew, and the bridge from each month's start to its end.

Kept in twelfths of a minor unit (a monthly gift x 12, a yearly one x 1), so that start + movements = end holds
exactly; printed cells are rounded by largest remainder and still add up.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from sqlalchemy import ColumnElement, String, cast, func, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from membership.giving.movements import Movement, MovementKind
from membership.money import round_to_total
from membership.reports.periods import Month

LOST = (MovementKind.LOST_VOLUNTARY, MovementKind.LOST_FAILED, MovementKind.LOST_BY_STAFF)
STEPS: tuple[tuple[str, tuple[MovementKind, ...]], ...] = (
    ("new", (MovementKind.NEW,)),
    ("returned", (MovementKind.RETURNED,)),
    ("up", (MovementKind.UP,)),
    ("down", (MovementKind.DOWN,)),
    ("paused", (MovementKind.PAUSED,)),
    ("resumed", (MovementKind.RESUMED,)),
    ("lost_voluntary", (MovementKind.LOST_VOLUNTARY,)),
    ("lost_failed", (MovementKind.LOST_FAILED,)),
    ("lost_by_staff", (MovementKind.LOST_BY_STAFF,)),
)
"""The columns of the bridge between start and end, in order."""


@dataclass(frozen=True)
class BridgeRow:
    """One month of one currency: `start`, the steps by name, and `end`, in twelfths of a minor unit."""

    month: Month
    start: int
    steps: dict[str, int]
    end: int

    def printed(self) -> list[int]:
        """Start, steps and end in minor units, rounded so that they add up; losses are negative."""
        cells = [Fraction(self.start, 12), *(Fraction(value, 12) for value in self.steps.values())]
        rounded = round_to_total(cells)
        return [*rounded, sum(rounded)]


def bridge(
    session: Session, currency: str, months: Sequence[Month], *, sealed: bool = False
) -> list[BridgeRow]:
    """The bridge of a currency over consecutive months; one query.

    `sealed` books each movement on the first open day if its own month was sealed, so that sealed months never
    change; otherwise each stands on its own day.
    """
    by_month = _sums(session, currency, until=months[-1].next.first, sealed=sealed)
    level = sum(
        amount for month, sums in by_month.items() if month < str(months[0]) for amount in sums.values()
    )
    rows = []
    for month in months:
        sums = by_month.get(str(month), {})
        steps = {name: sum(sums.get(kind, 0) for kind in kinds) for name, kinds in STEPS}
        rows.append(BridgeRow(month, level, steps, level + sum(steps.values())))
        level = rows[-1].end
    return rows


def _sums(
    session: Session, currency: str, *, until: date, sealed: bool
) -> dict[str, dict[MovementKind, int]]:
    day = day_of(sealed=sealed)
    month = month_of(day)
    found: dict[str, dict[MovementKind, int]] = defaultdict(dict)
    query = (
        select(month, Movement.kind, func.sum(Movement.twelfths))
        .where(Movement.currency == currency, day < until)
        .group_by(month, Movement.kind)
    )
    for name, kind, twelfths in session.execute(query):
        found[name][kind] = int(twelfths)
    return found


def day_of(*, sealed: bool) -> InstrumentedAttribute[date]:
    """The day a movement counts on: as booked for the sealed view, else its own."""
    return Movement.booked_on if sealed else Movement.effective_on


def month_of(day: InstrumentedAttribute[date]) -> ColumnElement[str]:
    """In SQL, the month of a day as "2026-11"; the same on both engines."""
    # Literal numbers: PostgreSQL takes an expression with parameters for another one in GROUP BY.
    return func.substr(cast(day, String), literal_column("1"), literal_column("7"))


def currencies(session: Session) -> list[str]:
    """The currencies that have any movement."""
    return list(session.scalars(select(Movement.currency).distinct().order_by(Movement.currency)))


def counted_patrons(session: Session, currency: str, at: date) -> int:
    """How many patrons had a counted subscription in a currency at the beginning of a day."""
    per_patron = (
        select(Movement.patron_id)
        .where(Movement.currency == currency, Movement.effective_on < at)
        .group_by(Movement.patron_id)
        .having(func.sum(Movement.twelfths) > 0)
        .subquery()
    )
    return session.scalars(select(func.count()).select_from(per_patron)).one()
