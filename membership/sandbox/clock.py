"""What time it is in the sandbox: real time plus an offset, or the instant being lived through.

The only module of the package that asks the machine for the time.
"""

import json
import time
from calendar import monthrange
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import local


class Clock:
    """Seconds since 1970 in the account's own time; each thread may stand at an instant of its own."""

    def __init__(self, file: Path | None = None) -> None:
        self.offset = 0
        self._file = file
        self._local = local()

    def told(self) -> int:
        """Give the offset that the clock file tells already: an account in memory goes on where the app is."""
        if self._file is None or not self._file.exists():
            return 0
        return int(json.loads(self._file.read_text(encoding="utf-8"))["offset_seconds"])

    def now(self) -> int:
        """Give the second it is."""
        standing: list[int] = getattr(self._local, "standing", [])
        return standing[-1] if standing else self.present()

    def present(self) -> int:
        """Give the second it is for the account, even while an earlier one is lived through."""
        return int(time.time()) + self.offset

    @contextmanager
    def standing_at(self, instant: int) -> Iterator[None]:
        """Let everything in the block happen at that instant."""
        standing: list[int] = getattr(self._local, "standing", [])
        self._local.standing = [*standing, instant]
        try:
            yield
        finally:
            self._local.standing = standing

    def set_offset(self, offset: int) -> None:
        """Move the account's time to so many seconds after real time, and tell whoever reads the clock file."""
        self.offset = offset
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            beside = self._file.with_name(self._file.name + ".new")
            beside.write_text(json.dumps({"offset_seconds": offset}), encoding="utf-8")
            beside.replace(self._file)


def waited() -> float:
    """Give real seconds for waiting and trying again, which no offset moves."""
    return time.time()


def add_months(instant: int, months: int, anchor: int) -> int:
    """Give the instant so many calendar months on, on the anchor's day where the month has it, else on its last.

    31 January, 28 February, 31 March: the day comes from the anchor, never from the month before.
    """
    then, day = datetime.fromtimestamp(instant, UTC), datetime.fromtimestamp(anchor, UTC)
    month = then.year * 12 + then.month - 1 + months
    year, number = divmod(month, 12)
    last = monthrange(year, number + 1)[1]
    moved = day.replace(year=year, month=number + 1, day=min(day.day, last))
    return int(moved.timestamp())


def add_interval(instant: int, interval: str, count: int, anchor: int) -> int:
    """Give the instant one billing interval on: `count` days, weeks, months or years."""
    if interval == "day":
        return instant + 86_400 * count
    if interval == "week":
        return instant + 604_800 * count
    return add_months(instant, count * (12 if interval == "year" else 1), anchor)


def month_number(instant: int) -> int:
    """Give the month of an instant as one number that grows by one a month; December of a year is its 12th."""
    then = datetime.fromtimestamp(instant, UTC)
    return then.year * 12 + then.month


def written(instant: int) -> str:
    """Give an instant as people read it, in UTC."""
    return datetime.fromtimestamp(instant, UTC).strftime("%d %b %Y, %H:%M")


def day_written(instant: int) -> str:
    """Give the day of an instant as people read it, in UTC."""
    return datetime.fromtimestamp(instant, UTC).strftime("%d %B %Y")
