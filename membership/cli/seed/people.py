"""The invented patrons: who they are, how they pay, what brought them."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TypeVar

from membership import paths

Choice = TypeVar("Choice")

COUNTRIES = {
    "eur": (("UA", 30), ("PL", 16), ("DE", 22), ("FR", 10), ("NL", 8), ("GB", 6), ("IT", 8)),
    "uah": (("UA", 1),),
    "usd": (("US", 70), ("CA", 20), ("UA", 10)),
}
AMOUNTS = {
    "eur": {
        "month": ((300, 22), (500, 40), (1000, 22), (250, 6), (700, 4), (1500, 4), (2500, 2)),
        "year": ((3600, 25), (6000, 45), (12000, 20), (5000, 10)),
        "once": ((1000, 30), (2500, 30), (5000, 20), (500, 12), (10000, 7), (25000, 1)),
    },
    "uah": {
        "month": ((10000, 40), (20000, 35), (50000, 12), (15000, 13)),
        "year": ((100000, 60), (200000, 30), (500000, 10)),
        "once": ((20000, 40), (50000, 30), (100000, 20), (10000, 10)),
    },
    "usd": {
        "month": ((300, 18), (500, 42), (1000, 28), (2500, 12)),
        "year": ((3600, 20), (6000, 50), (12000, 30)),
        "once": ((1000, 25), (2500, 35), (5000, 25), (10000, 15)),
    },
}


@dataclass(frozen=True)
class Source:
    """An article that brings patrons: most in the days after it came out."""

    article_id: int
    slug: str
    slot: str
    published_at: datetime
    pull: int


@dataclass(frozen=True)
class Person:
    """One invented patron, before anything has happened."""

    number: int
    name: str
    email: str
    language: str
    country: str
    currency: str
    method: str
    last4: str
    begins_at: datetime


def weighted(chance: random.Random, choices: Sequence[tuple[Choice, int]]) -> Choice:
    """One of the choices, by weight."""
    return chance.choices([choice for choice, _ in choices], weights=[weight for _, weight in choices])[0]


def make(chance: random.Random, number: int, *, begins_at: datetime) -> Person:
    """Invent the patron of a number."""
    currency = weighted(chance, (("eur", 66), ("uah", 24), ("usd", 10)))
    country = weighted(chance, COUNTRIES[currency])
    language = "uk" if country == "UA" or chance.random() < 0.12 else "en"
    name, mailbox = _name(chance, language)
    has_sepa = currency == "eur" and country not in {"UA", "GB"} and chance.random() < 0.14
    return Person(
        number=number,
        name=name if chance.random() < 0.8 else "",
        email=f"{mailbox}.{number}@example.{chance.choice(('org', 'com', 'net'))}",
        language=language,
        country=country,
        currency=currency,
        method="sepa_debit" if has_sepa else "card",
        last4=f"{chance.randrange(10000):04d}",
        begins_at=begins_at,
    )


def beginning(chance: random.Random, *, months: int, until: datetime) -> datetime:
    """When somebody first gives: ever more often over the months, with a campaign each December."""
    span = timedelta(days=months * 30.4)
    while True:
        share = chance.random() ** 0.72
        instant = until - span + span * share - timedelta(seconds=chance.randrange(86_400))
        keep = 1.0 if instant.month in {12, 2} else 0.62
        if instant < until - timedelta(minutes=5) and chance.random() < keep:
            whole: datetime = instant.replace(microsecond=0)
            return whole


def brought_by(chance: random.Random, sources: Sequence[Source], at: datetime) -> Source | None:
    """The article that brought a gift at an instant, or none (one in nine is not known)."""
    if chance.random() < 1 / 9:
        return None
    candidates = [
        (source, max(1, source.pull * 40 // (3 + (at - source.published_at).days)))
        for source in sources
        if source.published_at <= at
    ]
    return weighted(chance, candidates) if candidates else None


def _name(chance: random.Random, language: str) -> tuple[str, str]:
    """A full name as its owner writes it, and the part of the address before the @."""
    names = _names()
    spoken = (
        language
        if chance.random() < 0.85
        else weighted(chance, (("en", 40), ("pl", 30), ("de", 20), ("fr", 10)))
    )
    first = chance.choice(names["first"].get(spoken) or names["first"]["en"])
    last = chance.choice(names["last"].get(spoken) or names["last"]["en"])
    return f"{first['name']} {last['name']}", f"{first['ascii']}.{last['ascii']}"


@lru_cache(maxsize=1)
def _names() -> dict[str, dict[str, list[dict[str, str]]]]:
    read = json.loads((paths.DEMONSTRATION / "names.json").read_text())
    by_language: dict[str, dict[str, list[dict[str, str]]]] = {"first": {}, "last": {}}
    for part, languages in by_language.items():
        for name in read[part]:
            languages.setdefault(name["language"], []).append(name)
    return by_language
