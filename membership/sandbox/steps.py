"""How far to move the clock, as people say it: "1 hour", "3days", "1month"."""

import re

from membership.sandbox.clock import add_months

_STEP = re.compile(r"\s*([0-9]{1,6})\s*(second|minute|hour|day|week|month|year)s?\s*")
_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}


class UnclearStepError(ValueError):
    """The text says no length of time."""


def after(instant: int, step: str | int) -> int:
    """Give the instant that lies a step after another; a number is seconds, months are the calendar's.

    Raises:
        UnclearStepError: The step is not understood.
    """
    if isinstance(step, int):
        return instant + step
    found = _STEP.fullmatch(step)
    if found is None:
        raise UnclearStepError(step)
    count, unit = int(found[1]), found[2]
    if unit in _SECONDS:
        return instant + count * _SECONDS[unit]
    return add_months(instant, count * (12 if unit == "year" else 1), instant)
