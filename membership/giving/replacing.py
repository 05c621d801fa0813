"""The worker's part in replacing gifts: one that surely gives way is read again, its bill voided, and ended.

Commits around each call.
"""

from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock
from membership.accounts.models import SignInSession
from membership.gateway import client, reading
from membership.gateway.client import Gateway
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving import applying, ending, parsing
from membership.giving.models import Replacement, ReplacementState, StripeCustomer, Subscription
from membership.giving.replacements import OPEN, is_out_of_order
from membership.patrons.models import Patron

log = structlog.get_logger(__name__)


def settle_all(session: Session, gateway: Gateway | None = None) -> int:
    """End the old gifts that are surely replaced; how many were ended. Commits for each."""
    open_ = select(Replacement.old_id).where(Replacement.state.in_(OPEN))
    ids = session.scalars(open_.order_by(Replacement.found_at, Replacement.old_id)).all()
    session.rollback()
    done = 0
    for old_id in ids:
        try:
            done += _settle(session, gateway or client.current(), old_id)
        except GatewayUnavailable:
            session.rollback()
            log.warning("replacements_wait", left=len(ids) - done)
            break
    return done


def _settle(session: Session, gateway: Gateway, old_id: str) -> bool:
    row = session.get_one(Replacement, old_id)
    if row.state is not ReplacementState.ENDING:
        if not _is_due(session, row):
            session.rollback()
            return False
        _look_again(session, gateway, old_id)
        row = session.get_one(Replacement, old_id)
        if not _stands(session, row):
            _close(session, row, ReplacementState.OVERTAKEN)
            return False
        row.state = ReplacementState.ENDING
        session.commit()
    try:
        ending.end_now(session, gateway, old_id)
    except GatewayRefused as refused:
        log.warning("replacement_refused", code=refused.code)
        session.rollback()
        _look_again(session, gateway, old_id)
        ended = session.get_one(Subscription, old_id).ended_at is not None
        state = ReplacementState.DONE if ended else ReplacementState.OVERTAKEN
        _close(session, session.get_one(Replacement, old_id), state)
        return ended
    _close(session, session.get_one(Replacement, old_id), ReplacementState.DONE)
    return True


def _is_due(session: Session, row: Replacement) -> bool:
    """Whether the old gift can be looked at: it is sure, or no longer as it was, or the mailbox has answered."""
    if row.state is ReplacementState.SURE or not _stands(session, row):
        return True
    return _was_proven_since(session, session.get_one(Subscription, row.new_id), row.found_at)


def _stands(session: Session, row: Replacement) -> bool:
    """Whether the old gift is still out of order, and the new one still runs."""
    old, new = session.get_one(Subscription, row.old_id), session.get_one(Subscription, row.new_id)
    return is_out_of_order(old) and new.ended_at is None


def _look_again(session: Session, gateway: Gateway, subscription_id: str) -> None:
    """Read a gift at Stripe, so that one that was paid a moment ago is not ended. Commits."""
    session.commit()
    answer = reading.get(gateway, "subscription", subscription_id)
    applying.apply_facts(session, parsing.from_object(answer.body, answer.as_of))
    session.commit()


def _close(session: Session, row: Replacement, state: ReplacementState) -> None:
    row.state, row.settled_at = state, clock.now()
    session.commit()


def _was_proven_since(session: Session, subscription: Subscription, since: datetime) -> bool:
    """Whether somebody has signed in by the patron's mailbox since the new gift."""
    signed_in = (
        select(SignInSession.id)
        .join(Patron, Patron.account_id == SignInSession.account_id)
        .join(StripeCustomer, StripeCustomer.patron_id == Patron.id)
        .where(StripeCustomer.id == subscription.customer_id, SignInSession.created_at >= since)
    )
    return session.scalars(signed_in.limit(1)).first() is not None
