"""What a platform's file says of one member, and what it says of a row that is not taken."""

import re
from dataclasses import dataclass
from datetime import date

from membership.web import emails

MOST_NAME = 120
_DAY = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})(?:[T ].*)?", re.ASCII)
_DOTTED = re.compile(r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})", re.ASCII)
_YES, _NO = frozenset({"true", "yes", "1", "on", "так"}), frozenset({"", "false", "no", "0", "off", "ні"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A member, as far as a file tells; `row` is the row a spreadsheet shows, the header being row 1."""

    row: int
    email: str  # canonical; "" where only Stripe knows it
    name: str = ""
    language: str = ""
    platform: str = ""
    paid_through: date | None = None  # the last day
    customer_id: str = ""  # at Stripe
    wants_mail: bool = True


@dataclass(frozen=True, slots=True)
class Left:
    """Something that is not taken: the row of a file or an id of Stripe's, and why. Never an address or a name."""

    name: int | str
    reason: str
    customer_id: str = ""  # whose it is at Stripe


Told = Member | Left


class RowError(ValueError):
    """A row cannot be taken; its text says why."""


def address(typed: str) -> str:
    """The address of a cell, in its one spelling.

    Raises:
        RowError: there is none, or it is none.
    """
    if not typed:
        raise RowError("it has no e-mail address")
    try:
        return emails.canonical(typed)
    except emails.AddressError:
        raise RowError("its e-mail address is none that can be written to") from None


def name(typed: str) -> str:
    """A name on one line, without control characters, cut where it is too long to be one."""
    return "".join(letter for letter in " ".join(typed.split()) if letter.isprintable())[:MOST_NAME].strip()


def day(typed: str, what: str) -> date | None:
    """The day of a cell: 2026-11-22 (a time after it is left out) or 22.11.2026; None where it is empty.

    Raises:
        RowError: it is no such day. 11/12/2026 is two days, so it is none.
    """
    if not typed:
        return None
    match = _DAY.fullmatch(typed) or _DOTTED.fullmatch(typed)
    try:
        if match:
            return date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        pass
    raise RowError(f"its {what} is no day like 2026-11-22")


def is_yes(typed: str, what: str) -> bool:
    """Whether a cell says yes; an empty one says no.

    Raises:
        RowError: it says neither.
    """
    said = typed.casefold()
    if said in _YES | _NO:
        return said in _YES
    raise RowError(f"its {what} is neither true nor false")
