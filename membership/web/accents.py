"""The newsroom's own color in the tokens: its hue and strength, at the lightness at which it can be read on paper.

A newsroom names any sRGB color. Its lightness is not used: text in it must reach 4.5 to 1 on the paper of either scheme
(WCAG 2.2, 1.4.3), which OKLCH makes a matter of lightness alone, nearly whatever the hue (CSS Color 4, section 9).
"""

import math
import re
from functools import lru_cache

_HEX = re.compile(r"#[0-9a-f]{6}", re.ASCII)
MOST_CHROMA = 0.165
"""How strong a color may be; stronger ones leave what screens can show at these lightnesses."""


@lru_cache
def tokens(color: str) -> str:
    """The tokens that follow from a color such as "#9b2335", as a style sheet; "" for what is no color."""
    if not _HEX.fullmatch(color.lower()):
        return ""
    chroma, hue = _chroma_and_hue(color)

    def at(lightness: str, share: float) -> str:
        return f"oklch({lightness} {chroma * share:.3f} {hue:.0f})"

    return (
        "@layer tokens {\n"
        f"  :root {{ --accent: {at('0.475', 1)}; --accent-strong: {at('0.4', 0.88)}; }}\n"
        "  @media (prefers-color-scheme: dark) { :root {\n"
        f"    --accent: {at('0.74', 0.79)}; --accent-strong: {at('0.81', 0.64)};\n"
        f"    --fill: {at('0.52', 1)}; --fill-strong: {at('0.47', 0.94)};\n"
        "  } }\n"
        "}\n"
    )


def _chroma_and_hue(color: str) -> tuple[float, float]:
    """Chroma, at most MOST_CHROMA, and hue in degrees of an sRGB color in OKLCH (CSS Color 4, sample code)."""
    red, green, blue = (_linear(int(color[at : at + 2], 16) / 255) for at in (1, 3, 5))
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    middle = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    a = 1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short
    return min(math.hypot(a, b), MOST_CHROMA), math.degrees(math.atan2(b, a)) % 360


def _linear(part: float) -> float:
    """One channel of sRGB as an amount of light."""
    linear: float = part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
    return linear
