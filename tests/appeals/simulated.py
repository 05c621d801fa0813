"""A newsroom's month as it is: a few stories read by most, news that fades within days, weekends, days of great news.

Articles differ in how many read them by a Zipf law, and in how willing their readers are to give; so do days. What is
drawn is what the totals of a trial would hold.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from membership.appeals.assigning import HOLD_BACK, Plan
from membership.appeals.comparing import ArticleDay

MONDAY = date(2026, 11, 2)
WEEKDAYS = (1.0, 1.05, 1.1, 1.0, 0.95, 0.6, 0.55)


@dataclass(frozen=True)
class Month:
    """What is drawn: how many stories on how many days, how often read, and gifts per showing."""

    articles: int = 40
    days: int = 28
    showings: int = 60_000
    rate: float = 0.006
    effects: tuple[float, ...] = (1.0, 1.0)  # of each variant on the rate
    held_back: float = 1.0  # of the hold-back


def plan_of(seed: object, *, variants: int = 2, hold_back: int = 0) -> Plan:
    """A plan that begins on a Monday."""
    return Plan(f"seed-{seed}", MONDAY, variants, hold_back)


def month(seed: int, plan: Plan, told: Month) -> list[ArticleDay]:
    """The article-days of one trial; the same for the same seed."""
    return list(_days(Random(seed), plan, told))  # noqa: S311 - a simulation, no secret


def _days(random: Random, plan: Plan, told: Month) -> Iterator[ArticleDay]:
    spikes = [4.0 if random.random() < 0.07 else 1.0 for _day in range(told.days)]
    willing = [random.lognormvariate(0, 0.3) for _day in range(told.days)]
    readers = [1 / rank for rank in range(1, told.articles + 1)]
    random.shuffle(readers)
    means: dict[tuple[int, int], float] = {}
    for article, popularity in enumerate(readers, start=1):
        out = random.randrange(-10, told.days)  # the day it came out; a quarter was there before
        fades = random.choice((0.4, 0.7, 1.0))  # news, a longer read, a guide that is read for ever
        for day in range(max(out, 0), told.days):
            age = 1 if fades == 1.0 else fades ** (day - out)
            means[article, day] = popularity * age * WEEKDAYS[day % 7] * spikes[day]
    scale = told.showings / sum(means.values())
    rates = {article: random.lognormvariate(0, 0.7) for article in range(1, told.articles + 1)}
    for (article, day), mean in means.items():
        on = MONDAY + timedelta(days=day)
        arm = plan.arm(article, on)
        effect = told.held_back if arm == HOLD_BACK else told.effects[arm]
        shown = poisson(random, mean * scale)
        expected = shown * told.rate * rates[article] * willing[day] * random.gammavariate(10, 0.1)
        yield ArticleDay(article, on, shown, poisson(random, expected * effect))


def poisson(random: Random, mean: float) -> int:
    """A count with this mean: drawn one by one while small, by the normal law above."""
    if mean > 50:
        return max(round(random.gauss(mean, math.sqrt(mean))), 0)
    least, product, count = math.exp(-mean), random.random(), 0
    while product > least:
        product *= random.random()
        count += 1
    return count
