"""Stripe's door: `POST /stripe/events`, answered before Flask is entered, as stored pages are.

A delivery costs a signature, one reading of its JSON, its encryption and its share of a commit: those that come while
another is being committed share the next transaction (giving.group_commit). The endpoint in Flask's map
(giving.event_routes) leads here too. Nothing of a browser is looked at: no cookie, no session, no language.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import structlog
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from werkzeug.exceptions import ClientDisconnected
from werkzeug.wsgi import get_content_length, get_input_stream

from membership import clock, db, jobs
from membership.gateway import events
from membership.gateway.errors import SignatureError
from membership.giving import applying, receiving
from membership.giving.group_commit import GroupCommit
from membership.giving.models import EventState
from membership.giving.receiving import Delivery, Letter, Outcome, SignedNonsenseError, Stored
from membership.settings import Settings
from membership.web import headers

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

log = structlog.get_logger(__name__)
ADDRESS = "/stripe/events"
MOST_APPLIED_A_SECOND = 30
"""Up to so many deliveries a second are applied by the process that took them in; more are left to the worker."""
_STATUS = {
    200: "200 OK",
    400: "400 BAD REQUEST",
    413: "413 CONTENT TOO LARGE",
    415: "415 UNSUPPORTED MEDIA TYPE",
    503: "503 SERVICE UNAVAILABLE",
}
Answer = tuple[int, str]
"""A status and a word."""


class _Pace:
    """How fast deliveries come to this process.

    The time that applying takes here is left out, or a machine too slow to apply MOST_APPLIED_A_SECOND would never
    see that more are coming.
    """

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=MOST_APPLIED_A_SECOND)
        self._applying_s = 0.0

    def is_a_burst(self) -> bool:
        """Count one more; whether MOST_APPLIED_A_SECOND before it came within the last second."""
        now = time.monotonic() - self._applying_s
        is_burst = len(self._last) == MOST_APPLIED_A_SECOND and now - self._last[0] < 1
        self._last.append(now)
        return is_burst

    def leave_out(self, seconds: float) -> None:
        """Count no time that went into applying."""
        self._applying_s += seconds


@dataclass(frozen=True)
class _Coming:
    """A letter on its way into the database, and whether this process will apply it."""

    letter: Letter
    is_applied_here: bool


class Door:
    """Takes deliveries in. Its own failures never keep Stripe from a 200 for what is stored."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._inner: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]] = app.wsgi_app
        self._settings: Settings = app.extensions["membership_settings"]
        self._headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Cache-Control", "no-store"),
            *headers.always(app.config).items(),
        ]
        self._pace = _Pace()
        self._commits = GroupCommit(self._store, is_shared=db.is_passing)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a delivery, or let the application answer what is none."""
        if environ.get("PATH_INFO") != ADDRESS or environ["REQUEST_METHOD"] != "POST":
            return self._inner(environ, start_response)
        status, word = self.answer(environ)
        body = f"{word}\n".encode()
        start_response(_STATUS[status], [*self._headers, ("Content-Length", str(len(body)))])
        return [body]

    def answer(self, environ: "WSGIEnvironment") -> Answer:
        """Store a delivery, committed, and answer; then apply what it says.

        In a burst the answer comes at once, and the worker applies many together.

        Gives 200 for everything that is Stripe's, 400 for what is not, 413 for too much, 415 for what is compressed,
        503 only when it could not be stored.
        """
        if environ.get("HTTP_CONTENT_ENCODING", "identity") != "identity":
            return 415, "not compressed, please"
        now = clock.now()
        try:
            signature = environ.get("HTTP_STRIPE_SIGNATURE", "")
            events.check_header(signature, now)  # a flood of forged ones has no body read
            body = _body(environ)
            if body is None:
                return 413, "too large"
            return self._let_in(Delivery(body=body, signature=signature, at=now))
        except SignatureError as error:
            log.warning("webhook_rejected", reason=error.reason)
        except ClientDisconnected:
            log.warning("webhook_rejected", reason="cut_off")
        except SignedNonsenseError:
            log.exception("signed_nonsense")
        return 400, "refused"

    def _let_in(self, delivery: Delivery) -> Answer:
        settings = self._settings
        letter = receiving.open_letter(
            delivery, secrets=settings.stripe_webhook_secrets, is_live=settings.is_live
        )
        is_applied_here = not self._pace.is_a_burst()
        try:
            event_id, outcome, state = self._commits.put(_Coming(letter, is_applied_here))
        except Exception:
            log.exception("event_not_stored")
            return 503, "try again"
        if is_applied_here and state is EventState.RECEIVED:
            self._apply(event_id)
        return 200, outcome

    @cached_property
    def _engine(self) -> Engine:
        with self._app.app_context():
            return db.writing_engine()

    def _store(self, coming: Sequence[_Coming]) -> list[Stored]:
        """Store what has come together in one transaction, committed."""
        with Session(self._engine) as session:
            stored = receiving.store_all(session, [each.letter for each in coming])
            if any(
                outcome is Outcome.STORED and not each.is_applied_here
                for each, (_id, outcome, _state) in zip(coming, stored, strict=True)
            ):
                jobs.wake(session, "events")
            session.commit()
            return stored

    def _apply(self, event_id: str) -> None:
        """Apply at once, if it is this event's turn; whatever goes wrong is left to the sweeper, for Stripe waits."""
        began = time.monotonic()
        with self._app.app_context():
            try:
                applying.apply_one(db.db.session(), event_id, tries=1)
            except Exception as error:
                db.db.session.rollback()
                if db.is_passing(error):
                    log.warning("event_waits_for_the_database", event_id=event_id)
                else:
                    log.exception("event_not_applied_yet", event_id=event_id)
        self._pace.leave_out(time.monotonic() - began)


def init_app(app: Flask) -> None:
    """Put the door before `app`."""
    door = Door(app)
    app.extensions["membership_door"] = door
    app.wsgi_app = door  # type: ignore[method-assign]  # as Flask documents it


def _body(environ: "WSGIEnvironment") -> bytes | None:
    """The raw body, or None if it is larger than it may be; never more than that is read."""
    if (get_content_length(environ) or 0) > receiving.MOST_BYTES:
        return None
    body = get_input_stream(environ).read(receiving.MOST_BYTES + 1)
    return body if len(body) <= receiving.MOST_BYTES else None
