"""Mails about money on its way back."""

from sqlalchemy.orm import Session

from membership.giving.mail.addressing import queue
from membership.giving.models import Payment, Refund
from membership.money import Money
from membership.patrons.models import Patron


def refund_made(session: Session, *, patron: Patron, payment: Payment, refund: Refund) -> None:
    """Say that money is on its way back, and whether the membership goes on."""
    context = {
        "amount": Money(refund.amount, refund.currency),
        "paid": Money(payment.amount, payment.currency),
        "paid_at": payment.charged_at,
        "is_whole": refund.amount == payment.amount,
    }
    queue(session, patron, kind="refund_made", cause=refund.id, context=context)


def refund_failed(session: Session, *, patron: Patron, payment: Payment, refund: Refund) -> None:
    """Say that money we sent back did not arrive, and that we are looking after it."""
    context = {
        "amount": Money(refund.amount, refund.currency),
        "paid_at": payment.charged_at,
    }
    queue(session, patron, kind="refund_failed", cause=refund.id, context=context)
