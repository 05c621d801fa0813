"""/metrics: how the work stands, for Prometheus: what waits, for how long, and what was given up. It names nobody.

Asked of the tables at each scrape, so it is the same whichever process answers. How many requests come and how long
they take is known to the web server in front, and not counted here again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Response, abort, request
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from membership import clock
from membership.db import Base, db
from membership.giving.models import (
    CallState,
    Event,
    EventState,
    ObjectToRead,
    OutgoingCall,
    ReadingState,
    ReconcileRun,
)
from membership.mail.models import MailState, OutgoingMail
from membership.newsroom import shield
from membership.newsroom.models import DueRow, DueState
from membership.settings import LOOPBACK
from membership.site.blueprint import bp
from membership.web import access

if TYPE_CHECKING:
    from prometheus_client import Metric

PROXIED = ("Forwarded", "Via", "X-Forwarded-For", "X-Real-IP")


@dataclass(frozen=True)
class Queue:
    """Rows that a worker works off: which of them wait, since when, and which were given up."""

    name: str
    table: type[Base]
    since: InstrumentedAttribute[datetime]
    state: InstrumentedAttribute[Any]
    waiting: tuple[Any, ...]
    dead: tuple[Any, ...]

    @property
    def waits(self) -> ColumnElement[bool]:
        """What waits and should have been done by now."""
        return self.state.in_(self.waiting) & (self.since <= clock.now())


QUEUES = (
    Queue(
        "events",
        Event,
        Event.received_at,
        Event.state,
        (EventState.RECEIVED, EventState.FAILED),
        (EventState.DEAD,),
    ),
    Queue(
        "readings",
        ObjectToRead,
        ObjectToRead.asked_at,
        ObjectToRead.state,
        (ReadingState.WAITING,),
        (ReadingState.DEAD,),
    ),
    Queue(
        "calls",
        OutgoingCall,
        OutgoingCall.created_at,
        OutgoingCall.state,
        (CallState.PENDING, CallState.UNKNOWN),
        (CallState.LOST,),
    ),
    Queue(
        "mails",
        OutgoingMail,
        OutgoingMail.not_before,
        OutgoingMail.state,
        (MailState.QUEUED, MailState.SENDING),
        (MailState.DEAD,),
    ),
    Queue("due", DueRow, DueRow.at, DueRow.state, (DueState.WAITING,), (DueState.FAILED,)),
)


@bp.get("/metrics")
@access.public
def metrics() -> Response:
    """Show the figures to a program on this machine that asks without a proxy between; others find no such page."""
    if request.remote_addr not in LOOPBACK or any(name in request.headers for name in PROXIED):
        abort(404)
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - few are ever asked
    from prometheus_client.exposition import CONTENT_TYPE_LATEST  # noqa: PLC0415

    registry = CollectorRegistry()
    registry.register(_Standing(db.session()))
    answer = Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
    answer.headers["Cache-Control"] = "no-store"
    return answer


class _Standing:
    """Collects all figures from one snapshot of the tables, each by an index."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def collect(self) -> "Iterator[Metric]":
        """Give each figure with what it means."""
        from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - as above

        now = clock.now()
        waiting = GaugeMetricFamily("membership_waiting", "Rows that should be done by now", labels=["queue"])
        oldest = GaugeMetricFamily(
            "membership_oldest_waiting_seconds", "How long the first of them has waited", labels=["queue"]
        )
        dead = GaugeMetricFamily(
            "membership_given_up", "Rows given up after many tries: somebody must look", labels=["queue"]
        )
        for queue in QUEUES:
            count, since = self._session.execute(
                select(func.count(), func.min(queue.since)).select_from(queue.table).where(queue.waits)
            ).one()
            waiting.add_metric([queue.name], count)
            oldest.add_metric([queue.name], (now - since).total_seconds() if since else 0)
            given_up = select(func.count()).select_from(queue.table).where(queue.state.in_(queue.dead))
            dead.add_metric([queue.name], self._session.scalar(given_up) or 0)
        yield from (waiting, oldest, dead)
        yield GaugeMetricFamily(
            "membership_protected_mode",
            "1 while strangers must prove to be a person before they pay",
            value=float(shield.current(self._session) is not None),
        )
        finished = select(ReconcileRun).where(ReconcileRun.finished_at.is_not(None))
        last = self._session.scalars(finished.order_by(ReconcileRun.started_at.desc()).limit(1)).first()
        if last is not None and last.finished_at is not None:
            yield GaugeMetricFamily(
                "membership_reconciled_timestamp_seconds",
                "When our books were last compared with Stripe's",
                value=last.finished_at.timestamp(),
            )
            yield GaugeMetricFamily(
                "membership_reconcile_differences",
                "What that comparison found",
                value=float(last.differences.get("count", 0)),
            )
