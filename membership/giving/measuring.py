"""How many months a one-time gift covers: measured by the smallest monthly gift when its checkout was made."""

from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.giving.facts import Payment
from membership.giving.models import Checkout, Interval
from membership.giving.parsing_money import MOST_MONTHS
from membership.newsroom import settings_rows


def months_for(gift: int, smallest_monthly: int) -> int:
    """The calendar months that a gift of so many minor units (covered fee taken off) covers: 1 to 12."""
    return min(max(gift // max(smallest_monthly, 1), 1), MOST_MONTHS)


def measured(session: Session, payment: Payment) -> Payment:
    """The payment with its months, if it is a one-time gift of ours that does not say them itself.

    Without the checkout's row (books rebuilt from Stripe alone) today's smallest monthly gift measures it.
    """
    if payment.months or payment.gift_months or not payment.marked_ours:
        return payment
    checkout = session.execute(
        select(Checkout.smallest_monthly, Checkout.interval, Checkout.gift_months).filter_by(
            public_id=payment.checkout_public_id
        )
    ).first()
    if checkout is not None and checkout.gift_months:
        return replace(payment, gift_months=checkout.gift_months)
    if checkout is not None and checkout.interval is not Interval.ONCE:
        return payment
    if checkout is not None:
        smallest = checkout.smallest_monthly
    else:
        smallest = settings_rows.current(session).smallest(payment.currency, Interval.MONTH)
    return replace(payment, months=months_for(payment.amount - payment.covered_fee, smallest))


def measure_rows(session: Session, rows: list[dict[str, Any]]) -> None:
    """As `measured`, for many new rows of payments at once."""
    unmeasured = [row for row in rows if row["marked_ours"] and not (row["months"] or row["gift_months"])]
    if not unmeasured:
        return
    known = _checkouts(session, sorted({row["checkout_public_id"] for row in unmeasured}))
    newsroom = settings_rows.current(session)
    for row in unmeasured:
        smallest, interval = known.get(row["checkout_public_id"], (None, Interval.ONCE))
        if interval is Interval.ONCE:
            smallest = smallest or newsroom.smallest(row["currency"], Interval.MONTH)
            row["months"] = months_for(row["amount"] - row["covered_fee"], smallest)


def _checkouts(session: Session, public_ids: list[str]) -> dict[str, tuple[int | None, Interval]]:
    found: dict[str, tuple[int | None, Interval]] = {}
    for start in range(0, len(public_ids), 500):
        query = select(Checkout.public_id, Checkout.smallest_monthly, Checkout.interval).where(
            Checkout.public_id.in_(public_ids[start : start + 500])
        )
        found |= {public_id: (smallest, interval) for public_id, smallest, interval in session.execute(query)}
    return found
