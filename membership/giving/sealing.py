"""Sealing months: their booked figures stay from the first clean comparison on or after their fifth following day."""

from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership import clock
from membership.giving import storing
from membership.giving.ledger import LedgerEntry, SealedMonth
from membership.newsroom import settings_rows

LOCK = "seal"
OPEN_DAYS = 4
"""A month stays open for so many days after its end."""


def seal(session: Session, since: datetime | None) -> list[date]:
    """Seal every month that has ended long enough ago and was compared whole; their first days. The caller commits.

    `since`: what the comparison left out (None: nothing).
    """
    storing.lock(session, [LOCK])  # whoever books on an old day has looked which months are sealed
    zone = settings_rows.current(session).zone
    first = session.scalar(select(func.min(LedgerEntry.booked_on)))
    if first is None:
        return []
    compared_from = since.astimezone(zone).date() if since is not None else date.min
    today = clock.now().astimezone(zone).date()
    known = set(session.scalars(select(SealedMonth.first_day)))
    month, sealed = first.replace(day=1), []
    while (following := next_month(month)) + timedelta(days=OPEN_DAYS) <= today:
        if month not in known and month >= compared_from:
            session.add(SealedMonth(first_day=month, sealed_at=clock.now()))
            sealed.append(month)
        month = following
    return sealed


def next_month(day: date) -> date:
    """The first day of the month after that of a day."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
