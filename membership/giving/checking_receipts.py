"""What `membership doctor` looks for in receipts (R20); each check only reads."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.giving.checking_money import amber, red
from membership.giving.models import Owner, Payment, Receipt, ReceiptSource, ReceiptYear
from membership.newsroom.findings import Check, Finding


def numbers_have_no_gap(session: Session) -> list[Finding]:
    """R20: the numbers of a year run from 1 to the last one given out."""
    count, newest = func.count(Receipt.id), func.coalesce(func.max(Receipt.number), 0)
    query = (
        select(ReceiptYear.year)
        .outerjoin(Receipt, Receipt.year == ReceiptYear.year)
        .group_by(ReceiptYear.year, ReceiptYear.last_number)
        .having((count != ReceiptYear.last_number) | (newest != ReceiptYear.last_number))
    )
    return red("R20", "The receipts of these years have gaps.", session.scalars(query).all(), "")


def gifts_have_receipts(session: Session) -> list[Finding]:
    """R20: every payment of ours has its receipt."""
    receipt = select(Receipt.id).where(
        Receipt.source == ReceiptSource.PAYMENT, Receipt.source_key == Payment.id
    )
    query = select(Payment.id).where(Payment.owner == Owner.OURS, ~receipt.exists())
    return amber(
        "R20", "Payments have no receipt yet.", session.scalars(query).all(), "membership receipts issue"
    )


def receipts_say_what_was_paid(session: Session) -> list[Finding]:
    """R20: a receipt has the amount of its payment."""
    query = (
        select(Receipt.id)
        .join(Payment, Payment.id == Receipt.source_key)
        .where(
            Receipt.source == ReceiptSource.PAYMENT,
            (Receipt.amount != Payment.amount) | (Receipt.currency != Payment.currency),
        )
    )
    return red("R20", "Receipts differ from the payments they are for.", session.scalars(query).all(), "")


CHECKS: tuple[Check, ...] = (numbers_have_no_gap, gifts_have_receipts, receipts_say_what_was_paid)
"""The checks of receipts."""
