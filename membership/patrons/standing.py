"""A patron's standing, read from coverage at an instant; never stored.

Half-open intervals: at the instant at which the last coverage ends, the patron is no longer active. The same rule
in Python (`at`) and in SQL (`is_active`), so that one patron and a report agree.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from membership.patrons.models import Coverage, EndedBy, Patron, Source


class Standing(StrEnum):
    """Of a patron: supports now, has left, or has lapsed."""

    ACTIVE = "active"
    FORMER = "former"  # the last coverage was ended by the patron's own cancel or a full refund
    LAPSED = "lapsed"


BY_CHOICE = frozenset({EndedBy.CANCEL, EndedBy.REFUND})
PAYING = frozenset({Source.PAID, Source.RENEWING, Source.GRACE, Source.ONCE, Source.OFFLINE})
"""Sources that are the patron's own money; gift, grant and seat are not."""


class Stretch(Protocol):
    """What standing reads of coverage: a Coverage row, or the same columns read as a tuple."""

    @property
    def starts_at(self) -> datetime:
        """When it begins."""

    @property
    def ends_at(self) -> datetime:
        """When it has ended."""

    @property
    def source_key(self) -> str:
        """The fact it comes from."""

    @property
    def ended_by(self) -> EndedBy | None:
        """What ended it."""


def at(coverages: Iterable[Stretch], instant: datetime) -> Standing:
    """The standing that coverages give at an instant."""
    past = []
    for coverage in coverages:
        if coverage.starts_at <= instant < coverage.ends_at:
            return Standing.ACTIVE
        if coverage.ends_at <= instant:
            past.append(coverage)
    last = max(past, key=lambda c: (c.ends_at, c.source_key), default=None)
    return Standing.FORMER if last is not None and last.ended_by in BY_CHOICE else Standing.LAPSED


def of(session: Session, patron_id: int, instant: datetime) -> Standing:
    """The standing of one patron; one query."""
    return at(session.scalars(select(Coverage).filter_by(patron_id=patron_id)), instant)


def is_active(instant: datetime) -> ColumnElement[bool]:
    """For queries over Patron: whether any coverage holds at the instant."""
    return exists().where(
        Coverage.patron_id == Patron.id, Coverage.starts_at <= instant, Coverage.ends_at > instant
    )


def active_until(coverages: Iterable[Coverage], instant: datetime) -> datetime | None:
    """When unbroken coverage that holds at `instant` ends; None if none holds."""
    end: datetime | None = None
    for coverage in sorted(coverages, key=lambda c: c.starts_at):
        reached = instant if end is None else end
        if coverage.starts_at <= reached < coverage.ends_at:
            end = coverage.ends_at
    return end


def last_instant(ends_at: datetime) -> datetime:
    """The last instant of a half-open stretch; what ends at midnight has the day before as its last day."""
    return ends_at - timedelta(microseconds=1)
