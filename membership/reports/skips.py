"""Payments that patrons have skipped: they stay in the recurring sum, and are shown apart from it.

Each is an invoice that Stripe voided since its patron skips that payment; it stands on the day it was due on, in the
newsroom's time zone. Amounts are in minor units of one currency. One that lies ahead is not among them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, case, func, literal, select
from sqlalchemy.orm import Session

from membership.giving.models import Invoice, StripeCustomer
from membership.patrons.models import Patron
from membership.reports.periods import Month
from membership.reports.rows import FigureRows, found


@dataclass(frozen=True)
class SkipsRow:
    """One month of one currency: how many payments were skipped, and what they would have brought."""

    month: Month
    payments: int = 0
    amount: int = 0


def by_month(session: Session, currency: str, months: Sequence[Month], zone: ZoneInfo) -> list[SkipsRow]:
    """What was skipped in each of consecutive months, months without included; one query."""
    place = case(
        *((Invoice.period_starts_at < month.ends_at(zone), number) for number, month in enumerate(months))
    )
    each = (
        select(place.label("place"), Invoice.amount_due)
        .where(*_skipped(currency, months[0], months[-1], zone))
        .subquery()
    )
    query = select(each.c.place, func.count(), func.sum(each.c.amount_due)).group_by(each.c.place)
    told = {place: (int(payments), int(amount)) for place, payments, amount in session.execute(query)}
    return [SkipsRow(month, *told.get(number, (0, 0))) for number, month in enumerate(months)]


def under(
    session: Session, currency: str, month: Month, zone: ZoneInfo, *, names: bool, page: int | None = 1
) -> FigureRows:
    """The invoices that add up to what was skipped in a month: a page of them, or all (None)."""
    query: Select[Any, Any, Any, Any, Any] = (
        select(
            Invoice.period_starts_at.label("day"),
            literal("skipped").label("kind"),
            Invoice.id,
            Patron,
            Invoice.amount_due.label("amount"),
        )
        .outerjoin(StripeCustomer, StripeCustomer.id == Invoice.customer_id)
        .outerjoin(Patron, Patron.id == StripeCustomer.patron_id)
        .where(*_skipped(currency, month, month, zone))
        .order_by(Invoice.period_starts_at, Invoice.id)
    )
    return found(session, query, names=names, page=page, zone=zone)


def _skipped(currency: str, first: Month, last: Month, zone: ZoneInfo) -> tuple[Any, ...]:
    """The invoices of ours that were skipped in these months."""
    return (
        Invoice.is_skipped,
        Invoice.is_ours,
        Invoice.currency == currency,
        Invoice.period_starts_at >= first.plus(-1).ends_at(zone),
        Invoice.period_starts_at < last.ends_at(zone),
    )
