"""Writes whose answer was lost: read back what Stripe made of them, and say so on their rows. Nothing is sent again.

What Stripe does not let us look for waits, as it does while Stripe cannot be reached. Sessions that are to be closed
are not here: closing is asked for until it is done (card_testing.end_all). Commits for each.
"""

from collections.abc import Callable
from datetime import timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock
from membership.gateway import checkouts as sessions
from membership.gateway import client, reading, refunds, subscriptions
from membership.gateway.client import Answer, Gateway
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving import applying, closing, opening, outgoing, parsing
from membership.giving.models import CallState, Checkout, OutgoingCall

log = structlog.get_logger(__name__)

LOOK_AFTER = timedelta(minutes=2)
"""A call younger than this may still be waiting for its answer."""

GIVE_UP_AFTER = timedelta(hours=1)
"""What Stripe knows nothing of by then was never done."""

MOST = 100

Reader = Callable[[Gateway, OutgoingCall], Answer | None]


def settle_all(session: Session) -> int:
    """Settle every write whose outcome is not known; how many were settled. Commits for each."""
    before = clock.now() - LOOK_AFTER
    ids = session.scalars(
        select(OutgoingCall.id)
        .where(
            OutgoingCall.state.in_((CallState.PENDING, CallState.UNKNOWN)),
            OutgoingCall.created_at < before,
            OutgoingCall.kind != closing.KIND,
        )
        .order_by(OutgoingCall.id)
        .limit(MOST)
    ).all()
    session.rollback()
    settled = 0
    for call_id in ids:
        try:
            settled += settle(session, client.current(), call_id)
        except GatewayUnavailable:
            log.warning("unanswered_calls_wait", left=len(ids) - settled)
            break
    return settled


def settle(session: Session, gateway: Gateway, call_id: int) -> bool:
    """Read one write's outcome back; whether it is known now. Commits.

    Raises:
        GatewayUnavailable: Stripe cannot be asked.
    """
    call = session.get_one(OutgoingCall, call_id)
    is_change = call.kind.startswith("subscription.")
    read = _subscription_changed if is_change else _READERS.get(call.kind, _nothing)
    session.expunge(call)
    session.rollback()
    try:
        answer = read(gateway, call)
    except GatewayRefused as refused:
        log.warning("unanswered_call_unread", call=call_id, code=refused.code, waits=not refused.is_missing)
        if not refused.is_missing:
            return False  # a key without the right to look says nothing of what was done
        answer = None
    return _note(session, call_id, answer)


def _note(session: Session, call_id: int, answer: Answer | None) -> bool:
    call = session.get_one(OutgoingCall, call_id)
    if answer is not None:
        call.state, call.result_id, call.error = CallState.DONE, answer.id, ""
        _follow(session, call, answer)
    elif call.kind == "portal.open" or _is_overwritten(session, call):
        call.state, call.error = CallState.LOST, "nothing at Stripe says whether it was done"
    elif call.created_at < clock.now() - GIVE_UP_AFTER:
        call.state, call.error = CallState.REFUSED, outgoing.NEVER_REACHED
    session.commit()
    return call.state in {CallState.DONE, CallState.REFUSED, CallState.LOST}


def _is_overwritten(session: Session, call: OutgoingCall) -> bool:
    """Whether a later write has set the mark by which this one could have been recognized."""
    later = select(OutgoingCall.id).where(
        OutgoingCall.subject == call.subject,
        OutgoingCall.kind.startswith("subscription."),
        OutgoingCall.id > call.id,
        OutgoingCall.state == CallState.DONE,
    )
    return call.kind.startswith("subscription.") and session.scalars(later.limit(1)).first() is not None


def _follow(session: Session, call: OutgoingCall, answer: Answer) -> None:
    """Let our rows know what has been found."""
    if call.kind == "checkout.open":
        public_id = call.subject.removeprefix("checkout:")
        checkout = session.scalars(select(Checkout).filter_by(public_id=public_id).with_for_update()).one()
        opening.note_opened(session, checkout, answer)
    elif call.kind.startswith(("subscription.", "invoice.", "gift.")):
        applying.apply_facts(session, parsing.from_object(answer.body, answer.as_of))


def _nothing(_gateway: Gateway, _call: OutgoingCall) -> Answer | None:
    return None


def _session_opened(gateway: Gateway, call: OutgoingCall) -> Answer | None:
    """The session, whenever it was made: a form that is sent again asks anew with the same key."""
    public_id = call.subject.removeprefix("checkout:")
    latest = min(clock.now(), call.created_at + sessions.LIFE)  # by then it would have run out
    return sessions.find(
        gateway,
        public_id,
        made_after=call.created_at - timedelta(minutes=2),
        made_before=latest + timedelta(minutes=2),
    )


def _subscription_changed(gateway: Gateway, call: OutgoingCall) -> Answer | None:
    answer = subscriptions.read(gateway, call.subject)
    return answer if subscriptions.is_changed_by(answer.body, call.idempotency_key) else None


def _once(answer: Answer, status: str) -> Answer | None:
    """The answer, if what was asked for has been done."""
    return answer if answer.body["status"] == status else None


_READERS: dict[str, Reader] = {
    "checkout.open": _session_opened,
    "checkout.expire": lambda gateway, call: _once(sessions.read(gateway, call.subject), "expired"),
    "refund.create": lambda gateway, call: refunds.find(gateway, call.subject, key=call.idempotency_key),
    "invoice.void": lambda gateway, call: _once(reading.get(gateway, "invoice", call.subject), "void"),
    "gift.end": lambda gateway, call: _once(subscriptions.read(gateway, call.subject), "canceled"),
}
