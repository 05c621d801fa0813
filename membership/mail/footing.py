"""What stands under a mail to somebody who gives: the way to look after the gift, without signing in.

The gifts are known on a higher floor, which registers here who tells of them (as handlers of due rows do). A mail says
for whom it is by `outbox.queue(…, care_for=account id)`; the id is not kept with the mail.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from membership.money import Money


@dataclass(frozen=True, kw_only=True)
class Care:
    """One gift that goes on, as the foot of a mail says it: amount, next date, and a link to look after it."""

    money: Money
    interval: str
    next_charge_at: datetime | None  # None: nothing more will be charged
    ends_at: datetime | None
    is_paused: bool = False
    path: str  # of this site, without the prefix of a language


Teller = Callable[[Session, int, Sequence[str]], Sequence[Care]]
_tellers: list[Teller] = []


def teller(function: Teller) -> Teller:
    """Register who tells of the gifts of an account."""
    _tellers.append(function)
    return function


def of_account(session: Session, account_id: int | None, about: Sequence[str] = ()) -> list[Care]:
    """What stands under a mail for this account; nothing for None. Writes the links' rows; the caller commits.

    `about` are ids of gifts that the mail itself says are running, though our books may not yet.
    """
    if account_id is None:
        return []
    return [care for tell in _tellers for care in tell(session, account_id, about)]
