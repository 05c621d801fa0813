"""The geometry of charts: where each column stands, in the units of an SVG's viewBox. Templates do no arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass, field

WIDTH, HEIGHT = 720, 260
PLOT = 712
"""How far columns reach to the right; the rest is for half of the last label."""
TOP, BASELINE = 24, 228
TICKS = 4
BAR_STEP, BAR_TEXT, BAR_GAP, BAR_HEIGHT = 36, 14, 5, 8


@dataclass(frozen=True)
class Part:
    """One rectangle of a column."""

    x: int
    y: int
    width: int
    height: int
    series: int
    title: str


@dataclass(frozen=True)
class Column:
    """The rectangles that stand on each other."""

    parts: list[Part]


@dataclass(frozen=True)
class Tick:
    """A horizontal line and what it stands for."""

    y: int
    label: str


@dataclass(frozen=True)
class Label:
    """What stands below a column."""

    x: int
    text: str


@dataclass(frozen=True)
class Key:
    """What a series is called."""

    series: int
    label: str


@dataclass(frozen=True)
class ColumnChart:
    """All a template needs to draw columns (macros/figures.html)."""

    summary: str
    columns: list[Column]
    ticks: list[Tick]
    labels: list[Label]
    legend: list[Key]
    width: int = WIDTH
    height: int = HEIGHT
    baseline: int = BASELINE


@dataclass
class Series:
    """One row of values, a column each, with a sentence for each."""

    label: str
    values: Sequence[int]
    titles: Sequence[str] = field(default_factory=list)


@dataclass(frozen=True)
class Bar:
    """One thing that is compared: its name, its value, and the value in words."""

    label: str
    value: int
    text: str


@dataclass(frozen=True)
class DrawnBar:
    """A bar from the left edge, with its name above and its value at the right."""

    label: str
    text: str
    text_y: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class BarChart:
    """All a template needs to draw bars below each other (macros/figures.html)."""

    summary: str
    bars: list[DrawnBar]
    height: int
    width: int = WIDTH


def bars(compared: Sequence[Bar], *, summary: str) -> BarChart:
    """Bars of values above 0, the longest as wide as the chart."""
    top = max((bar.value for bar in compared), default=1)
    drawn = [
        DrawnBar(
            bar.label,
            bar.text,
            text_y=number * BAR_STEP + BAR_TEXT,
            y=number * BAR_STEP + BAR_TEXT + BAR_GAP,
            width=max(WIDTH * bar.value // top, 1),
            height=BAR_HEIGHT,
        )
        for number, bar in enumerate(compared)
    ]
    return BarChart(summary, drawn, len(drawn) * BAR_STEP)


def columns(
    series: Sequence[Series], labels: Sequence[str], *, summary: str, scale_labels: Sequence[str], top: int
) -> ColumnChart:
    """Stacked columns of values from 0 up to `top`; negative values are drawn as nothing (the table has them).

    `scale_labels` are the words at a quarter, a half, three quarters and the whole of `top`.
    """
    count = max(len(labels), 1)
    step = PLOT // count
    made = [_column(series, index, index * step, step, top) for index in range(len(labels))]
    every = max(1, count // 8)
    shown = [
        Label(index * step + step // 2, text)
        for index, text in enumerate(labels)
        if (count - 1 - index) % every == 0
    ]
    ticks = [
        Tick(BASELINE - (BASELINE - TOP) * number // TICKS, text)
        for number, text in enumerate(scale_labels, start=1)
    ]
    legend = [Key(number, one.label) for number, one in enumerate(series, start=1)]
    return ColumnChart(summary, made, ticks, shown, legend)


def _column(series: Sequence[Series], index: int, left: int, step: int, top: int) -> Column:
    parts, y = [], BASELINE
    for number, one in enumerate(series, start=1):
        value = max(one.values[index], 0)
        height = (BASELINE - TOP) * value // max(top, 1)
        if height or value:
            y -= max(height, 1)
            title = one.titles[index] if one.titles else ""
            parts.append(Part(left + step // 8, y, max(step - step // 4, 2), max(height, 1), number, title))
    return Column(parts)


def round_top(largest: int) -> int:
    """The least round number at or above the largest value whose quarters are round and whole: 4, 8, … 100, 120."""
    zeros = 1
    while True:
        for factor in (4, 8, 12, 16, 20, 24, 32, 40, 60, 80, 100):
            if factor * zeros >= largest:
                return factor * zeros
        zeros *= 10
