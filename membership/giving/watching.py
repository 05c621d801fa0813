"""Payments that wait for a person: refunds that did not arrive, warnings of fraud that nobody has answered."""

from datetime import timedelta

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from membership import clock
from membership.giving.models import Dispute, Owner, Payment, Refund

WAITS_FOR = timedelta(days=60)
"""After that, a warning that led to nothing waits no more: a bank's time to dispute is mostly over."""


def refund_failed() -> ColumnElement[bool]:
    """In SQL, beside Payment: the newest refund of it has failed, so its money is still here."""
    later = aliased(Refund)
    newer = exists().where(
        later.charge_id == Refund.charge_id,
        later.created > Refund.created,
        later.status.in_(("pending", "succeeded", "requires_action")),
    )
    return exists().where(Refund.charge_id == Payment.id, Refund.status == "failed", ~newer)


def is_warned_of() -> ColumnElement[bool]:
    """In SQL, beside Payment: the bank warned of fraud, and nothing of the payment has gone back yet."""
    return and_(
        Payment.has_fraud_warning,
        Payment.settled_at > clock.now() - WAITS_FOR,
        ~exists().where(Refund.charge_id == Payment.id, Refund.status.in_(("pending", "succeeded"))),
        ~exists().where(Dispute.charge_id == Payment.id),
    )


def count(session: Session, condition: ColumnElement[bool]) -> int:
    """How many payments of ours wait so."""
    counted = select(func.count()).select_from(Payment).where(Payment.owner == Owner.OURS, condition)
    return session.scalar(counted) or 0
