"""What `membership doctor` looks for in what gifts are credited to (N12): daily totals equal to a full recount."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.appeals.totals import DailyGifts
from membership.giving import origins
from membership.giving.checking_money import red
from membership.giving.ledger import Book, LedgerEntry, LedgerLine
from membership.giving.slot_credits import SlotCredit
from membership.newsroom.findings import Check, Finding

REDERIVE = "membership reconcile"


def credits_are_the_ledgers(session: Session) -> list[Finding]:
    """N12: what each checkout with a slot is credited with is what the ledger has kept of its payments."""
    origin = origins.of_payments()
    key = origin.c.checkout, origin.c.customer_id, LedgerLine.currency
    kept = (
        select(*key, func.sum(-LedgerLine.amount))
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .join(origin, origin.c.payment_id == LedgerEntry.payment_id)
        .where(
            LedgerLine.book.in_((Book.GIFTS, Book.REFUNDED, Book.DISPUTED)), origin.c.showing_id.is_not(None)
        )
        .group_by(*key)
    )
    credited = select(
        SlotCredit.checkout_public_id, SlotCredit.customer_id, SlotCredit.currency, SlotCredit.amount
    )
    return red(
        "N12", "Gifts are not credited as the ledger has them.", _different(session, kept, credited), REDERIVE
    )


def totals_are_the_credits(session: Session) -> list[Finding]:
    """N12: the daily totals of every slot are the sums of what is credited to it."""
    key = SlotCredit.showing_id, SlotCredit.day, SlotCredit.currency
    summed = select(*key, func.sum(SlotCredit.gifts), func.sum(SlotCredit.amount)).group_by(*key)
    told = select(
        DailyGifts.showing_id, DailyGifts.day, DailyGifts.currency, DailyGifts.gifts, DailyGifts.amount
    )
    return red(
        "N12",
        "Daily totals of appeals are not the sum of their gifts.",
        _different(session, summed, told),
        "",
    )


def _different(session: Session, one: Any, other: Any) -> list[str]:  # noqa: ANN401 - two queries of equal columns
    """The first columns of the rows that only one of two queries has; sums that came to nothing count for none."""
    sides = [{tuple(row) for row in session.execute(query) if any(row[3:])} for query in (one, other)]
    return sorted({str(row[0]) for row in sides[0] ^ sides[1]})


CHECKS: tuple[Check, ...] = (credits_are_the_ledgers, totals_are_the_credits)
"""The checks of what gifts are credited to."""
