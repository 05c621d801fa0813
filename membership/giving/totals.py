"""What is counted before and after an import: active patrons, and recurring a month."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership import clock
from membership.giving.movements import Movement
from membership.patrons import elsewhere, queries


@dataclass(frozen=True, kw_only=True)
class Totals:
    """At one instant: active patrons, those of them who support us elsewhere, recurring a month in twelfths."""

    patrons: int
    elsewhere: int
    recurring: Mapping[str, int]  # by currency, in twelfths of a minor unit


def current(session: Session) -> Totals:
    """The totals as they are now; three queries."""
    now = clock.now()
    query = (
        select(Movement.currency, func.sum(Movement.twelfths))
        .where(Movement.at <= now)
        .group_by(Movement.currency)
        .order_by(Movement.currency)
    )
    return Totals(
        patrons=queries.count_active(session, now),
        elsewhere=elsewhere.count_covered(session, now),
        recurring={currency: int(twelfths) for currency, twelfths in session.execute(query)},
    )
