"""A new gift paid while an old one of the same patron fails or is paused: which gives way to which.

`note` is called when the new one's first payment settles. If it is surely the same person (who had signed in, or paid
with the same card), the worker ends the old one (giving.replacing). Else the patron is mailed two buttons, staff see
it on their desk, and it is done as soon as the mailbox has been proven since.
"""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership import clock, jobs
from membership.giving import gifts
from membership.giving.models import (
    Checkout,
    Invoice,
    InvoicePayment,
    Payment,
    Replacement,
    ReplacementState,
    Subscription,
)

OPEN = (ReplacementState.WAITING, ReplacementState.SURE, ReplacementState.ENDING)


def is_out_of_order(subscription: Subscription) -> bool:
    """Whether a gift gives nothing as it stands: it fails or is paused, and has not ended."""
    return subscription.ended_at is None and (
        subscription.status in gifts.IN_ARREARS or subscription.status == "paused" or subscription.is_paused
    )


def note(session: Session, *, old: Subscription, new: Subscription) -> ReplacementState:
    """Write down that a new gift stands in an old one's place, and what that means. The caller commits."""
    known = session.get(Replacement, old.id)
    if known is not None:
        return known.state
    state = ReplacementState.SURE if _is_same_person(session, old, new) else ReplacementState.WAITING
    session.add(Replacement(old_id=old.id, new_id=new.id, found_at=clock.now(), state=state))
    session.flush()
    jobs.wake(session, "replacements")
    return state


def _is_same_person(session: Session, old: Subscription, new: Subscription) -> bool:
    checkout = session.scalars(select(Checkout).filter_by(public_id=new.checkout_public_id)).one_or_none()
    if checkout is not None and checkout.patron_id is not None:
        return True
    cards = _cards_of(session, old.id)
    return bool(cards & _cards_of(session, new.id))


def _cards_of(session: Session, subscription_id: str) -> set[str]:
    found = session.scalars(
        select(Payment.card_fingerprint)
        .join(InvoicePayment, InvoicePayment.payment_intent_id == Payment.payment_intent_id)
        .join(Invoice, Invoice.id == InvoicePayment.invoice_id)
        .where(Invoice.subscription_id == subscription_id, Payment.card_fingerprint != "")
    )
    return set(found)


def is_replaced(session: Session, subscription_id: str) -> Subscription | None:
    """The new gift in whose favor this one is ended, or None."""
    row = session.get(Replacement, subscription_id)
    if row is None or row.state not in {ReplacementState.ENDING, ReplacementState.DONE}:
        return None
    return session.get(Subscription, row.new_id)


def count_waiting(session: Session) -> int:
    """How many old gifts wait for proof that a new one replaces them."""
    waiting = select(func.count()).select_from(Replacement).filter_by(state=ReplacementState.WAITING)
    return session.scalar(waiting) or 0
