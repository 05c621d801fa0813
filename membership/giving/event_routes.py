"""`POST /stripe/events`: where Stripe delivers."""

import time
from collections import deque

import structlog
from flask import current_app, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from membership import clock
from membership.db import db, is_passing
from membership.gateway import events
from membership.gateway.errors import SignatureError
from membership.giving import applying, receiving
from membership.giving.blueprint import bp
from membership.giving.models import EventState
from membership.giving.receiving import Delivery, SignedNonsenseError
from membership.settings import Settings
from membership.web import access, limits

log = structlog.get_logger(__name__)
MOST_APPLIED_A_SECOND = 30
"""Up to so many deliveries a second are applied by the process that took them in; more are left to the worker."""
_TEXT = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}


class _Pace:
    """How fast deliveries come to this process."""

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=MOST_APPLIED_A_SECOND)

    def is_a_burst(self) -> bool:
        """Count one more; whether MOST_APPLIED_A_SECOND before it came within the last second."""
        now = time.monotonic()
        is_burst = len(self._last) == MOST_APPLIED_A_SECOND and now - self._last[0] < 1
        self._last.append(now)
        return is_burst


_pace = _Pace()


@bp.post("/stripe/events")
@limits.limiter.exempt  # forged ones cost a hash, and Stripe must always come through
@access.machine
def receive_event() -> ResponseReturnValue:
    """Store a delivery and answer; then apply what it says. Its own failures never keep Stripe from a 200.

    In a burst the answer comes at once, and the worker applies many together.

    Answers 200 for everything that is Stripe's, 400 for what is not, 413 for too much, 415 for what is compressed,
    503 only when it could not be stored.
    """
    signature = request.headers.get("Stripe-Signature", "")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        return _answer(415, "not compressed, please")
    if not signature:
        return _refused("missing")
    now = clock.now()
    try:
        events.check_header(signature, now)  # a flood of forged ones has no body read
    except SignatureError as error:
        return _refused(error.reason)
    body = _body()
    if body is None:
        return _answer(413, "too large")
    return _let_in(Delivery(body=body, signature=signature, at=now))


def _let_in(delivery: Delivery) -> ResponseReturnValue:
    settings: Settings = current_app.extensions["membership_settings"]
    session = db.session()
    try:
        event_id, outcome, state = receiving.receive(
            session, delivery, secrets=settings.stripe_webhook_secrets, is_live=settings.is_live
        )
        session.commit()
    except SignatureError as error:
        return _refused(error.reason)
    except SignedNonsenseError:
        log.exception("signed_nonsense")
        return _refused("nonsense")
    except SQLAlchemyError:
        session.rollback()
        log.exception("event_not_stored")
        return _answer(503, "try again")
    if state is EventState.RECEIVED and not _pace.is_a_burst():
        _apply(event_id)
    return _answer(200, outcome)


def _body() -> bytes | None:
    """The raw body, or None if it is larger than it may be; never more than that is read."""
    if (request.content_length or 0) > receiving.MOST_BYTES:
        return None
    body = request.stream.read(receiving.MOST_BYTES + 1)
    return body if len(body) <= receiving.MOST_BYTES else None


def _apply(event_id: str) -> None:
    """Apply at once, if it is this event's turn; whatever goes wrong is left to the sweeper, for Stripe waits."""
    try:
        applying.apply_one(db.session(), event_id, tries=1)
    except Exception as error:
        db.session.rollback()
        if is_passing(error):
            log.warning("event_waits_for_the_database", event_id=event_id)
        else:
            log.exception("event_not_applied_yet", event_id=event_id)


def _refused(reason: str) -> ResponseReturnValue:
    log.warning("webhook_rejected", reason=reason)
    return _answer(400, "refused")


def _answer(status: int, text: str) -> ResponseReturnValue:
    return text + "\n", status, _TEXT
