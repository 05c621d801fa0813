"""Whether one variant of a trial brings more than another: a randomization test and its interval. No I/O.

The unit is the article's day, the stratum is the article. Each day's outcome (gifts, or money) is set against what the
article's own rate would have given for as many showings; the sum over the days of a variant is what it brought beyond
that. How large such a sum becomes by chance alone is found by dealing the same days again, thousands of times, just as
they were dealt: within each block of each article. Nothing is assumed about how unequal articles and days are, so
where variants are alike the test errs as often as it says, however heavy a few stories weigh.

The estimate is the Mantel-Haenszel rate ratio over articles. The interval holds every ratio that the same test does
not refuse: for a ratio r the outcomes of the other variant's days are divided by r, and the days dealt again.

Source: Fisher, "The Design of Experiments" (1935), section 21; Imbens and Rubin, "Causal Inference for Statistics,
Social, and Biomedical Sciences" (2015), chapter 5; Greenland and Robins, "Estimation of a common effect parameter from
sparse follow-up data", Biometrics 41 (1985).
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import compress
from random import Random

from membership.appeals.assigning import Plan

REDRAWS = 3_999
"""How often the days are dealt again; with the real deal 4,000, so that 2.5 % is a whole number of them."""
ERRS = 0.05
"""How often a trial of appeals that are all alike may say of any that it differs."""
_STEPS = 48
_SMALLEST, _LARGEST = 1e-3, 1e3
_CLOSE = 1e-9


@dataclass(frozen=True, slots=True)
class ArticleDay:
    """What an article came to on one day: how often its appeal's place was in view, and what was given there."""

    article_id: int
    day: date
    shown: int
    outcome: int  # gifts, or minor units of one currency


@dataclass(frozen=True, slots=True)
class Comparison:
    """How another variant did against the first: `ratio` of their rates, with its interval; None: without bound.

    `p` is the share of deals that come out as far apart, both ways, where both are alike.
    """

    ratio: float | None
    low: float
    high: float | None
    p: float
    is_different: bool


def compare(
    plan: Plan,
    days: Iterable[ArticleDay],
    *,
    first: int,
    other: int,
    comparisons: int = 1,
    redraws: int = REDRAWS,
) -> Comparison:
    """Compare the rate of arm `other` with that of arm `first`; of several comparisons each has its share of ERRS.

    So all of them together tell arms apart that are alike no more often than that (Bonferroni).
    """
    drawn = _Deals(plan, days, first, other)
    real, dealt = drawn.real(), drawn.again(redraws)
    tail = ERRS / comparisons / 2
    above, below = _share(dealt, real, 1.0, 1), _share(dealt, real, 1.0, -1)
    brought, lost = real[1], -real[0]
    return Comparison(
        ratio=brought / lost if lost > 0 else None,
        low=_edge(dealt, real, tail, 1) or 0.0,
        high=_edge(dealt, real, tail, -1),
        p=min(1.0, 2 * min(above, below)),
        is_different=min(above, below) <= tail,
    )


Excess = tuple[float, float]
"""What was brought beyond the articles' own rates: the part from days of the first arm, and that of the other's.

With the latter divided by a ratio r, the whole is `first + other / r`; so one deal answers for every ratio.
"""


class _Deals:
    """The blocks of a trial in which both arms stand, and what each day weighs there."""

    def __init__(self, plan: Plan, days: Iterable[ArticleDay], first: int, other: int) -> None:
        self._random = Random(f"{plan.seed}:{first}:{other}")  # noqa: S311 - repeatable by anybody is the point
        self._pairs: list[tuple[Excess, Excess]] = []  # blocks with one day of each: either is the other's
        self._blocks: list[tuple[list[Excess], int]] = []  # all others, with how many days are the other's
        first_sum, other_sum = 0.0, 0.0
        for article_id, of_article in _by_article(days).items():
            for number, block in _weighed(plan, article_id, of_article, first, other).items():
                arms = plan.arms(article_id, number)
                places = [place for place, arm in enumerate(arms) if arm in {first, other}]
                weights = [block.get(place, (0.0, 0.0)) for place in places]
                others = [w for place, w in zip(places, weights, strict=True) if arms[place] == other]
                first_sum += sum(weight[0] for weight in others)
                other_sum += sum(weight[1] for weight in others)
                self._take(weights, len(others))
        self._real = (first_sum, other_sum)

    def _take(self, weights: list[Excess], others: int) -> None:
        if len(weights) == 2 and others == 1:
            self._pairs.append((weights[0], weights[1]))
        else:
            self._blocks.append((weights, others))

    def real(self) -> Excess:
        """As it was."""
        return self._real

    def again(self, times: int) -> list[Excess]:
        """As it would have been, had other days been the other's."""
        of_first = [pair[1][0] - pair[0][0] for pair in self._pairs]
        of_other = [pair[1][1] - pair[0][1] for pair in self._pairs]
        base = (sum(pair[0][0] for pair in self._pairs), sum(pair[0][1] for pair in self._pairs))
        count, found = len(self._pairs), []
        for _time in range(times):
            bits = [bit == "1" for bit in f"{self._random.getrandbits(count):0{count}b}"] if count else []
            one, two = base[0] + sum(compress(of_first, bits)), base[1] + sum(compress(of_other, bits))
            for weights, others in self._blocks:
                for weight in self._random.sample(weights, others):
                    one += weight[0]
                    two += weight[1]
            found.append((one, two))
        return found


def _by_article(days: Iterable[ArticleDay]) -> dict[int, list[ArticleDay]]:
    found: dict[int, list[ArticleDay]] = defaultdict(list)
    for one in sorted(days, key=lambda one: one.day):
        found[one.article_id].append(one)
    return {article_id: found[article_id] for article_id in sorted(found)}


def _weighed(
    plan: Plan, article_id: int, days: Sequence[ArticleDay], first: int, other: int
) -> dict[int, dict[int, Excess]]:
    """What each day of an article brought beyond the article's own rate, by block and place; {} if it brought none."""
    known = [(one, arm) for one in days if (arm := plan.arm(article_id, one.day)) in {first, other}]
    shown = sum(one.shown for one, _arm in known)
    sums = {arm: sum(one.outcome for one, its in known if its == arm) for arm in (first, other)}
    found: dict[int, dict[int, Excess]] = defaultdict(dict)
    if not shown or not any(sums.values()):
        return found
    for one, arm in known:
        number, place = plan.place(one.day)
        share = one.shown / shown
        of_first = (one.outcome if arm == first else 0) - share * sums[first]
        of_other = (one.outcome if arm == other else 0) - share * sums[other]
        found[number][place] = (of_first, of_other)
    return found


def _share(dealt: Sequence[Excess], real: Excess, ratio: float, side: int) -> float:
    """The share of deals (the real one among them) that bring the other arm as much or more; side -1: or less."""
    weight = 1 / ratio
    bar = side * (real[0] + weight * real[1])
    bar -= _CLOSE * (abs(bar) + 1)
    as_far = sum(1 for one, two in dealt if side * (one + weight * two) >= bar)
    return (1 + as_far) / (1 + len(dealt))


def _edge(dealt: Sequence[Excess], real: Excess, tail: float, side: int) -> float | None:
    """The ratio at which the test begins to refuse on one side; None if it refuses nowhere there."""
    low, high = math.log(_SMALLEST), math.log(_LARGEST)
    refused = low if side == 1 else high
    if _share(dealt, real, math.exp(refused), side) > tail:
        return None
    for _step in range(_STEPS):
        middle = (low + high) / 2
        is_refused = _share(dealt, real, math.exp(middle), side) <= tail
        if is_refused == (side == 1):
            low = middle
        else:
            high = middle
    return math.exp((low + high) / 2)
