"""Which topics resemble a new title: those that share its telling words.

Words are folded (case, accents of compatibility forms) and cut to five letters, which takes most endings of
English and Ukrainian off; short words and those that every question has say nothing.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import TypeVar

Key = TypeVar("Key")

STEM = 5
ENOUGH = 0.5
"""The share of the shorter title's telling words that must occur in the other."""

_WORD = re.compile(r"[^\W\d_]{3,}|\d{2,}")
_COMMON = (
    "about after again all and any are been but can could did does for from had has have her his how its "
    "just like many more most much not now our out over really should some story such than that the their "
    "them then there these they this those was were what when where which who whom whose why will with would you your "
    "або але багато без був була були буде вже від він вона вони все всі два для його який яка яке які якій якого "
    "коли куди кого кому лише може можна над нам нас наш наша наше наші нема немає під після про при саме скільки "
    "так також там тепер тих того тому треба тут цей ця цих цього чим чого чому щоб щодо"
)
_SAY_NOTHING = frozenset(_COMMON.split())


def similar(title: str, others: Iterable[tuple[Key, str]], *, most: int = 5) -> list[Key]:
    """The keys of those titles that resemble `title`, the closest first."""
    words = telling(title)
    scored = []
    for place, (key, other) in enumerate(others):
        theirs = telling(other)
        shared = len(words & theirs)
        closeness = shared / min(len(words), len(theirs)) if shared else 0.0
        if closeness >= ENOUGH:
            scored.append((-closeness, -shared, place, key))
    return [key for *_score, key in sorted(scored, key=lambda found: found[:3])[:most]]


def telling(title: str) -> frozenset[str]:
    """The words of a title that say what it is about, folded and cut."""
    folded = unicodedata.normalize("NFKC", title).casefold().replace("’", "'").replace("'", "")
    return frozenset(word[:STEM] for word in _WORD.findall(folded) if word not in _SAY_NOTHING)


def same(title: str, other: str) -> bool:
    """Whether two titles are one, but for case, spaces and punctuation."""
    return _letters(title) == _letters(other)


def _letters(title: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", title).casefold() if c.isalnum())
