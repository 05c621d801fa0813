"""Mails about gifts that rest or change their interval, and notices before a charge that was long ago agreed on."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from membership.giving.mail.addressing import cause_of, queue, subscription_context, undo_context
from membership.giving.models import CareAct, Interval, Subscription
from membership.money import Money
from membership.patrons.models import Patron


def gift_paused(
    session: Session, *, patron: Patron, subscription: Subscription, act: CareAct | None = None
) -> None:
    """Confirm that a gift rests, and until when; `resumes_at` of the row is its next charge, or not known.

    `act` is what let it, if that was not the signed-in patron; here and below the mail then undoes it.
    """
    queue(
        session,
        patron,
        kind="gift_paused",
        cause=cause_of(subscription, act),
        context={
            **subscription_context(subscription),
            "resumes_at": subscription.resumes_at,
            "resume_path": f"/patron/gifts/{subscription.id}/resumption",
            **undo_context(session, patron, act),
        },
        about=f"subscription:{subscription.id}",
    )


def payment_skipped(
    session: Session, *, patron: Patron, subscription: Subscription, act: CareAct | None = None
) -> None:
    """Confirm that the payment due at the end of the row's period is skipped, and when the next one comes."""
    queue(
        session,
        patron,
        kind="payment_skipped",
        cause=cause_of(subscription, act),
        context={
            **subscription_context(subscription),
            "skipped_at": subscription.period_ends_at,
            "resume_path": f"/patron/gifts/{subscription.id}/resumption",
            **undo_context(session, patron, act),
        },
        about=f"subscription:{subscription.id}",
    )


def interval_changed(
    session: Session, *, patron: Patron, subscription: Subscription, before: Money, was: Interval
) -> None:
    """Confirm another interval, its amount, and from when on it is charged."""
    queue(
        session,
        patron,
        kind="interval_changed",
        cause=f"{subscription.id}:{subscription.as_of:%Y%m%dT%H%M%S}",
        context={**subscription_context(subscription), "before": before, "was": was},
        about=f"subscription:{subscription.id}",
    )


def yearly_charge_ahead(
    session: Session, *, patron: Patron, subscription: Subscription, charge_at: datetime
) -> None:
    """Say two weeks before that a yearly gift is charged; of no use once it has been."""
    queue(
        session,
        patron,
        kind="yearly_charge_ahead",
        cause=f"{subscription.id}:{charge_at:%Y%m%d}",
        context={**subscription_context(subscription), "charge_at": charge_at, "manage_path": "/patron"},
        about=f"subscription:{subscription.id}",
        expires_at=charge_at,
    )


def gift_resumes(
    session: Session, *, patron: Patron, subscription: Subscription, charge_at: datetime
) -> None:
    """Say a week before that a paused gift goes on and is charged; of no use once it has been."""
    queue(
        session,
        patron,
        kind="gift_resumes",
        cause=f"{subscription.id}:{charge_at:%Y%m%d}",
        context={**subscription_context(subscription), "charge_at": charge_at, "manage_path": "/patron"},
        about=f"subscription:{subscription.id}",
        expires_at=charge_at + timedelta(days=1),
    )
