"""What differs between two versions of an article: paragraph by paragraph, and word by word within them.

Paragraphs are compared first, so that a long story costs little; the words of those that were changed are compared
after. Made of difflib, the standard library's.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from operator import attrgetter

MOST_PAIRS = 2_000_000
"""So many pairs of paragraphs, and so many of words, are looked at; what is beyond is shown as replaced whole."""
COST_OF_A_PARAGRAPH = 500
"""What beginning to compare the words of one costs, in pairs."""
_WORDS = re.compile(r"\s+|[^\W_]+(?:['\u2019\u02bc-][^\W_]+)*|.", re.DOTALL)


@dataclass(frozen=True)
class Piece:
    """A stretch of text: `kind` is "same", "added" or "removed"."""

    kind: str
    text: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of the comparison, in pieces; the same on both sides unless `is_changed`."""

    pieces: tuple[Piece, ...]

    @property
    def is_changed(self) -> bool:
        """Whether anything in it differs."""
        return any(piece.kind != "same" for piece in self.pieces)

    @property
    def text(self) -> str:
        """All of it, as one text."""
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True)
class Stretch:
    """Paragraphs that stand together: changed ones, or a run of the same."""

    is_changed: bool
    paragraphs: tuple[Paragraph, ...]


@dataclass(frozen=True)
class Comparison:
    """What differs in a field between an older and a newer text."""

    stretches: tuple[Stretch, ...]
    added: int  # words
    removed: int

    @property
    def is_changed(self) -> bool:
        """Whether anything differs."""
        return any(stretch.is_changed for stretch in self.stretches)


def compare(older: str, newer: str) -> Comparison:
    """What was added to and removed from `older` to make `newer`."""
    paragraphs = _paragraphs(_split(older), _split(newer))
    stretches = [
        Stretch(is_changed, tuple(run))
        for is_changed, run in groupby(paragraphs, key=attrgetter("is_changed"))
    ]
    return Comparison(
        tuple(stretches), added=_count(paragraphs, "added"), removed=_count(paragraphs, "removed")
    )


def _split(text: str) -> list[str]:
    return [part.strip("\n") for part in re.split(r"\n\s*\n|\n", text.replace("\r\n", "\n")) if part.strip()]


class _Words:
    """Compares paragraphs word by word, as long as the time for it lasts."""

    def __init__(self) -> None:
        self._pairs_left = MOST_PAIRS

    def within(self, older: str, newer: str) -> Paragraph:
        """One paragraph that became another; replaced whole where nearly nothing of it stayed."""
        old, new = _WORDS.findall(older), _WORDS.findall(newer)
        whole = Paragraph((Piece("removed", older), Piece("added", newer)))
        cost = COST_OF_A_PARAGRAPH + len(old) * len(new)
        if cost > self._pairs_left:
            return whole
        self._pairs_left -= cost
        matcher = SequenceMatcher(None, old, new, autojunk=False)
        if matcher.ratio() < 0.35:
            return whole
        pieces: list[Piece] = []
        for kind, i1, i2, j1, j2 in matcher.get_opcodes():
            if kind == "equal":
                pieces.append(Piece("same", "".join(new[j1:j2])))
            else:
                pieces += _flushed("".join(old[i1:i2]), "".join(new[j1:j2]))
        return Paragraph(_smooth(pieces))


def _paragraphs(older: Sequence[str], newer: Sequence[str]) -> list[Paragraph]:
    found: list[Paragraph] = []
    words = _Words()
    for kind, old, new in _changes(older, newer):
        if kind == "equal":
            found += [Paragraph((Piece("same", one),)) for one in new]
            continue
        paired = min(len(old), len(new))
        found += [words.within(*pair) for pair in zip(old[:paired], new[:paired], strict=True)]
        found += [Paragraph((Piece("removed", one),)) for one in old[paired:]]
        found += [Paragraph((Piece("added", one),)) for one in new[paired:]]
    return found


def _changes(
    older: Sequence[str], newer: Sequence[str]
) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    """Runs of paragraphs that are equal, or that became others."""
    most = min(len(older), len(newer))
    head = next((at for at in range(most) if older[at] != newer[at]), most)
    tail = next((at for at in range(most - head) if older[-1 - at] != newer[-1 - at]), most - head)
    old, new = older[head : len(older) - tail], newer[head : len(newer) - tail]
    yield "equal", older[:head], newer[:head]
    if len(old) * len(new) > MOST_PAIRS:
        yield "replace", old, new
    else:
        # With difflib's heuristic: lines repeated by the hundred are no landmarks, and would take cubic time.
        for kind, i1, i2, j1, j2 in SequenceMatcher(None, old, new).get_opcodes():
            yield kind, old[i1:i2], new[j1:j2]
    yield "equal", older[len(older) - tail :], newer[len(newer) - tail :]


def _smooth(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """Changes parted by a mere blank read better as one: "the old boat" against "a new ferry", not word by word."""
    out: list[Piece] = []
    removed = added = ""
    for index, piece in enumerate(pieces):
        is_last = index == len(pieces) - 1
        if piece.kind == "removed":
            removed += piece.text
        elif piece.kind == "added":
            added += piece.text
        elif piece.text.isspace() and removed and added and not is_last:
            removed, added = removed + piece.text, added + piece.text
        else:
            out += _flushed(removed, added)
            removed = added = ""
            out.append(piece)
    return (*out, *_flushed(removed, added))


def _flushed(removed: str, added: str) -> list[Piece]:
    pair = (Piece("removed", removed), Piece("added", added))
    return [piece for piece in pair if piece.text]


def _count(paragraphs: Sequence[Paragraph], kind: str) -> int:
    return sum(len(piece.text.split()) for one in paragraphs for piece in one.pieces if piece.kind == kind)
