"""Months as Stripe counts them: the same day of a later month, its last day where there is none."""

import calendar
from datetime import datetime


def add_months(instant: datetime, months: int) -> datetime:
    """`instant`, so many calendar months later (31 January + 1 = 28 or 29 February)."""
    index = instant.year * 12 + instant.month - 1 + months
    year, month = divmod(index, 12)
    day = min(instant.day, calendar.monthrange(year, month + 1)[1])
    return instant.replace(year=year, month=month + 1, day=day)


def second(instant: datetime) -> int:
    """Seconds since 1970, as Stripe writes instants."""
    return int(instant.timestamp())
