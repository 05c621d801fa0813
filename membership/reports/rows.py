"""The rows under a figure: the ledger entries or movements that it is the sum of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from membership.giving.ledger import Book, LedgerEntry, LedgerLine
from membership.giving.models import OfflineGift, Payment, StripeCustomer
from membership.giving.movements import Movement, MovementKind
from membership.patrons.models import Patron, Visibility
from membership.reports import income, recurring
from membership.reports.periods import Month

BOOKS = {
    "gross": Book.GIFTS,
    "offline": Book.GIFTS,
    "refunded": Book.REFUNDED,
    "disputed": Book.DISPUTED,
    "fees": Book.FEES,
}
KINDS = dict(recurring.STEPS)
MOST_ROWS = 500
"""How many rows a page shows."""


@dataclass(frozen=True)
class FigureRow:
    """One row: its day, what it is, the Stripe id, whose, and the signed amount in the figure's unit.

    `patron` is a public id; `name` is empty for who may not see patrons, and for patrons who want to stay secret.
    """

    day: date
    kind: str
    stripe_id: str
    patron: str
    name: str
    amount: int


@dataclass(frozen=True)
class FigureRows:
    """Some rows under a figure, and what all of them come to: their sum is the figure."""

    rows: list[FigureRow]
    total: int
    count: int


def under_income(
    session: Session,
    figure: str,
    currency: str,
    month: Month,
    *,
    names: bool,
    sealed: bool = False,
    page: int | None = 1,
) -> FigureRows:
    """The ledger lines that add up to a figure of the income report, in minor units: a page of them, or all (None)."""
    day, book = income.day_of(sealed=sealed), BOOKS[figure]
    sign = -1 if book is Book.GIFTS else 1
    query = (
        select(
            day.label("day"),
            LedgerEntry.kind,
            LedgerEntry.stripe_id,
            Patron,
            (sign * LedgerLine.amount).label("amount"),
        )
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .outerjoin(Payment, Payment.id == LedgerEntry.payment_id)
        .outerjoin(StripeCustomer, StripeCustomer.id == Payment.customer_id)
        .outerjoin(
            OfflineGift,
            and_(LedgerEntry.kind.in_(income.NOT_STRIPE), OfflineGift.public_id == LedgerEntry.stripe_id),
        )
        .outerjoin(Patron, Patron.id == func.coalesce(StripeCustomer.patron_id, OfflineGift.patron_id))
        .where(
            LedgerLine.book == book,
            LedgerLine.currency == currency,
            day >= month.first,
            day < month.next.first,
        )
        .order_by(day, LedgerEntry.id)
    )
    if figure == "offline":
        query = query.where(LedgerEntry.kind.in_(income.NOT_STRIPE))
    if book is Book.FEES:
        query = query.where(or_(Payment.currency == currency, LedgerEntry.kind.in_(income.NOT_STRIPE)))
    return found(session, query, names=names, page=page)


def under_bridge(
    session: Session,
    figure: str,
    currency: str,
    month: Month,
    *,
    names: bool,
    sealed: bool = False,
    page: int | None = 1,
) -> FigureRows:
    """The movements that add up to a step of the bridge, in twelfths of a minor unit: a page of them, or all (None)."""
    day = recurring.day_of(sealed=sealed)
    query = (
        select(
            day.label("day"),
            Movement.kind,
            Movement.subscription_id,
            Patron,
            Movement.twelfths.label("amount"),
        )
        .join(Patron, Patron.id == Movement.patron_id)
        .where(
            Movement.kind.in_(KINDS[figure]),
            Movement.currency == currency,
            day >= month.first,
            day < month.next.first,
        )
        .order_by(day, Movement.id)
    )
    return found(session, query, names=names, page=page)


def found(
    session: Session,
    query: Select[Any, Any, Any, Any, Any],
    *,
    names: bool,
    page: int | None,
    zone: ZoneInfo | None = None,
) -> FigureRows:
    """The rows of a query of (day, kind, Stripe id, Patron, amount): a page of them, or all (None), and their sum.

    Where its days are instants, `zone` is in which they have their day.
    """
    amounts = query.with_only_columns(query.selected_columns.amount).order_by(None).subquery()
    total, count = session.execute(
        select(func.coalesce(func.sum(amounts.c.amount), 0), func.count()).select_from(amounts)
    ).one()
    if page is not None:
        query = query.limit(MOST_ROWS).offset((page - 1) * MOST_ROWS)
    rows = [
        FigureRow(
            on.astimezone(zone).date() if zone else on,
            str(kind),
            stripe_id,
            *who(patron, names=names),
            int(amount),  # a sum is a decimal on PostgreSQL
        )
        for on, kind, stripe_id, patron, amount in session.execute(query)
    ]
    return FigureRows(rows, int(total), count)


def count_under_bridge(session: Session, kinds: Sequence[MovementKind], currency: str, month: Month) -> int:
    """How many patrons moved so in a month."""
    return session.scalars(
        select(func.count(Movement.patron_id.distinct())).where(
            Movement.kind.in_(kinds),
            Movement.currency == currency,
            Movement.effective_on >= month.first,
            Movement.effective_on < month.next.first,
        )
    ).one()


def who(patron: Patron | None, *, names: bool) -> tuple[str, str]:
    """A patron's public id, and the name where it may be shown; "" for none."""
    if patron is None:
        return "", ""
    shown = names and patron.visibility is not Visibility.SECRET
    return patron.public_id, patron.name if shown else ""
