"""What an offline gift may say, the same whether it is typed or read from a bank's file. No I/O."""

import re
import unicodedata
from datetime import date

from membership import money
from membership.money import Money

EARLIEST = date(2000, 1, 1)
"""Before that, a year was mistyped."""
MOST_PAYER = 120
MOST_REFERENCE = 140
"""Characters of a bank's reference (ISO 20022 allows 140 of unstructured remittance information)."""
_BLANKS = re.compile(r"\s+")
_NOTHING = re.compile(r"0+(?:[.,]0{0,3})?", re.ASCII)


def reference_key(reference: str) -> str | None:
    """What two spellings of one bank reference have in common: no blanks, one case; None of none."""
    return _BLANKS.sub("", unicodedata.normalize("NFKC", reference)).casefold()[:MOST_REFERENCE] or None


def read_fee(typed: str, amount: Money) -> int:
    """A fee as typed, in minor units of the amount's currency; 0 for nothing, and for 0 in any spelling.

    Raises:
        AmountError: it is no amount.
        ValueError: it is not less than the amount.
    """
    text = typed.strip(" \t\u00a0")
    if not text or _NOTHING.fullmatch(text):
        return 0
    fee = money.parse(text, amount.currency)
    if not fee < amount:
        raise ValueError("a fee takes less than all")
    return fee.amount
