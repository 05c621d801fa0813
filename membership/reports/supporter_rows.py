"""The patrons under a figure of the report of patrons: who they are, what covers or covered them, and since when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.patrons.models import Patron
from membership.reports import supporters
from membership.reports.periods import Month
from membership.reports.rows import MOST_ROWS, who
from membership.reports.supporters import COVERS, PAYING, Seen, Stretch

CHANGES = ("new", "returned", "lapsed", "former")
FIGURES = ("start", *CHANGES, "end", "paying", "at_risk", *COVERS)


@dataclass(frozen=True)
class PatronUnder:
    """One patron under a figure.

    `day` (of the newsroom's zone) is that on which the cover at the month's end began, or ended for who left; `cover`
    is the strongest at that time. `name` is empty for who may not see patrons, and for those who want to stay secret.
    """

    day: date
    cover: str
    patron: str
    name: str


@dataclass(frozen=True)
class PatronsUnder:
    """Some of the patrons under a figure, by day, and how many there are: that is the figure."""

    rows: list[PatronUnder]
    count: int


def under(
    session: Session,
    figure: str,
    month: Month,
    zone: ZoneInfo,
    *,
    now: datetime,
    names: bool,
    page: int | None,
) -> PatronsUnder:
    """The patrons that a figure of a month counts: a page of them, or all (None). `figure` is one of FIGURES."""
    edges = supporters.edges_of([month], zone, now=now)
    found: list[tuple[datetime, int, str]] = []
    for patron_id, read in supporters.by_patron(session):
        stretches = list(read)
        (at,) = supporters.seen(stretches, edges)
        if _is_under(figure, at):
            instant, cover = _since(stretches, edges, at, is_start=figure == "start")
            found.append((instant, patron_id, cover))
    found.sort()
    shown = found if page is None else found[(page - 1) * MOST_ROWS : page * MOST_ROWS]
    patrons = _patrons(session, [patron_id for _instant, patron_id, _cover in shown])
    rows = [
        PatronUnder(instant.astimezone(zone).date(), cover, *who(patrons.get(patron_id), names=names))
        for instant, patron_id, cover in shown
    ]
    return PatronsUnder(rows, len(found))


def _is_under(figure: str, at: Seen) -> bool:
    if figure in CHANGES:
        return at.change == figure
    return {
        "start": at.was_active,
        "end": bool(at.cover),
        "paying": at.cover in PAYING,
        "at_risk": at.is_at_risk,
    }.get(figure, at.cover == figure)


def _since(
    stretches: Sequence[Stretch], edges: Sequence[datetime], at: Seen, *, is_start: bool
) -> tuple[datetime, str]:
    """When the cover began that holds at the edge, or ended before it, and what it was."""
    start, end = edges
    edge = start if is_start else end
    if is_start or at.cover:
        return _began(stretches, edge), supporters.strongest(stretches, edge)
    left = max(s.ends_at for s in stretches if s.ends_at <= end)
    return left, _strongest_until(stretches, left)


def _began(stretches: Iterable[Stretch], edge: datetime) -> datetime:
    """When the unbroken cover began that holds at an instant; stretches are in order of their beginning."""
    began, until = edge, None
    for stretch in stretches:
        if stretch.starts_at > edge:
            break
        if until is None or stretch.starts_at > until:
            began, until = stretch.starts_at, stretch.ends_at
        else:
            until = max(until, stretch.ends_at)
    return began


def _strongest_until(stretches: Iterable[Stretch], end: datetime) -> str:
    covers = {supporters.STRENGTH[s.source] for s in stretches if s.ends_at == end}
    return next(cover for cover in COVERS if cover in covers)


def _patrons(session: Session, ids: Sequence[int]) -> dict[int, Patron]:
    return {patron.id: patron for patron in session.scalars(select(Patron).where(Patron.id.in_(ids)))}
