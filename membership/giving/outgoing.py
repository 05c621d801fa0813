"""Writes to Stripe: each is a row with its idempotency key, committed before the call; its outcome is noted after it.

A crash in between leaves a row that says what was meant. What may have been done is asked again with the same key
(Stripe answers the same for 24 hours) or read back, never sent anew.
"""

from collections.abc import Callable

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
    try:
        answer = ask(key)
    except GatewayUnavailable as error:
        _note(session, call_id, CallState.UNKNOWN if error.is_unknown else CallState.PENDING, error.reason)
        raise
    except GatewayRefused as error:
        if error.is_ours:
            log.exception("stripe_write_wrong", key=key, code=error.code)
        _note(session, call_id, CallState.REFUSED, f"{error.code} {error.param}".strip())
        raise
    _note(session, call_id, CallState.DONE, result_id=answer.id)
    return answer


def _note(session: Session, call_id: int, state: CallState, error: str = "", *, result_id: str = "") -> None:
    call = session.get_one(OutgoingCall, call_id)
    call.state, call.error, call.result_id = state, error[:255], result_id
    session.commit()
