"""Our books beside Stripe's: every difference is named, and repaired by applying what Stripe says.

First the events of the last 30 days that never came, then the objects themselves by their lists, which also close
gaps that no event can. Goes on where it stopped if it was cut off. A month seals with the first clean comparison
from its fifth following day on.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
ON_ITS_WAY = timedelta(minutes=10)
"""How young an event may be that has not come, before that is a difference."""
SECONDS_APART = timedelta(minutes=1)
"""How far our clock and Stripe's may differ."""
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
    is_whole: bool = (
        True  # every list was compared both ways, as it is not where a run goes on in the middle of one
    )

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

    Subscriptions and customers are compared whole, whenever they were made. Only a run without `since` can tell whose
    money without a mark is. Commits page by page; a run that was cut off less than a day ago is taken up again, but
    seals no month: what it had seen of a list is not known any more.

    Raises:
        GatewayUnavailable: Stripe cannot be read; what was compared so far stands, and the next call goes on.
        GatewayRefused: Stripe does not let us read.
    """
    run, found = db.run_unit(session, partial(_begin, session, since))
    after = run.after
    for kind in LISTS[LISTS.index(run.step) if run.step else 0 :]:
        seen: set[str] = set()
        for page in _one_ahead(reading.pages(gateway, kind, after=after, filters=_filters(kind, since))):
            seen |= {str(thing["id"]) for thing in page.objects}
            found.add(_take(session, gateway, run, kind, page))
            found.read += len(page.objects)
            last = str(page.objects[-1]["id"]) if page.objects else ""
            db.run_unit(session, partial(_note, session, run.id, kind, last, found))
            progress(kind, len(page.objects))
        if after:  # what was seen of this list before the run was cut off is not known any more
            db.run_unit(session, partial(_one_way, session, run.id, kind))
        else:
            found.add(db.run_unit(session, partial(_look_back, session, kind, since, seen)))
        if kind == "charge" and since is None:
            db.run_unit(session, partial(_settle_owners, session))
        after = ""
        _drain(session, gateway, kind)
    return db.run_unit(session, partial(_finish, session, run.id, since, found))


@dataclass(frozen=True)
class _Run:
    """The run at hand: when it began, and how far it had come."""

    id: int
    began: datetime
    step: str
    after: str


def _one_ahead(pages: Iterator[reading.Page]) -> Iterator[reading.Page]:
    """The same pages, each asked for at Stripe while the one before it is compared."""
    with ThreadPoolExecutor(1) as reader:
        asked = reader.submit(next, pages, None)
        while (page := asked.result()) is not None:
            asked = reader.submit(next, pages, None)
            yield page


def _begin(session: Session, since: datetime | None) -> tuple[_Run, Found]:
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
    return _Run(run.id, run.started_at, run.step, run.after), found


def _filters(kind: str, since: datetime | None) -> Json:
    if kind == "event":
        earliest = clock.now() - EVENTS_REACH
        since = max(since, earliest) if since is not None else earliest
        return {"created": {"gte": int(since.timestamp())}}
    if kind == "subscription":
        return {"status": "all"}
    return {"created": {"gte": int(since.timestamp())}} if since is not None and kind in _DATED else {}


def _take(session: Session, gateway: Gateway, run: _Run, kind: str, page: reading.Page) -> list[Difference]:
    """Take a page into our books; what differed from them. Commits."""
    if kind == "event":
        missed = db.run_unit(session, partial(_store_events, session, page.objects, gateway.is_live))
        return [_missed(event) for event in missed if not _is_on_its_way(event)]
    told, unreadable = _parse(kind, page)
    differences = db.run_unit(session, partial(_compare, session, told, is_final=False))
    if differences:
        # What has happened since the run began is no difference: Stripe tells of it by events just now.
        _catch_up(session, gateway, run.began)
        differences = db.run_unit(session, partial(_compare, session, told, is_final=True))
    return [*unreadable, *differences]


def _parse(kind: str, page: reading.Page) -> tuple[list[Observed], list[Difference]]:
    told: list[Observed] = []
    unreadable: list[Difference] = []
    for thing in page.objects:
        try:
            told += parsing.from_object(thing, page.as_of)
        except UnreadableObjectError as error:
            log.exception("object_unreadable", kind=kind, field=error.field)
            sentence = f"What Stripe says of {kind} {thing.get('id')} lacks {error.field}."
            unreadable.append(Difference(kind, str(thing.get("id")), sentence))
    return told, unreadable


def _compare(session: Session, told: list[Observed], *, is_final: bool) -> list[Difference]:
    """How objects differ from our books; they are taken into them if they do not, or if this is the last look."""
    storing.lock(session, [fact.id for fact in told if isinstance(fact, Fact)])
    compared = comparing.compare(session, told)
    if is_final or not compared.differences:
        storing.confirm(session, compared.confirmed)
        applying.apply_facts(session, compared.news)
    return compared.differences


def _catch_up(session: Session, gateway: Gateway, began: datetime) -> None:
    """Take in the events since the run began, and what follows from them."""
    filters: Json = {"created": {"gte": int((began - SECONDS_APART).timestamp())}}
    for page in reading.pages(gateway, "event", filters=filters):
        db.run_unit(session, partial(_store_events, session, page.objects, gateway.is_live))
    _drain(session, gateway, "event")


def _store_events(session: Session, events: list[Json], is_live: bool) -> list[Json]:
    """Store those events that never came; these."""
    ids = [str(event["id"]) for event in events]
    known = set(session.scalars(select(Event.id).where(Event.id.in_(ids))))
    missed = [event for event in events if event["id"] not in known and event.get("type") in parsing.USED]
    for event in missed:
        receiving.store(session, event, at=clock.now(), is_live=is_live)
    return missed


def _is_on_its_way(event: Json) -> bool:
    """Whether an event is so young that Stripe may yet deliver it."""
    return bool(event["created"] > (clock.now() - ON_ITS_WAY).timestamp())


def _missed(event: Json) -> Difference:
    sentence = f"Stripe sent {event['type']} ({event['id']}), and it never reached us."
    return Difference("event", event["id"], sentence)


def _note(session: Session, run_id: int, kind: str, after: str, found: Found) -> None:
    """Remember how far a run has come."""
    rows = [[d.kind, d.object_id, d.sentence] for d in found.differences]
    session.execute(
        update(ReconcileRun)
        .where(ReconcileRun.id == run_id)
        .values(step=kind, after=after, read=found.read, differences={"rows": rows, "count": found.count})
    )


def _look_back(session: Session, kind: str, since: datetime | None, seen: set[str]) -> list[Difference]:
    """What our books have and Stripe's list did not."""
    if kind not in _BOTH_WAYS:
        return []
    fact, column = _BOTH_WAYS[kind]
    table = storing.table_of(fact)
    # What settled while the list was read may be on a page that was read before.
    query = select(table.c.id).where(table.c[column] < clock.now() - timedelta(hours=1))
    if since is not None:
        query = query.where(table.c[column] >= since)
    return comparing.unknown_to_stripe(fact, session.scalars(query), seen)


def _one_way(session: Session, run_id: int, kind: str) -> None:
    """Remember that a list was not compared both ways, so that no month seals by this run."""
    if kind in _BOTH_WAYS:
        session.get_one(ReconcileRun, run_id).is_whole = False


def _settle_owners(session: Session) -> None:
    """Payments of which no mark and no invoice says that they are ours are not: all invoice payments have been read.

    Only where all have: what joins an invoice to a payment of today may have been made long ago.
    """
    table = storing.table_of(facts.Payment)
    query = storing.selection(facts.Payment).where(
        table.c.owner == Owner.UNKNOWN,
        table.c.has_no_invoice.is_(False),
        table.c.charged_at < clock.now() - timedelta(hours=1),
    )
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
    found.is_whole = run.is_whole
    if found.count == 0 and run.is_whole:
        found.sealed = sealing.seal(session, since)
    return found
