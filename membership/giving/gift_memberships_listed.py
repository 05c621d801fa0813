"""Memberships for others in lists: all that were paid for, a page at a time; those that a patron was given."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership import clock
from membership.giving import gift_memberships
from membership.giving.models import Checkout, GiftMembership, Owner, Payment, StripeCustomer
from membership.patrons import standing
from membership.patrons.models import Coverage, Source

PAGE = 50
STATES = ("", "waiting", "claimed")
"""What a list may be narrowed to: all, not claimed while there is time, claimed."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A membership in a list: who paid when, how it stands, and its last day once it has begun."""

    gift: GiftMembership
    state: str
    payment_id: str
    paid_at: datetime
    giver_id: int | None
    last_day: datetime | None


@dataclass(frozen=True)
class Found:
    """One page of memberships; `older` is the id to go on from, or 0."""

    lines: list[Line]
    older: int


def page(session: Session, *, state: str = "", before: int = 0) -> Found:
    """Memberships that were paid for, the last bought first; `before` is the id that the page goes on from."""
    first_paid = (
        select(Payment.id)
        .where(Payment.checkout_public_id == Checkout.public_id, Payment.owner == Owner.OURS)
        .order_by(Payment.charged_at, Payment.id)
        .limit(1)
        .correlate(Checkout)
        .scalar_subquery()
    )
    query = (
        select(GiftMembership, Payment.id, Payment.charged_at, StripeCustomer.patron_id)
        .join(Checkout, Checkout.id == GiftMembership.checkout_id)
        .join(Payment, Payment.id == first_paid)
        .outerjoin(StripeCustomer, StripeCustomer.id == Payment.customer_id)
        .order_by(GiftMembership.id.desc())
        .limit(PAGE + 1)
    )
    if state == "claimed":
        query = query.where(GiftMembership.claimed_at.is_not(None))
    elif state == "waiting":
        query = query.where(GiftMembership.claimed_at.is_(None), GiftMembership.claim_before > clock.now())
    if before:
        query = query.where(GiftMembership.id < before)
    rows = session.execute(query).all()
    shown = rows[:PAGE]
    gifts = [row[0] for row in shown]
    states, last_days = gift_memberships.states_of(session, gifts), last_days_of(session, gifts)
    lines = [
        Line(
            gift=gift,
            state=told.value,
            payment_id=payment_id,
            paid_at=paid_at,
            giver_id=giver_id,
            last_day=last_days.get(gift.public_id),
        )
        for (gift, payment_id, paid_at, giver_id), told in zip(shown, states, strict=True)
    ]
    return Found(lines, gifts[-1].id if len(rows) > PAGE else 0)


def last_days_of(session: Session, gifts: Sequence[GiftMembership]) -> dict[str, datetime]:
    """An instant on the last day of what each covers, by public id; only of those that cover anything. One query."""
    keys = [gift.public_id for gift in gifts if gift.claimed_at is not None]
    query = (
        select(Coverage.source_key, func.max(Coverage.ends_at))
        .where(Coverage.source == Source.GIFT, Coverage.source_key.in_(keys))
        .group_by(Coverage.source_key)
    )
    return {key: standing.last_instant(ends_at) for key, ends_at in session.execute(query)}


def received_by(session: Session, patron_id: int) -> list[tuple[GiftMembership, datetime]]:
    """The memberships that a patron was given and that cover now or later, with their last day."""
    query = select(GiftMembership).filter_by(claimed_by_id=patron_id).order_by(GiftMembership.claimed_at)
    gifts = session.scalars(query).all()
    last_days, now = last_days_of(session, gifts), clock.now()
    return [(gift, last_days[gift.public_id]) for gift in gifts if last_days.get(gift.public_id, now) > now]
