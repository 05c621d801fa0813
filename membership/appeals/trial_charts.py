"""The geometry of a trial's intervals: a line with a dot, on a scale on which half and double are equally far."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH, LEFT, RIGHT = 720, 8, 712
ROW, TOP = 64, 28
STEPS = (0.25, 0.5, 0.8, 1.0, 1.25, 2.0, 4.0)
LEAST, MOST = 1.5, 5.0


@dataclass(frozen=True)
class Row:
    """One comparison: a ratio (None: without bound) and its interval."""

    name: str
    ratio: float | None
    low: float
    high: float | None
    is_different: bool
    told: str


@dataclass(frozen=True)
class Bar:
    """Where a comparison is drawn."""

    name: str
    told: str
    y: int
    text_y: int
    low: int
    high: int
    dot: int | None
    series: int


@dataclass(frozen=True)
class Mark:
    """A line on the scale and what it stands for."""

    x: int
    text: str
    is_even: bool
    anchor: str


@dataclass(frozen=True)
class IntervalChart:
    """All a template needs to draw it."""

    summary: str
    bars: list[Bar]
    marks: list[Mark]
    width: int
    height: int
    foot: int


def intervals(rows: Sequence[Row], *, summary: str, label_of: Callable[[float], str]) -> IntervalChart:
    """The drawing of some comparisons; what lies beyond the scale ends at its edge."""
    reach = _reach(rows)
    foot = TOP + ROW * len(rows)
    bars = [
        Bar(
            name=row.name,
            told=row.told,
            y=TOP + ROW * number + 40,
            text_y=TOP + ROW * number + 22,
            low=_x(row.low, reach),
            high=_x(row.high, reach),
            dot=_x(row.ratio, reach) if row.ratio is not None else None,
            series=1 if row.is_different else 2,
        )
        for number, row in enumerate(rows)
    ]
    marks = [
        Mark(_x(step, reach), label_of(step), step == 1.0, "middle")
        for step in STEPS
        if 1 / reach < step < reach
    ]
    return IntervalChart(summary, bars, marks, WIDTH, foot + 28, foot)


def _reach(rows: Sequence[Row]) -> float:
    """How far the scale goes both ways, as a ratio."""
    bounds = [bound for row in rows for bound in (row.low, row.high) if bound]
    far = max((max(bound, 1 / bound) for bound in bounds), default=LEAST)
    return min(max(far * 1.1, LEAST), MOST)


def _x(ratio: float | None, reach: float) -> int:
    if not ratio:
        return RIGHT if ratio is None else LEFT
    share = math.log(min(max(ratio, 1 / reach), reach)) / math.log(reach)
    middle = (LEFT + RIGHT) / 2
    return round(middle + share * (RIGHT - LEFT) / 2)
