"""Months in the newsroom's own time zone: the periods of every report."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Self
from zoneinfo import ZoneInfo


class PeriodError(ValueError):
    """What was asked for is no month, like 2026-13."""


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month."""

    year: int
    month: int

    @classmethod
    def of(cls, day: date) -> Self:
        """The month of a day."""
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The month written "2026-11".

        Raises:
            PeriodError: it is not written so, or is none.
        """
        year, dash, month = text.partition("-")
        if len(text) != 7 or not dash or not (year + month).isascii() or not (year + month).isdigit():
            raise PeriodError(text)
        if not 1 <= int(month) <= 12 or not 1970 <= int(year) <= 9999:
            raise PeriodError(text)
        return cls(int(year), int(month))

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.month, 1)

    @property
    def next(self) -> "Month":
        """The month after it."""
        return self.plus(1)

    def plus(self, months: int) -> "Month":
        """The month so many months later (negative: earlier)."""
        index = self.year * 12 + self.month - 1 + months
        return Month(index // 12, index % 12 + 1)

    def ends_at(self, zone: ZoneInfo) -> datetime:
        """The instant at which it ends and the next one begins, in UTC."""
        return datetime.combine(self.next.first, time(), zone).astimezone(UTC)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


def last_months(count: int, today: date) -> list[Month]:
    """The last `count` months, oldest first; the last of them is the present one."""
    present = Month.of(today)
    return [present.plus(-back) for back in reversed(range(count))]
