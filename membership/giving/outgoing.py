"""Writes to Stripe: each is a row with its idempotency key, committed before the call; its outcome is noted after it.

A crash in between leaves a row that says what was meant. What may have been done is asked again with the same key
(Stripe answers the same for 24 hours) or read back, never sent anew.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from membership import clock
from membership.db import JsonDict
from membership.gateway.client import Answer
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving.models import CallState, OutgoingCall

log = structlog.get_logger(__name__)

NEVER_REACHED = "never reached Stripe"
"""The error of a call of whose outcome nothing was found at Stripe: it may be asked for again, with another key."""


def find_or_add(session: Session, *, key: str, kind: str, subject: str, details: JsonDict) -> OutgoingCall:
    """The row of a write, made the first time. `details` takes amounts and ids, never an address."""
    call = session.scalars(select(OutgoingCall).filter_by(idempotency_key=key)).one_or_none()
    if call is not None:
        return call
    call = OutgoingCall(
        idempotency_key=key, kind=kind, subject=subject, created_at=clock.now(), details=details
    )
    try:
        with session.begin_nested():
            session.add(call)
    except IntegrityError:  # the same form, sent twice at the same time
        return session.scalars(select(OutgoingCall).filter_by(idempotency_key=key)).one()
    return call


def perform(session: Session, call: OutgoingCall, ask: Callable[[str], Answer]) -> Answer:
    """Commit the row, make the call with its key, commit what came of it, and give the answer.

    `ask` gets the key and must not touch the session: no transaction is open while Stripe is asked.

    Raises:
        GatewayUnavailable: no usable answer; the row stays pending or unknown.
        GatewayRefused: Stripe said no; the row says so.
    """
    call_id, key = call.id, call.idempotency_key
    session.commit()
    outcome = _outcome(ask, key)
    _note(session, call_id, key, outcome)
    session.commit()
    if isinstance(outcome, Answer):
        return outcome
    raise outcome


Outcome = Answer | GatewayRefused | GatewayUnavailable


def perform_many(
    session: Session, asked: Sequence[tuple[OutgoingCall, Callable[[str], Answer]]], *, side_by_side: int
) -> list[Outcome]:
    """Commit the rows, make their calls, some side by side, commit what came of each; the outcomes, in order."""
    calls = [(call.id, call.idempotency_key, ask) for call, ask in asked]
    session.commit()
    with ThreadPoolExecutor(side_by_side) as pool:
        outcomes = list(pool.map(lambda call: _outcome(call[2], call[1]), calls))
    for (call_id, key, _ask), outcome in zip(calls, outcomes, strict=True):
        _note(session, call_id, key, outcome)
    session.commit()
    return outcomes


def _outcome(ask: Callable[[str], Answer], key: str) -> Outcome:
    try:
        return ask(key)
    except (GatewayRefused, GatewayUnavailable) as error:
        return error


def _note(session: Session, call_id: int, key: str, outcome: Outcome) -> None:
    match outcome:
        case GatewayUnavailable():
            state = CallState.UNKNOWN if outcome.is_unknown else CallState.PENDING
            _write(session, call_id, state, outcome.reason)
        case GatewayRefused():
            if outcome.is_ours:
                log.error("stripe_write_wrong", key=key, code=outcome.code)
            _write(session, call_id, CallState.REFUSED, f"{outcome.code} {outcome.param}".strip())
        case Answer():
            _write(session, call_id, CallState.DONE, result_id=outcome.id)


def _write(session: Session, call_id: int, state: CallState, error: str = "", *, result_id: str = "") -> None:
    call = session.get_one(OutgoingCall, call_id)
    call.state, call.error, call.result_id = state, error[:255], result_id
