"""Patrons month by month: start + new + returned - lapsed - former = end, read from coverage.

A patron is counted by standing at the end of each month, by the strongest thing that covers; whoever comes and goes
within one month is in neither, and has returned when seen again. One pass over coverage, ordered by patron.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby, pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.patrons import standing
from membership.patrons.models import Coverage, EndedBy, Source
from membership.patrons.standing import Standing
from membership.reports.periods import Month

STRENGTH = {
    Source.PAID: "recurring",
    Source.RENEWING: "recurring",
    Source.GRACE: "recurring",
    Source.ONCE: "once",
    Source.OFFLINE: "offline",
    Source.GIFT: "gift",
    Source.GRANT: "grant",
    Source.SEAT: "grant",
}
COVERS = ("recurring", "once", "offline", "gift", "grant")
"""From the strongest to the weakest."""
PAYING = frozenset({"recurring", "once", "offline"})


class Stretch(NamedTuple):
    """One row of coverage, as read."""

    patron_id: int
    source: Source
    source_key: str
    starts_at: datetime
    ends_at: datetime
    ended_by: EndedBy | None


@dataclass
class PatronsRow:
    """One month: how many patrons there were and why that changed; `by_cover` splits the end."""

    month: Month
    start: int = 0
    new: int = 0
    returned: int = 0
    lapsed: int = 0
    former: int = 0
    at_risk: int = 0
    by_cover: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COVERS, 0))

    @property
    def end(self) -> int:
        """How many there were at the end."""
        return self.start + self.new + self.returned - self.lapsed - self.former

    @property
    def paying(self) -> int:
        """Those covered by money of their own."""
        return sum(count for cover, count in self.by_cover.items() if cover in PAYING)


class Seen(NamedTuple):
    """A patron in one month: active at its start, covered by what at its end ("" for nothing), what changed."""

    was_active: bool
    cover: str
    is_at_risk: bool
    change: str
    """"new", "returned", "lapsed", "former", or "" where nothing changed."""


def by_month(session: Session, months: Sequence[Month], zone: ZoneInfo, *, now: datetime) -> list[PatronsRow]:
    """The rows of consecutive months; the last instant looked at is `now`, if a month has not ended."""
    rows = [PatronsRow(month) for month in months]
    edges = edges_of(months, zone, now=now)
    for _patron_id, stretches in by_patron(session):
        _count(rows, edges, list(stretches))
    return rows


def edges_of(months: Sequence[Month], zone: ZoneInfo, *, now: datetime) -> list[datetime]:
    """The start of consecutive months and the end of each, none later than `now`."""
    return [min(month.ends_at(zone), now) for month in (months[0].plus(-1), *months)]


def by_patron(session: Session) -> Iterator[tuple[int, Iterable[Stretch]]]:
    """Each patron's id with all coverage, in order of its beginning."""
    query = select(
        Coverage.patron_id,
        Coverage.source,
        Coverage.source_key,
        Coverage.starts_at,
        Coverage.ends_at,
        Coverage.ended_by,
    ).order_by(Coverage.patron_id, Coverage.starts_at)
    read = (Stretch(*row) for row in session.execute(query.execution_options(yield_per=5_000)))
    return groupby(read, key=lambda stretch: stretch.patron_id)


def seen(stretches: Sequence[Stretch], edges: Sequence[datetime]) -> Iterator[Seen]:
    """One patron in each of the months between the edges."""
    for start, end in pairwise(edges):
        was_active, cover = bool(strongest(stretches, start)), strongest(stretches, end)
        change = ""
        if cover and not was_active:
            change = "returned" if any(s.starts_at < start for s in stretches) else "new"
        elif was_active and not cover:
            change = "former" if standing.at(stretches, end) is Standing.FORMER else "lapsed"
        yield Seen(was_active, cover, bool(cover) and _in_grace(stretches, end), change)


def _count(rows: list[PatronsRow], edges: list[datetime], stretches: list[Stretch]) -> None:
    """Add one patron to every month."""
    for row, at in zip(rows, seen(stretches, edges), strict=True):
        row.start += at.was_active
        row.at_risk += at.is_at_risk
        if at.cover:
            row.by_cover[at.cover] += 1
        if at.change:
            setattr(row, at.change, getattr(row, at.change) + 1)


def strongest(stretches: Iterable[Stretch], instant: datetime) -> str:
    """The strongest cover at an instant; "" for none."""
    covers = {STRENGTH[s.source] for s in stretches if s.starts_at <= instant < s.ends_at}
    return next((cover for cover in COVERS if cover in covers), "")


def _in_grace(stretches: Iterable[Stretch], instant: datetime) -> bool:
    holding = [s.source for s in stretches if s.starts_at <= instant < s.ends_at]
    return Source.GRACE in holding and not {Source.PAID, Source.ONCE, Source.OFFLINE} & set(holding)
