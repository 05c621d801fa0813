"""Applying what Stripe told: facts are kept, and all that follows from them is brought up to date, in one transaction.

apply_event   one stored event, once; in any order with all others
apply_facts   what an event, a read or a list told
apply_all     every stored event that is due, some in one transaction; what fails, alone
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import cast

import structlog
from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from membership import clock, db
from membership.giving import (
    belonging,
    card_testing,
    facts,
    measuring,
    parsing,
    posting,
    reading_list,
    relevance,
    storing,
    telling,
)
from membership.giving.facts import Fact, Observed, SubscriptionState, ToRead
from membership.giving.fields import Json, UnreadableObjectError, parse_json
from membership.giving.following import Follower
from membership.giving.models import Event, EventState
from membership.giving.storing import Kept, Known
from membership.newsroom import settings_rows

log = structlog.get_logger(__name__)
MOST_TRIES = 8
AT_ONCE = 25
"""How many events share a transaction at most; a SQLite writer waits no longer than these take."""
ENDED = frozenset({EventState.APPLIED, EventState.IGNORED, EventState.FOREIGN, EventState.WRONG_MODE})
WAITING = (EventState.RECEIVED, EventState.FAILED)

EVENTS = cast("Table", Event.__table__)
_TO_APPLY = select(EVENTS.c.state, EVENTS.c.body).where(EVENTS.c.id == bindparam("event")).with_for_update()
_DUE_IDS = (
    select(EVENTS.c.id)
    .where(EVENTS.c.state == bindparam("waiting"), EVENTS.c.next_try_at <= bindparam("now"))
    .order_by(EVENTS.c.next_try_at)
    .limit(AT_ONCE)
)
"""In the order of an index, and of one state at a time: a hundred thousand that wait are not sorted for each step."""
_DUE = _DUE_IDS.add_columns(EVENTS.c.body).with_for_update(skip_locked=True)
_APPLIED = (
    update(EVENTS)
    .where(EVENTS.c.id == bindparam("event"))
    .values(state=bindparam("became"), handled_at=bindparam("at"), error="")
)


@dataclass
class Applied:
    """What applying some facts came to."""

    kept: list[Kept[Fact]] = field(default_factory=list)
    foreign: int = 0
    patron_ids: set[int] = field(default_factory=set)
    wanted: dict[str, str] = field(default_factory=dict)  # subscriptions told of → their customers
    customers: set[str] = field(default_factory=set)  # of subscriptions of which a new state was told

    @property
    def is_foreign(self) -> bool:
        """Whether nothing in it was ours."""
        return self.foreign > 0 and not self.kept


def apply_event(session: Session, event_id: str) -> EventState:
    """Apply a stored event unless it is applied already; what became of it. The caller commits.

    Raises:
        UnreadableObjectError: the event lacks what must be there; nothing is written.
    """
    state, body = session.connection().execute(_TO_APPLY, {"event": event_id}).one()
    if state in ENDED:
        return EventState(state)
    return _apply(session, {event_id: _told(parse_json(body))})[event_id]


Told = list[Observed] | EventState
"""What an event tells, or what it is without being looked into."""


def _told(body: Json) -> Told:
    if body.get("type") not in parsing.USED:
        return EventState.IGNORED
    if body.get("account"):
        return EventState.FOREIGN
    return parsing.from_event(body)


def _apply(session: Session, events: dict[str, Told]) -> dict[str, EventState]:
    """Apply events, each as a whole, and then what follows from all of them; what became of each."""
    told = {key: value for key, value in events.items() if not isinstance(value, EventState)}
    became = {key: value for key, value in events.items() if isinstance(value, EventState)}
    known = _prepare(session, [fact for facts_told in told.values() for fact in facts_told])
    whole = Applied()
    for event_id, facts_told in told.items():
        applied = _keep_all(session, facts_told, known)
        became[event_id] = EventState.FOREIGN if applied.is_foreign else EventState.APPLIED
        whole.kept += applied.kept
        whole.customers |= applied.customers
    _follow(session, whole, mails=True)
    now = clock.now()
    rows = [{"event": event_id, "became": state, "at": now} for event_id, state in became.items()]
    if rows:
        session.connection().execute(_APPLIED, rows)
    return became


def apply_facts(session: Session, told: Iterable[Observed], *, mails: bool = True) -> Applied:
    """Keep facts and bring up to date what follows from them. The caller commits.

    `mails`: whether patrons are told what is news to them (not when an old history is loaded).
    """
    observed = list(told)
    applied = _keep_all(session, observed, _prepare(session, observed))
    _follow(session, applied, mails=mails)
    return applied


def _prepare(session: Session, observed: list[Observed]) -> Known:
    """Lock the objects that facts are about, and read what is known of them."""
    told = [fact for fact in observed if isinstance(fact, Fact)]
    storing.lock(session, [fact.id for fact in told])
    return Known(session, told)


def _keep_all(session: Session, observed: list[Observed], known: Known) -> Applied:
    applied = Applied()
    for fact in observed:
        _keep(session, fact, applied, known)
    return applied


def _follow(session: Session, applied: Applied, *, mails: bool) -> None:
    """Bring up to date all that follows from facts that were kept."""
    for kept in applied.kept:
        if isinstance(kept.after, facts.Customer) and kept.before is not None:
            belonging.learn_address(session, kept.after)
    telling.mark_checkouts(session, applied.kept, mails=mails)
    card_testing.watch(session, applied.kept)
    customers = relevance.customers_of(session, [kept.after for kept in applied.kept])
    customers |= applied.customers
    storing.lock(session, [f"customer:{customer}" for customer in customers])
    newsroom = settings_rows.current(session) if customers else None
    if newsroom is not None:
        follower = Follower(session, applied.kept, newsroom, mails=mails)
        follower.follow(customers)
        applied.patron_ids |= follower.patron_ids
    posting.post_without_source(session, [kept.after for kept in applied.kept], newsroom)


def _keep(session: Session, fact: Observed, applied: Applied, known: Known) -> None:
    if isinstance(fact, ToRead):
        reading_list.add(session, fact)
    elif isinstance(fact, SubscriptionState) and fact.subscription_id in applied.wanted:
        if storing.keep_state(session, fact):
            applied.customers.add(applied.wanted[fact.subscription_id])
    elif not relevance.is_wanted(session, fact):
        applied.foreign += 1
    elif isinstance(fact, facts.Invoice):
        _hold(session, relevance.claimed(session, fact), applied, known)
    elif isinstance(fact, facts.Payment):
        told = relevance.kept_of(session, known.get(fact), fact)
        _hold(session, measuring.measured(session, told), applied, known)
    elif not isinstance(fact, SubscriptionState):
        _hold(session, fact, applied, known)


def _hold(session: Session, fact: Fact, applied: Applied, known: Known) -> None:
    if isinstance(fact, facts.Subscription):
        applied.wanted[fact.id] = fact.customer_id
    kept = storing.keep(session, fact, known)
    if kept is not None:
        relevance.claim_invoices(session, kept.before, kept.after)
        applied.kept.append(kept)
        reading_list.check(session, kept.after)


def apply_all(session: Session, *, most: int = 10_000) -> int:
    """Apply every stored event that is due, AT_ONCE in a transaction; how many held.

    Where some together do not hold, each is applied alone. One that fails waits longer each time, keeps nobody else
    waiting, and is dead after MOST_TRIES. Where the database is busy or full all wait as they are for the next round.
    """
    held = looked_at = 0
    try:
        while looked_at < most:
            done, alone = _apply_some(session)
            held += done + sum(apply_one(session, event_id) for event_id in alone)
            looked_at += done + len(alone)
            if not done and not alone:
                break
    except DBAPIError as error:
        if not db.is_passing(error):
            raise
        log.warning("events_wait", kind=type(error).__name__)
    return held


def _apply_some(session: Session) -> tuple[int, list[str]]:
    """Apply the next events in one transaction; how many, and which have to be applied each alone."""
    with db.reading(session):
        waiting, due = _due(session)
    if not due:
        return 0, []  # nobody is kept from writing for nothing
    try:
        return db.run_unit(session, partial(_apply_due, session, waiting))
    except Exception as error:
        if db.is_passing(error):
            raise
        log.warning("events_apart", kind=type(error).__name__)
    return 0, due


def _due(session: Session) -> tuple[EventState, list[str]]:
    """The next events that are due: new ones first, then those that failed before."""
    for waiting in WAITING:
        due = session.scalars(_DUE_IDS, {"waiting": waiting, "now": clock.now()}).all()
        if due:
            return waiting, list(due)
    return EventState.RECEIVED, []


def _apply_due(session: Session, waiting: EventState) -> tuple[int, list[str]]:
    events: dict[str, Told] = {}
    unreadable: list[str] = []
    for event_id, body in session.connection().execute(_DUE, {"waiting": waiting, "now": clock.now()}).all():
        try:
            events[event_id] = _told(parse_json(body))
        except UnreadableObjectError:
            unreadable.append(event_id)
    _apply(session, events)
    return len(events), unreadable


def apply_one(session: Session, event_id: str, *, tries: int = 3) -> bool:
    """Apply one stored event in a transaction of its own; whether it held. What fails is noted on its row.

    Raises:
        DBAPIError: the database is busy, full or gone, which is not the event's fault: it waits as it was.
    """
    try:
        db.run_unit(session, partial(apply_event, session, event_id), tries=tries)
    except Exception as error:
        if db.is_passing(error):
            raise
        log.warning("event_failed", event_id=event_id, kind=type(error).__name__)
        db.run_unit(session, partial(_failed, session, event_id, error))
        return False
    return True


def _failed(session: Session, event_id: str, error: Exception) -> None:
    event = session.get_one(Event, event_id)
    if event.state in ENDED:
        return
    event.tries += 1
    told = str(error) if isinstance(error, UnreadableObjectError) else ""
    event.error = f"{type(error).__name__} {told}".strip()  # never a value: it could hold an address
    event.state = EventState.DEAD if event.tries >= MOST_TRIES else EventState.FAILED
    event.next_try_at = clock.now() + min(timedelta(minutes=2 ** (event.tries - 1)), timedelta(hours=6))
