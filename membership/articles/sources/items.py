"""What every source is read into: an item to take, or one that is not taken and why."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from membership.articles.publishing import Draft

_UNSEEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufeff\ufffe\uffff]"
)


class ImportFileError(Exception):
    """The file as a whole cannot be read: hostile, broken or of another kind. The message says what and where."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """An article in a source. Without `published_at` it is a draft; with one to come it is scheduled."""

    source_id: str
    name: str  # for the report
    draft: Draft
    published_at: datetime | None = None
    updated_at: datetime | None = None
    corrections: list[tuple[datetime, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what was left out or changed on the way
    address: str = ""  # where readers found it before
    pictures: dict[str, Path] = field(default_factory=dict)  # files by the names that the draft uses
    picture_addresses: dict[str, str] = field(default_factory=dict)  # where these were, by the same names


@dataclass(frozen=True)
class NotTaken:
    """Something in a source that is not taken, with the reason in a few words."""

    name: str
    reason: str


Read = Item | NotTaken


def text(value: object, *, longest: int | None = None) -> str:
    """Any value as text that can be stored and shown: composed, without what cannot be seen or encoded."""
    if value is None:
        return ""
    whole = str(value).encode("utf-8", "replace").decode()
    seen = _UNSEEN.sub("", unicodedata.normalize("NFC", whole.replace("\r\n", "\n")))
    return seen if longest is None else seen[:longest]


def line(value: object, *, longest: int) -> str:
    """Any value as one line of text."""
    return " ".join(text(value).split())[:longest]


def instant(value: object) -> datetime | None:
    """A time as exports write it ("2015-03-01 21:02:15", ISO 8601), UTC where it names no zone; None for nonsense."""
    written = text(value).strip()
    if not written or written.startswith("0000"):
        return None
    try:
        read = datetime.fromisoformat(written)
        aware = (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return aware if 1600 <= aware.year <= 2200 else None
