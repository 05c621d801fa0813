"""What a patron's record shows beyond what patrons themselves know: features above add their parts and finders."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from membership.patrons.models import Patron


@dataclass(frozen=True)
class Part:
    """A piece of the record: a template and the names it reads."""

    template: str
    names: Mapping[str, Any]


Maker = Callable[[Session, Patron], Part]
Finder = Callable[[Session, str], set[int]]

_makers: list[Maker] = []
_finders: list[Finder] = []


def register(*, part: Maker, finder: Finder) -> None:
    """Let a feature show its part on each record, and find patrons by its own ids."""
    if part not in _makers:
        _makers.append(part)
        _finders.append(finder)


def parts(session: Session, patron: Patron) -> list[Part]:
    """All parts of a patron's record, in the order of the features."""
    return [make(session, patron) for make in _makers]


def find(session: Session, words: str) -> set[int]:
    """The ids of patrons that the features know by what was typed."""
    return set().union(*(finder(session, words) for finder in _finders)) if words else set()
