"""Whatever color a newsroom has, text in it can be read: 4.5 to 1 on the paper of both schemes (WCAG 2.2, 1.4.3)."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from membership.web import accents

PAPER = {"light": (0.985, 0.006, 85.0), "dark": (0.185, 0.008, 60.0)}
ON_FILL = (0.99, 0.005, 85.0)
COLORS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def luminance(color: tuple[float, float, float]) -> float:
    """The relative luminance of an OKLCH color as a screen shows it (CSS Color 4)."""
    lightness, chroma, hue = color
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short
    red, green, blue = (min(max(part, 0.0), 1.0) for part in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """How far apart two colors are, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def read(sheet: str) -> dict[str, tuple[float, float, float]]:
    """The tokens of a sheet by scheme and name."""
    light, dark = sheet.split("@media")
    found = {}
    for scheme, part in (("light", light), ("dark", dark)):
        for name, *parts in re.findall(r"--([a-z-]+): oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)", part):
            found[f"{scheme} {name}"] = (float(parts[0]), float(parts[1]), float(parts[2]))
    return found


@given(COLORS)
def test_text_in_any_color_can_be_read(color: str):
    told = read(accents.tokens(color))

    assert len(told) == 6
    for name, value in told.items():
        scheme, _, token = name.partition(" ")
        other = ON_FILL if token.startswith("fill") else PAPER[scheme]
        assert contrast(value, other) >= 4.5, name
    assert contrast(told["light accent"], ON_FILL) >= 4.5  # buttons of the light scheme are filled with it


@pytest.mark.parametrize(("color", "hue"), [("#ff0000", 29), ("#00ff00", 142), ("#0000ff", 264)])
def test_the_hue_stays_the_newsrooms_own(color: str, hue: int):
    assert read(accents.tokens(color))["light accent"][2] == hue


@pytest.mark.parametrize("color", ["", "red", "#12345", "#1234567", "#12345g", "#123456;}"])
def test_what_is_no_color_changes_nothing(color: str):
    assert accents.tokens(color) == ""
