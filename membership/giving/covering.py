"""Covering the fee: what a giver adds so that the whole gift is left after the usual card fee."""

from fractions import Fraction

from membership import money
from membership.money import Money


def total(gift: Money, *, rate: Fraction, fixed: int) -> Money:
    """The smallest amount that can be charged and leaves the gift whole under a fee schedule.

    `fixed` is in minor units. Currencies that are charged in whole units only are rounded up to one.
    """
    smallest = step(gift.currency)
    exact = money.gross_up(gift.amount, rate=rate, fixed=fixed)
    return Money(-(-exact // smallest) * smallest, gift.currency)


def step(currency: str) -> int:
    """The smallest difference between two amounts that can be charged, in minor units."""
    if currency in money.WHOLE_UNITS_ONLY:
        return 100
    return 10 if money.decimals(currency) == 3 else 1
