"""Which variant an article shows on a day of a trial: a pure function of seed, article and day. No I/O, no clock.

The days of each article are dealt in blocks, each of which holds every variant (and the hold-back) as often as its
share says, in an order drawn by SHA-256 from the seed, the article's id and the block's number. So each article is its
own comparison, no weekday belongs to a variant, and every machine comes to the same page without asking another.
Source: permuted-block randomization; Matts and Lachin, "Properties of permuted-block randomization in clinical
trials", Controlled Clinical Trials 9 (1988).
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from math import lcm

HOLD_BACK = -1
"""The arm of the days on which nobody is asked; the others are positions of variants, from 0."""


@dataclass(frozen=True)
class Plan:
    """All that the assignment depends on. `hold_back` is in percent of the days."""

    seed: str
    first_day: date
    variants: int
    hold_back: int

    @cached_property
    def block(self) -> tuple[int, ...]:
        """The arms of one block, in no order yet: the shortest that holds each in its share."""
        held = Fraction(self.hold_back, 100)
        each = Fraction(100 - self.hold_back, 100 * self.variants)
        days = lcm(held.denominator, each.denominator)
        asked = [arm for arm in range(self.variants) for _day in range(int(each * days))]
        return (*([HOLD_BACK] * int(held * days)), *asked)

    def place(self, day: date) -> tuple[int, int]:
        """The number of a day's block, and its place within it; the trial's first day is (0, 0)."""
        return divmod((day - self.first_day).days, len(self.block))

    def arms(self, article_id: int, number: int) -> tuple[int, ...]:
        """The arms of an article's block, by their places."""
        drawn = sorted(range(len(self.block)), key=lambda place: self._drawn(article_id, number, place))
        return tuple(arm for _place, arm in sorted(zip(drawn, self.block, strict=True)))

    def arm(self, article_id: int, day: date) -> int:
        """What an article shows on a day: the position of a variant, or HOLD_BACK."""
        number, place = self.place(day)
        return self.arms(article_id, number)[place]

    def _drawn(self, article_id: int, number: int, place: int) -> bytes:
        return hashlib.sha256(f"{self.seed}:{article_id}:{number}:{place}".encode()).digest()
