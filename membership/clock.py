"""The only place that asks what time it is.

With the sandbox, time can be moved: `MEMBERSHIP_CLOCK_FILE` names a file that the sandbox
writes (`{"offset_seconds": 2678400}`) and that is added to the machine's clock, so that
the app and the sandbox always agree. Tests set the clock by `set_now` and `move`.
"""

import calendar
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo


@dataclass
class _Clock:
    file: Path | None = None
    file_seen: int = 0
    offset: timedelta = timedelta(0)
    standing_still_at: datetime | None = None


_clock = _Clock()


def now() -> datetime:
    """The present instant: aware, UTC, to the microsecond."""
    if _clock.standing_still_at is not None:
        return _clock.standing_still_at
    if _clock.file is not None:
        _read_offset(_clock.file)
    return datetime.fromtimestamp(time.time(), UTC) + _clock.offset


def today(zone: ZoneInfo) -> date:
    """The present day in a time zone (a newsroom's days are its own, not UTC's)."""
    return now().astimezone(zone).date()


def add_months(at: datetime, months: int) -> datetime:
    """The same day and time so many calendar months later; the month's last day where it is shorter."""
    years, month = divmod(at.month - 1 + months, 12)
    year, month = at.year + years, month + 1
    return at.replace(year=year, month=month, day=min(at.day, calendar.monthrange(year, month)[1]))


def follow(file: Path | None) -> None:
    """Add the offset that a sandbox writes to `file` from now on; None goes back to the machine's clock."""
    _clock.file = file
    _clock.file_seen = 0
    _clock.offset = timedelta(0)


def set_now(instant: datetime | None) -> None:
    """Let the clock stand still at an aware instant (tests); None lets it run again."""
    if instant is not None and instant.tzinfo is None:
        raise ValueError("the clock takes aware instants only")
    _clock.standing_still_at = None if instant is None else instant.astimezone(UTC)


@contextmanager
def standing_still(instant: datetime) -> Iterator[None]:
    """Let the clock stand still at an aware instant within the block (histories, tests)."""
    before = _clock.standing_still_at
    set_now(instant)
    try:
        yield
    finally:
        set_now(before)


def move(by: timedelta) -> datetime:
    """Move a clock that stands still, and give its new instant (tests)."""
    if _clock.standing_still_at is None:
        raise RuntimeError("only a clock that stands still can be moved; call set_now first")
    _clock.standing_still_at += by
    return _clock.standing_still_at


def _read_offset(file: Path) -> None:
    """Read the offset again when the file has changed; a missing file means no offset."""
    try:
        changed = file.stat().st_mtime_ns
    except FileNotFoundError:
        return
    if changed == _clock.file_seen:
        return
    try:
        seconds = int(json.loads(file.read_text())["offset_seconds"])
    except (ValueError, KeyError, TypeError):
        return  # half written: the next call reads it whole
    _clock.offset = timedelta(seconds=seconds)
    _clock.file_seen = changed
