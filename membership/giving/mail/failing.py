"""Mails about a renewal that was not paid."""

from datetime import datetime

from sqlalchemy.orm import Session

from membership.giving.mail.addressing import care_path, queue, subscription_context, support_path
from membership.giving.models import CarePurpose, Invoice, Subscription
from membership.mail import outbox
from membership.money import Money
from membership.patrons.models import Patron

FAILURE_DAYS = (0, 3, 7, 21)
"""On which days after the first failed charge a patron is told, until it is mended."""


def payment_failed(
    session: Session,
    *,
    patron: Patron,
    subscription: Subscription,
    invoice: Invoice,
    day: int,
    ends_at: datetime,
) -> None:
    """Say, on `day` (one of FAILURE_DAYS) after the first failure, that a renewal was not paid and how to mend it.

    Where the bank wants to ask the patron something first, the way leads to Stripe's page of the bill, which lets
    it. `ends_at` is the end of grace. Queued mails of this kind are withdrawn by `withdraw_failures` once it is paid.
    """
    queue(
        session,
        patron,
        kind="payment_failed",
        cause=f"{invoice.id}:{day}",
        context={
            **subscription_context(subscription),
            "amount": Money(invoice.amount_due, invoice.currency),
            "is_first": day == 0,
            "is_last": day == FAILURE_DAYS[-1],
            "ends_at": ends_at,
            "next_try_at": invoice.next_attempt_at,
            "bank_url": invoice.hosted_url if invoice.action_required_at is not None else "",
            "mend_path": care_path(session, patron, subscription, CarePurpose.CARD),
            "stop_path": care_path(session, patron, subscription, CarePurpose.CANCEL),
        },
        about=about(invoice.id),
        expires_at=ends_at,
    )


def about(invoice_id: str) -> str:
    """By what the mails about one open bill are found in the outbox."""
    return f"invoice:{invoice_id}"


def withdraw_failures(session: Session, invoice_id: str) -> None:
    """Withdraw what is queued about a failed renewal that has been paid after all."""
    outbox.cancel(session, about(invoice_id), kinds=["giving/payment_failed"])


def card_expiring(session: Session, *, patron: Patron, subscription: Subscription, expires: str) -> None:
    """Say that the card of a gift runs out with the month `expires` ("2027-03"), and how to give a new one."""
    queue(
        session,
        patron,
        kind="card_expiring",
        cause=f"{subscription.id}:{expires}",
        context={
            **subscription_context(subscription),
            "expires": f"{expires[5:]}/{expires[:4]}",
            "card_path": care_path(session, patron, subscription, CarePurpose.CARD),
        },
        about=f"subscription:{subscription.id}",
    )


def membership_ended(
    session: Session, *, patron: Patron, subscription: Subscription, ended_at: datetime
) -> None:
    """Say that support has ended because its renewal could not be paid, with thanks and a way back."""
    context = {
        **subscription_context(subscription),
        "ended_at": ended_at,
        "support_path": support_path(subscription),
    }
    queue(
        session,
        patron,
        kind="membership_ended",
        cause=f"{subscription.id}:{ended_at:%Y%m%d}",
        context=context,
    )
