"""Reading Stripe's JSON field by field: by presence, strictly typed, with errors that name the field. No I/O."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LARGEST = 2**53
"""No amount or instant of Stripe's is beyond this; what is would not survive other programs either."""


class UnreadableObjectError(Exception):
    """An object lacks a field that must be there, or has it in another type; `field` says which."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{kind}.{name} is missing or of another type")
        self.kind = kind
        self.field = name


@dataclass(frozen=True, slots=True)
class Thing:
    """A JSON object of a kind; each method raises UnreadableObjectError for a field of another type."""

    kind: str
    json: Json

    def text(self, name: str) -> str:
        """A string that must be there and not be empty."""
        value = self.json.get(name)
        if not isinstance(value, str) or not value or len(value) > 255:
            raise UnreadableObjectError(self.kind, name)
        return value

    def words(self, name: str, most: int = 255) -> str:
        """A string, cut to `most`; "" where there is none."""
        value = self.json.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise UnreadableObjectError(self.kind, name)
        return value[:most]

    def number(self, name: str) -> int:
        """A whole number that must be there."""
        value = self.json.get(name)
        if type(value) is not int or abs(value) > LARGEST:
            raise UnreadableObjectError(self.kind, name)
        return value

    def count(self, name: str) -> int:
        """A whole number; 0 where there is none."""
        return 0 if self.json.get(name) is None else self.number(name)

    def money(self, name: str) -> int:
        """An amount of at least 0 that must be there, in minor units."""
        value = self.number(name)
        if value < 0:
            raise UnreadableObjectError(self.kind, name)
        return value

    def currency(self, name: str = "currency") -> str:
        """A currency code in lower case."""
        value = self.json.get(name)
        if not (
            isinstance(value, str)
            and len(value) == 3
            and value.isascii()
            and value.isalpha()
            and value.islower()
        ):
            raise UnreadableObjectError(self.kind, name)
        return value

    def instant(self, name: str) -> datetime:
        """An instant that must be there."""
        at = self.instant_or_none(name)
        if at is None:
            raise UnreadableObjectError(self.kind, name)
        return at

    def instant_or_none(self, name: str) -> datetime | None:
        """An instant, or None where there is none."""
        value = self.json.get(name)
        if value is None:
            return None
        if type(value) is not int or not 0 <= value < 32_503_680_000:  # the year 3000
            raise UnreadableObjectError(self.kind, name)
        return _EPOCH + timedelta(seconds=value)

    def id_or_none(self, name: str) -> str | None:
        """The id of another object, which may stand there whole; None where there is none."""
        value = self.json.get(name)
        if isinstance(value, dict):
            value = value.get("id")
        if value is None:
            return None
        if not isinstance(value, str) or not value or len(value) > 255:
            raise UnreadableObjectError(self.kind, name)
        return value

    def id(self, name: str) -> str:
        """The id of another object, which must be there."""
        value = self.id_or_none(name)
        if value is None:
            raise UnreadableObjectError(self.kind, name)
        return value

    def thing(self, name: str) -> "Thing":
        """An object inside; an empty one where there is none."""
        value = self.json.get(name)
        if value is None:
            return Thing(f"{self.kind}.{name}", {})
        if not isinstance(value, dict):
            raise UnreadableObjectError(self.kind, name)
        return Thing(f"{self.kind}.{name}", value)

    def list_of(self, name: str) -> list["Thing"]:
        """The objects of a list inside, Stripe's own kind of list or a plain one; empty where there is none."""
        value = self.json.get(name)
        if isinstance(value, dict):
            value = value.get("data")
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
            raise UnreadableObjectError(self.kind, name)
        return [Thing(f"{self.kind}.{name}", part) for part in value]

    def metadata(self, name: str, most: int = 64) -> str:
        """A word from the object's metadata; "" where there is none."""
        value = self.thing("metadata").json.get(name)
        return value[:most] if isinstance(value, str) else ""

    def metadata_number(self, name: str) -> int:
        """A whole number of at least 0 from the metadata; 0 for anything else."""
        value = self.metadata(name, 12)
        return int(value) if value.isascii() and value.isdigit() else 0

    def metadata_instant(self, name: str) -> datetime | None:
        """An instant from the metadata, in whole seconds; None for anything else."""
        seconds = self.metadata_number(name)
        return _EPOCH + timedelta(seconds=seconds) if 0 < seconds < 32_503_680_000 else None


def parse_json(body: bytes) -> Json:
    """A stored body, read; it was a JSON object when it was stored."""
    parsed: Json = json.loads(body)
    return parsed
