"""Our books beside Stripe's: every difference is named, and repaired by applying what Stripe says.

First the events of the last 30 days that never came, then the objects themselves by their lists, which also close
gaps that no event can. Goes on where it stopped if it was cut off. A month seals with the first clean comparison
from its fifth following day on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from membership import clock, db
from membership.gateway import reading
from membership.gateway.client import Gateway, Json
from membership.giving import (
    applying,
    comparing,
    facts,
    fees,
    parsing,
    reading_again,
    receiving,
    sealing,
    storing,
)
from membership.giving.comparing import Difference
from membership.giving.facts import Fact, Observed
from membership.giving.fields import UnreadableObjectError
from membership.giving.models import Event, Owner, ReconcileRun
from membership.newsroom import due

log = structlog.get_logger(__name__)
EVENTS_REACH = timedelta(days=30)
MOST_KEPT = 1_000
LISTS = (
    "event",
    "subscription",
    "invoice",
    "invoice_payment",
    "charge",
    "refund",
    "dispute",
    "balance_transaction",
    "customer",
)
"""What is compared, in this order: what tells whose money is stands before the money."""
_DATED = frozenset(LISTS) - {"subscription", "customer", "event"}
_BOTH_WAYS: dict[str, tuple[type[Fact], str]] = {
    "charge": (facts.Payment, "charged_at"),
    "refund": (facts.Refund, "created"),
    "dispute": (facts.Dispute, "created"),
    "balance_transaction": (facts.BalanceTransaction, "created"),
}
Progress = Callable[[str, int], None]


@dataclass
class Found:
    """What a comparison found."""

    differences: list[Difference] = field(default_factory=list)  # the first MOST_KEPT
    count: int = 0
    read: int = 0
    sealed: list[date] = field(default_factory=list)

    def add(self, new: list[Difference]) -> None:
        """Take more differences."""
        self.count += len(new)
        self.differences += new[: max(0, MOST_KEPT - len(self.differences))]


def reconcile(
    session: Session,
    gateway: Gateway,
    *,
    since: datetime | None,
    progress: Progress = lambda _step, _count: None,
) -> Found:
    """Compare all that was made `since` (None: ever) with Stripe, name each difference and repair it.

    Subscriptions and customers are compared whole, whenever they were made. Commits page by page; a run that was cut
    off less than a day ago is taken up again.

    Raises:
        GatewayUnavailable: Stripe cannot be read; what was compared so far stands, and the next call goes on.
        GatewayRefused: Stripe does not let us read.
    """
    run_id, found, step, after = db.run_unit(session, partial(_begin, session, since))
    for kind in LISTS[LISTS.index(step) if step else 0 :]:
        seen: set[str] = set()
        for page in reading.pages(gateway, kind, after=after, filters=_filters(kind, since)):
            seen |= {str(thing["id"]) for thing in page.objects}
            db.run_unit(session, partial(_compare, session, kind, page, found))
            found.read += len(page.objects)
            last = str(page.objects[-1]["id"]) if page.objects else ""
            db.run_unit(session, partial(_note, session, run_id, kind, last, found))
            progress(kind, len(page.objects))
        if not after:
            db.run_unit(session, partial(_look_back, session, kind, since, seen, found))
        after = ""
        _drain(session, gateway, kind)
    return db.run_unit(session, partial(_finish, session, run_id, since, found))


def _begin(session: Session, since: datetime | None) -> tuple[int, Found, str, str]:
    now = clock.now()
    run = session.scalars(
        select(ReconcileRun)
        .where(ReconcileRun.finished_at.is_(None), ReconcileRun.started_at > now - timedelta(days=1))
        .order_by(ReconcileRun.id.desc())
        .limit(1)
    ).one_or_none()
    if run is None or run.since != since:
        run = ReconcileRun(started_at=now, since=since)
        session.add(run)
        session.flush()
    rows = [Difference(*row) for row in run.differences.get("rows", [])]
    found = Found(differences=rows, count=run.differences.get("count", 0), read=run.read)
    return run.id, found, run.step, run.after


def _filters(kind: str, since: datetime | None) -> Json:
    if kind == "event":
        earliest = clock.now() - EVENTS_REACH
        since = max(since, earliest) if since is not None else earliest
        return {"created": {"gte": int(since.timestamp())}}
    if kind == "subscription":
        return {"status": "all"}
    return {"created": {"gte": int(since.timestamp())}} if since is not None and kind in _DATED else {}


def _compare(session: Session, kind: str, page: reading.Page, found: Found) -> None:
    if kind == "event":
        found.add(_store_events(session, page.objects))
        return
    told: list[Observed] = []
    for thing in page.objects:
        try:
            told += parsing.from_object(thing, page.as_of)
        except UnreadableObjectError as error:
            log.exception("object_unreadable", kind=kind, field=error.field)
            found.add(
                [
                    Difference(
                        kind,
                        str(thing.get("id")),
                        f"What Stripe says of {kind} {thing.get('id')} lacks {error.field}.",
                    )
                ]
            )
    found.add(comparing.differences(session, told))
    applying.apply_facts(session, told)


def _store_events(session: Session, events: list[Json]) -> list[Difference]:
    ids = [str(event["id"]) for event in events]
    known = set(session.scalars(select(Event.id).where(Event.id.in_(ids))))
    missed = [event for event in events if event["id"] not in known and event.get("type") in parsing.USED]
    for event in missed:
        receiving.store(session, event, at=clock.now(), is_live=event["livemode"])
    return [
        Difference(
            "event", event["id"], f"Stripe sent {event['type']} ({event['id']}), and it never reached us."
        )
        for event in missed
    ]


def _note(session: Session, run_id: int, kind: str, after: str, found: Found) -> None:
    """Remember how far a run has come."""
    rows = [[d.kind, d.object_id, d.sentence] for d in found.differences]
    session.execute(
        update(ReconcileRun)
        .where(ReconcileRun.id == run_id)
        .values(step=kind, after=after, read=found.read, differences={"rows": rows, "count": found.count})
    )


def _look_back(session: Session, kind: str, since: datetime | None, seen: set[str], found: Found) -> None:
    """Name what our books have and Stripe's list did not; settle whose payments without an invoice are."""
    if kind in _BOTH_WAYS:
        fact, column = _BOTH_WAYS[kind]
        table = storing.table_of(fact)
        # What settled while the list was read may be on a page that was read before.
        query = select(table.c.id).where(table.c[column] < clock.now() - timedelta(hours=1))
        if since is not None:
            query = query.where(table.c[column] >= since)
        found.add(comparing.unknown_to_stripe(fact, session.scalars(query), seen))
    if kind == "charge":
        _settle_owners(session, since)


def _settle_owners(session: Session, since: datetime | None) -> None:
    """Payments of which no mark and, all invoice payments read, no invoice says that they are ours: they are not."""
    table = storing.table_of(facts.Payment)
    query = storing.selection(facts.Payment).where(
        table.c.owner == Owner.UNKNOWN,
        table.c.has_no_invoice.is_(False),
        table.c.charged_at < clock.now() - timedelta(hours=1),
    )
    if since is not None:
        query = query.where(table.c.charged_at >= since)
    told: list[Any] = [
        comparing.without_invoice(fact) for fact in storing.read(session, facts.Payment, query)
    ]
    applying.apply_facts(session, told)


def _drain(session: Session, gateway: Gateway, kind: str) -> None:
    """Let what a list brought have its effect before the next is compared."""
    applying.apply_all(session)
    if kind == "event":
        fees.read(session, gateway)
        reading_again.read_all(session, gateway)
    due.apply_all(session)


def _finish(session: Session, run_id: int, since: datetime | None, found: Found) -> Found:
    run = session.get_one(ReconcileRun, run_id)
    run.finished_at = clock.now()
    if found.count == 0:
        found.sealed = sealing.seal(session, since)
    return found
