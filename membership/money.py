"""Amounts of money: integer minor units with a currency, parsed strictly, shared out exactly.

No float ever holds money (a rule test reads the syntax tree of every money function). What
people type is read by one documented grammar: ASCII digits, optionally one comma or point
followed by at most as many digits as the currency has, nothing else but surrounding blanks.

Source of the exponents: Stripe, "Supported currencies", zero-decimal and three-decimal lists
(read for API 2026-10-28.endive). ISK and UGX are sent with two decimals but must be whole;
HUF and TWD are taken whole too, since payouts are; the last digit of three-decimal
currencies must be 0.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Self

ZERO_DECIMAL = frozenset(
    "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split()  # noqa: SIM905 - reads as the list it is
)
THREE_DECIMAL = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
WHOLE_UNITS_ONLY = frozenset({"isk", "ugx", "huf", "twd"})

_TYPED = re.compile(r"([0-9]{1,9})(?:[.,]([0-9]{1,3}))?", re.ASCII)
_CODE = re.compile(r"[a-z]{3}", re.ASCII)

STRIPE_LARGEST = 99_999_999
"""The largest amount Stripe takes in one charge, in minor units (eight digits)."""

STRIPE_SMALLEST = {
    code: least
    for least, codes in (
        (30, "gbp"),
        (50, "ars aud brl cad chf cop eur ils inr jpy krw nzd php rub sgd usd zar"),
        (200, "aed myr pln ron"),
        (250, "dkk"),
        (300, "nok sek"),
        (400, "hkd"),
        (1_000, "mxn thb"),
        (1_500, "czk"),
        (17_500, "huf"),
    )
    for code in codes.split()
}
"""The smallest amount Stripe charges, in minor units, where it names one for the currency.

Source: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts. A charge that is paid out in another
currency must reach that one's too, once converted; which it is, only Stripe knows.
"""


class AmountFault(StrEnum):
    """Why an amount was not taken."""

    EMPTY = "empty"
    NOT_A_NUMBER = "not_a_number"
    TOO_MANY_DECIMALS = "too_many_decimals"
    NOT_WHOLE = "not_whole"
    NOT_POSITIVE = "not_positive"
    TOO_LARGE = "too_large"


class AmountError(ValueError):
    """An amount was typed that the grammar or the currency does not allow; `fault` says why."""

    def __init__(self, fault: AmountFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def decimals(currency: str) -> int:
    """How many decimal digits a currency's amounts have: 2 for EUR, 0 for JPY, 3 for KWD."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


@dataclass(frozen=True, order=False, slots=True)
class Money:
    """An amount in a currency's minor unit: `Money(500, "eur")` is 5.00 EUR, `Money(500, "jpy")` 500 JPY.

    Raises:
        ValueError: the currency is not three lower-case letters.
        TypeError: the amount is not an int (a bool is none either).
    """

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not int:
            raise TypeError("money is counted in whole minor units")
        if not _CODE.fullmatch(self.currency):
            raise ValueError(f"not a currency code in lower case: {self.currency!r}")

    def __add__(self, other: Self) -> "Money":
        self._same_currency(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Self) -> "Money":
        self._same_currency(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __lt__(self, other: Self) -> bool:
        self._same_currency(other)
        return self.amount < other.amount

    def __le__(self, other: Self) -> bool:
        self._same_currency(other)
        return self.amount <= other.amount

    def __bool__(self) -> bool:
        return self.amount != 0

    def plain(self) -> str:
        """The amount as digits with a point, as forms and CSV write it: "5.00", "-0.05", "500" for JPY."""
        places = decimals(self.currency)
        digits = str(abs(self.amount)).rjust(places + 1, "0")
        sign = "-" if self.amount < 0 else ""
        return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"

    def _same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} are never added or compared")


def parse(typed: str, currency: str) -> Money:
    """The money that somebody typed, at least one minor unit.

    The grammar is `digits`, or `digits` then `,` or `.` then digits (no thousands marks, no sign, no
    exponent, no digits but 0-9). Blanks around it are dropped.

    Raises:
        AmountError: with the fault; nothing of the text is kept in it.
    """
    text = typed.strip(" \t\u00a0")
    if not text:
        raise AmountError(AmountFault.EMPTY)
    if len(text) > 9 and text.isascii() and text.isdigit():
        raise AmountError(AmountFault.TOO_LARGE)
    match = _TYPED.fullmatch(text)
    if match is None:
        raise AmountError(AmountFault.NOT_A_NUMBER)
    return _from_digits(match.group(1), match.group(2) or "", currency)


def _from_digits(whole: str, part: str, currency: str) -> Money:
    places = decimals(currency)
    if len(part) > places:
        raise AmountError(AmountFault.TOO_MANY_DECIMALS)
    amount = int(whole + part.ljust(places, "0"))
    if amount == 0:
        raise AmountError(AmountFault.NOT_POSITIVE)
    if amount > STRIPE_LARGEST:
        raise AmountError(AmountFault.TOO_LARGE)
    if currency in WHOLE_UNITS_ONLY and amount % 100:
        raise AmountError(AmountFault.NOT_WHOLE)
    if places == 3 and amount % 10:
        raise AmountError(AmountFault.NOT_WHOLE)
    return Money(amount, currency)


def round_to_total(exact: Sequence[Fraction | int]) -> list[int]:
    """Whole numbers near `exact` whose sum is the exact sum rounded half up (largest remainder).

    Printed cells of the reports, kept in twelfths of a minor unit, are rounded with it so that they add up.
    """
    goal = (sum((Fraction(x) for x in exact), Fraction(0)) + Fraction(1, 2)).__floor__()
    parts = [Fraction(x).__floor__() for x in exact]
    rests = [Fraction(x) - part for x, part in zip(exact, parts, strict=True)]
    order = sorted(range(len(parts)), key=lambda i: -rests[i])
    for step in range(goal - sum(parts)):
        parts[order[step % len(order)]] += 1
    return parts


def fee_on(total: int, *, rate: Fraction, fixed: int) -> int:
    """The card fee on `total` minor units under a schedule, rounded half up."""
    return (total * rate + fixed + Fraction(1, 2)).__floor__()


def gross_up(net: int, *, rate: Fraction, fixed: int) -> int:
    """The smallest total, in minor units, of which `net` is left after the fee.

    Raises:
        ValueError: the rate is not within 0 and 1, or an amount is negative.
    """
    if not 0 <= rate < 1 or fixed < 0 or net < 0:
        raise ValueError("a fee schedule has a rate from 0 up to 1 and a fixed part of at least 0")
    total = ((net + fixed) / (1 - rate)).__floor__() - 1
    total = max(total, net)
    while total - fee_on(total, rate=rate, fixed=fixed) < net:
        total += 1
    return total
