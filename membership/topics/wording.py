"""What patrons write, made plain: no control or invisible characters, no piles of accents, one kind of space."""

import re
import unicodedata

LONGEST_TITLE = 140
LONGEST_TEXT = 4_000
MOST_MARKS = 2
"""How many combining marks may stand on one letter; more only hide what is written around them."""


def line(typed: str) -> str:
    """One line as it may be stored: composed, trimmed, its spaces single, without anything that cannot be seen."""
    return " ".join(_visible(typed).split())


def text(typed: str) -> str:
    """Paragraphs as they may be stored: as `line`, but line breaks stay, at most one empty line in a row."""
    lines = "\n".join(" ".join(part.split()) for part in _visible(typed).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


def _visible(typed: str) -> str:
    breaks = typed.replace("\r\n", "\n").replace("\r", "\n")
    kept: list[str] = []
    marks = 0
    for letter in unicodedata.normalize("NFC", breaks):
        category = unicodedata.category(letter)
        marks = marks + 1 if category[0] == "M" else 0
        if letter in "\n\t":
            kept.append(letter)
        elif category[0] == "Z":
            kept.append(" ")
        elif category[0] != "C" and marks <= MOST_MARKS:
            kept.append(letter)
    return "".join(kept)
