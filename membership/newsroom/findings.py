"""What `membership doctor` reports: a finding of a check, without anything personal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

MOST_IDS = 5


class Severity(StrEnum):
    """How bad a finding is."""

    RED = "red"  # money, rights or privacy are wrong
    AMBER = "amber"  # a person must look


@dataclass(frozen=True)
class Finding:
    """Something a check found: what, how much of it, a few internal ids, and the command that mends it."""

    check: str  # a stable id: "N01"
    severity: Severity
    sentence: str
    count: int
    ids: tuple[str, ...] = ()
    repair: str = ""


Check = Callable[[Session], Sequence[Finding]]


def found(
    check: str, severity: Severity, sentence: str, ids: Sequence[object], *, repair: str = ""
) -> list[Finding]:
    """One finding for all of `ids`, or none if there are none."""
    if not ids:
        return []
    return [Finding(check, severity, sentence, len(ids), tuple(map(str, ids[:MOST_IDS])), repair)]
