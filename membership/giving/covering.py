"""Covering the fee: what a giver adds so that the whole gift is left after the usual card fee."""

from collections.abc import Sequence
from fractions import Fraction

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from membership import money
from membership.giving.models import Invoice, InvoicePayment, Payment
from membership.money import Money
from membership.newsroom.settings_rows import NewsroomSettings


def total(gift: Money, *, rate: Fraction, fixed: int) -> Money:
    """The smallest amount that can be charged and leaves the gift whole under a fee schedule.

    `fixed` is in minor units. Currencies that are charged in whole units only are rounded up to one.
    """
    smallest = step(gift.currency)
    exact = money.gross_up(gift.amount, rate=rate, fixed=fixed)
    return Money(-(-exact // smallest) * smallest, gift.currency)


def with_fee(gift: Money, newsroom: NewsroomSettings) -> Money:
    """A gift with the usual card fee on top, by the newsroom's fee schedule."""
    rate, fixed = newsroom.fee_rate(gift.currency)
    return total(gift, rate=rate, fixed=fixed)


def offer(gift: Money | None, newsroom: NewsroomSettings) -> dict[str, Money] | None:
    """What covering the fee would add to a gift (`extra`), and what would be charged then (`total`)."""
    if gift is None:
        return None
    whole = with_fee(gift, newsroom)
    return {"extra": whole - gift, "total": whole}


def step(currency: str) -> int:
    """The smallest difference between two amounts that can be charged, in minor units."""
    if currency in money.WHOLE_UNITS_ONLY:
        return 100
    return 10 if money.decimals(currency) == 3 else 1


def of_payment() -> ColumnElement[int]:
    """In SQL, beside Payment: what its patron added to cover the fee, in minor units.

    A one-time gift's charge says so itself; for a gift that renews it stands on the invoice that the charge paid.
    """
    of_invoice = (
        select(func.max(Invoice.covered_fee))
        .join(InvoicePayment, InvoicePayment.invoice_id == Invoice.id)
        .where(InvoicePayment.payment_intent_id == Payment.payment_intent_id)
        .correlate(Payment)
        .scalar_subquery()
    )
    return func.coalesce(func.nullif(Payment.covered_fee, 0), of_invoice, 0)


def of_payments(session: Session, payment_ids: Sequence[str]) -> dict[str, int]:
    """What was added to each of some payments; one query."""
    found = session.execute(select(Payment.id, of_payment()).where(Payment.id.in_(payment_ids)))
    return {payment_id: int(covered) for payment_id, covered in found}
