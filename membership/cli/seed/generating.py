"""The generator: patrons one after another, each with the objects of a whole life."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from membership.cli.seed import people
from membership.cli.seed.lives import Given, Life
from membership.cli.seed.objects import PRODUCT, Books, Object
from membership.cli.seed.people import Source


@dataclass(frozen=True)
class Plan:
    """What decides a history down to the byte."""

    patrons: int
    months: int
    until: datetime
    seed: int = 7


def generate(
    plan: Plan, *, sources: list[Source], fee: Callable[[str], tuple[object, int]]
) -> Iterator[tuple[list[Object], list[Given]]]:
    """For each patron the Stripe objects and the tries to give; the first one's begin with the product of all gifts."""
    product = [_product()]
    books = Books(prefix=f"S{plan.seed:02d}")
    for number in range(1, plan.patrons + 1):
        chance = random.Random(f"{plan.seed}:{number}")  # noqa: S311 - a history, not a secret
        begins = people.beginning(chance, months=plan.months, until=plan.until)
        given: list[Given] = []
        person = people.make(chance, number, begins_at=begins)
        Life(person, plan.until, chance, books, sources, fee, given).tell()
        yield [*product, *books.take()], given
        product = []


def _product() -> Object:
    return {
        "id": PRODUCT,
        "object": "product",
        "active": True,
        "created": 1_600_000_000,
        "metadata": {"app": "membership"},
        "name": "Support",
        "type": "service",
    }
