"""Mails that confirm a change of a gift, or of the address its mails go to."""

from datetime import datetime

from sqlalchemy.orm import Session

from membership import clock
from membership.giving.mail.addressing import (
    care_path,
    cause_of,
    prefix,
    queue,
    subscription_context,
    support_path,
    undo_context,
)
from membership.giving.models import CareAct, CarePurpose, Checkout, Subscription
from membership.mail import outbox
from membership.money import Money
from membership.patrons.models import Patron


def gift_canceled(
    session: Session, *, patron: Patron, subscription: Subscription, act: CareAct | None = None
) -> None:
    """Confirm that a gift will not renew, and until when it lasts. Called when it becomes set to end.

    `act` is what let it, if that was not the signed-in patron; here and below the mail then undoes it.
    """
    has_ended = subscription.ended_at is not None
    if act is not None and has_ended:  # what has ended cannot be put back
        act.told_at, act = clock.now(), None
    ends_at = subscription.cancel_at or subscription.ended_at or subscription.period_ends_at
    said_at = subscription.canceled_at or subscription.as_of
    queue(
        session,
        patron,
        kind="gift_canceled",
        cause=f"{subscription.id}:{said_at:%Y%m%dT%H%M%S}",
        context={
            **subscription_context(subscription),
            "ends_at": ends_at,
            "has_ended": has_ended,
            "support_path": support_path(subscription),
            "resume_path": ""
            if act is not None or has_ended
            else care_path(session, patron, subscription, CarePurpose.RESUME),
            **undo_context(session, patron, act),
        },
        about=f"subscription:{subscription.id}",
    )


def gift_resumed(
    session: Session,
    *,
    patron: Patron,
    subscription: Subscription,
    canceled_at: datetime,
    act: CareAct | None = None,
) -> None:
    """Confirm that a gift goes on after all; `canceled_at` is when what is undone (an end, a rest) was said."""
    queue(
        session,
        patron,
        kind="gift_resumed",
        cause=cause_of(subscription, act, canceled_at),
        context={**subscription_context(subscription), **undo_context(session, patron, act)},
        about=f"subscription:{subscription.id}",
    )


def amount_changed(
    session: Session,
    *,
    patron: Patron,
    subscription: Subscription,
    before: Money,
    cause: str = "",
    act: CareAct | None = None,
) -> None:
    """Confirm a new amount and from when it is charged. `cause` names the change (an event's id) if it has a name."""
    cause = cause or (f"act:{act.public_id}" if act is not None else "")
    key = cause or f"{before.amount}:{subscription.amount}:{subscription.as_of:%Y%m%dT%H}"
    queue(
        session,
        patron,
        kind="amount_changed",
        cause=f"{subscription.id}:{key}",
        context={
            **subscription_context(subscription),
            "before": before,
            **undo_context(session, patron, act),
        },
    )


def second_subscription(
    session: Session, *, patron: Patron, first: Subscription, second: Subscription
) -> None:
    """Tell a patron that two gifts are now running, with a button to keep only either or both."""
    context: dict[str, object] = {
        "first": subscription_context(first),
        "second": subscription_context(second),
        "first_end_path": care_path(session, patron, first, CarePurpose.CANCEL),
        "second_end_path": care_path(session, patron, second, CarePurpose.CANCEL),
    }
    queue(session, patron, kind="second_subscription", cause=second.id, context=context)


def address_corrected(session: Session, *, to: str, checkout: Checkout) -> None:
    """Tell the address that was typed first that a gift's mails go elsewhere now; it names no new address."""
    outbox.queue(
        session,
        kind="giving/address_corrected",
        to=to,
        language=checkout.language,
        dedupe_key=f"address_corrected:{checkout.public_id}",
        context={
            "at": checkout.email_corrected_at or clock.now(),
            "prefix": prefix(session, checkout.language),
        },
    )


def card_page_opened(session: Session, *, patron: Patron, subscription: Subscription) -> None:
    """Say that a link in one of our mails has opened Stripe's page for the card, which undoing cannot close."""
    queue(
        session,
        patron,
        kind="card_page_opened",
        cause=f"{subscription.id}:{clock.now():%Y%m%dT%H%M%S}",
        context={
            **subscription_context(subscription),
            "card_path": care_path(session, patron, subscription, CarePurpose.CARD),
        },
        about=f"subscription:{subscription.id}",
    )


def gift_replaced(session: Session, *, patron: Patron, old: Subscription, new: Subscription) -> None:
    """Say that a gift that could not be charged, or was paused, has been ended since a new one stands in its place."""
    queue(
        session,
        patron,
        kind="gift_replaced",
        cause=old.id,
        context={"old": subscription_context(old), **subscription_context(new)},
    )
