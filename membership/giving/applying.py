"""Applying what Stripe told: facts are kept, and all that follows from them is brought up to date, in one transaction.

apply_event   one stored event, once; in any order with all others
apply_facts   what an event, a read or a list told
apply_all     every stored event that is due, each in a transaction of its own
apply_time    what has become true of a patron since, by the clock alone
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import cast

import structlog
from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from membership import clock, db
from membership.giving import (
    belonging,
    booking,
    deriving,
    facts,
    gathering,
    measuring,
    parsing,
    posting,
    reading_list,
    receipts_of_payments,
    recording,
    relevance,
    storing,
    telling,
)
from membership.giving.belonging import Group
from membership.giving.facts import Fact, Observed, SubscriptionState, ToRead
from membership.giving.fields import Json, UnreadableObjectError, parse_json
from membership.giving.models import Event, EventState
from membership.giving.recording import Settled
from membership.giving.storing import Kept
from membership.giving.story import PatronFacts
from membership.newsroom import due, settings_rows
from membership.newsroom.settings_rows import NewsroomSettings

log = structlog.get_logger(__name__)
MOST_TRIES = 8
ENDED = frozenset({EventState.APPLIED, EventState.IGNORED, EventState.FOREIGN, EventState.WRONG_MODE})

EVENTS = cast("Table", Event.__table__)
_TO_APPLY = select(EVENTS.c.state, EVENTS.c.body).where(EVENTS.c.id == bindparam("event")).with_for_update()
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
    became = _apply(session, parse_json(body))
    session.connection().execute(_APPLIED, {"event": event_id, "became": became, "at": clock.now()})
    return became


def _apply(session: Session, body: Json) -> EventState:
    if body.get("type") not in parsing.USED:
        return EventState.IGNORED
    if body.get("account"):
        return EventState.FOREIGN
    applied = apply_facts(session, parsing.from_event(body))
    return EventState.FOREIGN if applied.is_foreign else EventState.APPLIED


def apply_facts(session: Session, told: Iterable[Observed], *, mails: bool = True) -> Applied:
    """Keep facts and bring up to date what follows from them. The caller commits.

    `mails`: whether patrons are told what is news to them (not when an old history is loaded).
    """
    observed = list(told)
    storing.lock(session, [fact.id for fact in observed if isinstance(fact, Fact)])
    applied = Applied()
    for fact in observed:
        _keep(session, fact, applied)
    for kept in applied.kept:
        if isinstance(kept.after, facts.Customer) and kept.before is not None:
            belonging.learn_address(session, kept.after)
    telling.mark_checkouts(session, applied.kept, mails=mails)
    customers = relevance.customers_of(session, [kept.after for kept in applied.kept])
    customers |= applied.customers
    storing.lock(session, [f"customer:{customer}" for customer in customers])
    newsroom = settings_rows.current(session) if customers else None
    for customer_id in sorted(customers):
        if newsroom is not None:
            _derive(session, belonging.group_of(session, customer_id), applied, newsroom, mails=mails)
    posting.post_without_source(session, [kept.after for kept in applied.kept], newsroom)
    return applied


def _keep(session: Session, fact: Observed, applied: Applied) -> None:
    if isinstance(fact, ToRead):
        reading_list.add(session, fact)
    elif isinstance(fact, SubscriptionState) and fact.subscription_id in applied.wanted:
        if storing.keep_state(session, fact):
            applied.customers.add(applied.wanted[fact.subscription_id])
    elif not relevance.is_wanted(session, fact):
        applied.foreign += 1
    elif isinstance(fact, facts.Payment):
        _hold(session, measuring.measured(session, fact), applied)
    elif not isinstance(fact, SubscriptionState):
        _hold(session, fact, applied)


def _hold(session: Session, fact: Fact, applied: Applied) -> None:
    if isinstance(fact, facts.Subscription):
        applied.wanted[fact.id] = fact.customer_id
    kept = storing.keep(session, fact)
    if kept is not None:
        applied.kept.append(kept)
        reading_list.check(session, kept.after)


def _derive(
    session: Session, group: Group, applied: Applied, newsroom: NewsroomSettings, *, mails: bool
) -> None:
    """Bring everything about one person up to date."""
    known = gathering.of_customers(session, group.customer_ids)
    if group.patron_id is None:
        enrolled = belonging.enrol(session, group.customer_ids[0], known)
        if enrolled is not None and enrolled.customer_ids != group.customer_ids:
            known = gathering.of_customers(session, enrolled.customer_ids)
        group = enrolled or group
    derived = deriving.derive(known, grace_days=newsroom.grace_days)
    changed = recording.write_payments(session, known.payments, derived)
    days = posting.calendar(session, newsroom.zone)
    _post(session, known, derived, _touched(applied, known, changed), days)
    if group.patron_id is None:
        return
    applied.patron_ids.add(group.patron_id)
    _record(session, group.patron_id, derived, days)
    news = telling.News(
        patron_id=group.patron_id, facts=known, derived=derived, kept=applied.kept, changed=changed
    )
    receipts_of_payments.issue(session, group.patron_id, news, newsroom)
    telling.follow_up(session, news, mails=mails)


def _record(session: Session, patron_id: int, derived: deriving.Derived, days: posting.Calendar) -> None:
    now = clock.now()
    recording.write_coverage(session, patron_id, derived.coverage)
    recording.write_movements(session, patron_id, derived.movements, days, now=now)
    ahead = min((change.at for change in derived.movements if change.at > now), default=None)
    if ahead is not None:
        due.at(session, ahead, kind="giving.patron", key=str(patron_id))


def _touched(applied: Applied, known: PatronFacts, changed: dict[str, Settled]) -> set[str]:
    """The payments whose ledger entries may be missing: those that some fact at hand is about."""
    about = set(changed)
    for kept in applied.kept:
        match kept.after:
            case facts.Payment(id=payment_id):
                about.add(payment_id)
            case facts.Refund(charge_id=charge_id) | facts.Dispute(charge_id=charge_id):
                about.add(charge_id)
            case facts.BalanceTransaction(id=transaction_id, source_id=source_id):
                about |= _charges_moved(known, transaction_id, source_id)
    return about


def _charges_moved(known: PatronFacts, transaction_id: str, source_id: str | None) -> set[str]:
    """The charges that a balance transaction is about."""
    about = {p.id for p in known.payments if transaction_id == p.balance_transaction_id or p.id == source_id}
    about |= {dispute.charge_id for dispute in known.disputes if dispute.id == source_id}
    for refund in known.refunds:
        if refund.id == source_id or transaction_id in refund.transaction_ids:
            about.add(refund.charge_id)
    return about


def _post(
    session: Session,
    known: PatronFacts,
    derived: deriving.Derived,
    payment_ids: set[str],
    days: posting.Calendar,
) -> None:
    entries = [
        entry
        for payment in known.payments
        if payment.id in payment_ids
        for entry in entries_of(known, payment, derived)
    ]
    posting.post(session, entries, days)


def entries_of(known: PatronFacts, payment: facts.Payment, derived: deriving.Derived) -> list[booking.Entry]:
    """All ledger entries that the facts ask for about one payment."""
    refunds = [refund for refund in known.refunds if refund.charge_id == payment.id]
    disputes = [dispute for dispute in known.disputes if dispute.charge_id == payment.id]
    return booking.entries_of(
        payment,
        owner=derived.owners[payment.id],
        settled_at=derived.settled_at[payment.id],
        refunds=refunds,
        disputes=disputes,
        transactions=known.transactions,
    )


@due.handler("giving.patron")
def apply_time(session: Session, key: str, _at: datetime) -> None:
    """Write down what has become true of a patron by the clock alone (a grace that ran out). The caller commits."""
    rederive_patron(session, int(key), settings_rows.current(session))


def rederive_patron(
    session: Session, patron_id: int, newsroom: NewsroomSettings, *, mails: bool = True
) -> None:
    """Bring everything about one patron up to date. The caller commits."""
    _derive(session, belonging.group_of_patron(session, patron_id), Applied(), newsroom, mails=mails)


def apply_all(session: Session, *, most: int = 10_000) -> int:
    """Apply every stored event that is due, each in a transaction of its own, the oldest first; how many held.

    One that fails waits longer each time, keeps nobody else waiting, and is dead after MOST_TRIES. Where the database
    is busy or full all wait as they are for the next round.
    """
    held = 0
    try:
        while held < most and (event_id := _next(session)) is not None:
            held += apply_one(session, event_id)
    except DBAPIError as error:
        if not db.is_passing(error):
            raise
        log.warning("events_wait", kind=type(error).__name__)
    return held


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


def _next(session: Session) -> str | None:
    waiting = (EventState.RECEIVED, EventState.FAILED)
    query = (
        select(Event.id)
        .where(Event.state.in_(waiting), Event.next_try_at <= clock.now())
        .order_by(Event.next_try_at, Event.created, Event.id)
        .limit(1)
    )
    with db.reading(session):
        return session.scalars(query).one_or_none()


def _failed(session: Session, event_id: str, error: Exception) -> None:
    event = session.get_one(Event, event_id)
    if event.state in ENDED:
        return
    event.tries += 1
    told = str(error) if isinstance(error, UnreadableObjectError) else ""
    event.error = f"{type(error).__name__} {told}".strip()  # never a value: it could hold an address
    event.state = EventState.DEAD if event.tries >= MOST_TRIES else EventState.FAILED
    event.next_try_at = clock.now() + min(timedelta(minutes=2 ** (event.tries - 1)), timedelta(hours=6))
