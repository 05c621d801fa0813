"""Subscriptions that another program made at Stripe become ours, with their billing dates and their whole past.

Each gets our mark at Stripe (metadata `app=membership`), so that it is ours by the rule that holds for every event and
for reconciling, also when books are rebuilt. Nothing else is changed there, nobody is mailed. Some customers at a time
are read, marked and booked; each batch is booked as a whole and is committed, so a run that was cut off goes on.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from membership import clock, db
from membership.gateway import subscriptions
from membership.gateway.client import Answer, Gateway
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving import adopted_history, applying, facts, outgoing, parsing
from membership.giving.candidates import Candidate, Progress
from membership.giving.facts import Observed
from membership.giving.fields import UnreadableObjectError
from membership.giving.models import Adoption, CallState, OutgoingCall, Owner, Payment, StripeCustomer
from membership.giving.sources.members import Left, Member
from membership.patrons import enrolling
from membership.patrons.models import Patron

KIND = "subscription.adopt"
AT_ONCE = 25
SIDE_BY_SIDE = 4
"""How many calls to Stripe are under way at a time: half of what a process may, so that the site goes on."""
_WAITS_S = (1, 2, 4, 8)
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A customer whose gifts are to be adopted, with all that Stripe says of them."""

    customer_id: str
    candidates: tuple[Candidate, ...]
    past: tuple[Observed, ...]  # invoices, payments, refunds, disputes, fees


@dataclass
class Adopted:
    """What a run came to."""

    taken: int = 0
    left: list[Left] = field(default_factory=list)


def done(session: Session) -> set[str]:
    """The subscriptions that have been adopted with their past."""
    return set(session.scalars(select(Adoption.subscription_id)))


def read(
    gateway: Gateway, candidates: Sequence[Candidate], left: list[Left], progress: Progress
) -> Iterator[list[Ready]]:
    """The customers of candidates, some at a time, with their past; what cannot be read goes to `left`. Reads only.

    Raises:
        GatewayUnavailable: Stripe cannot be read.
        GatewayRefused: Stripe does not let us read.
    """
    by_customer: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_customer[candidate.customer_id].append(candidate)
    customers = list(by_customer)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for start in range(0, len(customers), AT_ONCE):
            part = [by_customer[customer_id] for customer_id in customers[start : start + AT_ONCE]]
            found = list(pool.map(partial(_read_one, gateway), part))
            left += [one for each in found if isinstance(each, list) for one in each]
            yield [each for each in found if isinstance(each, Ready)]
            progress("customers read", len(part))


def _read_one(gateway: Gateway, candidates: list[Candidate]) -> Ready | list[Left]:
    customer_id = candidates[0].customer_id
    ids = {candidate.id for candidate in candidates}
    try:
        past = patiently(lambda: adopted_history.of_customer(gateway, customer_id, ids))
    except UnreadableObjectError as error:
        return [Left(one.id, f"Stripe says no {error.field} of a {error.kind} of it") for one in candidates]
    return Ready(customer_id=customer_id, candidates=tuple(candidates), past=tuple(past))


def patiently(ask: Callable[[], ResultT]) -> ResultT:
    """Ask Stripe again a little later where it says that we ask too much.

    Raises:
        GatewayUnavailable: no usable answer.
        GatewayRefused: Stripe said no.
    """
    for wait_s in _WAITS_S:
        try:
            return ask()
        except GatewayUnavailable as error:
            if error.reason not in {"rate_limit", "busy"}:
                raise
        time.sleep(wait_s)
    return ask()


def adopt(
    session: Session,
    gateway: Gateway,
    candidates: Sequence[Candidate],
    *,
    source: str,
    members: Mapping[str, Member],
    progress: Progress,
) -> Adopted:
    """Mark, book and cover candidates; `members` (by customer) tells what a file knows of them. Commits by batches.

    Raises:
        GatewayUnavailable: Stripe cannot be reached; what is done stands, and the next run goes on.
        GatewayRefused: Stripe does not let us read.
    """
    adopted = Adopted()
    for batch in read(gateway, candidates, adopted.left, progress):
        marked = _mark(session, gateway, batch, adopted)
        if marked:
            db.run_unit(session, partial(_book, session, marked, source=source, members=members))
            adopted.taken += sum(len(ready.candidates) for ready in marked)
    return adopted


def _mark(session: Session, gateway: Gateway, batch: list[Ready], adopted: Adopted) -> list[Ready]:
    """Put our mark on what has none yet; the batch, as far as Stripe took it, with what it says now. Commits."""
    wanted = [one for ready in batch for one in ready.candidates if one.subscription.adopted_at is None]
    calls = db.run_unit(session, partial(_calls, session, wanted))
    asked = [(call, _ask(gateway, one.id, call.created_at)) for call, one in zip(calls, wanted, strict=True)]
    outcomes = outgoing.perform_many(session, asked, side_by_side=SIDE_BY_SIDE)
    marked: dict[str, Candidate | None] = {}
    for candidate, outcome in zip(wanted, outcomes, strict=True):
        if isinstance(outcome, GatewayUnavailable):
            raise outcome
        if isinstance(outcome, GatewayRefused):
            adopted.left.append(Left(candidate.id, f"Stripe does not let it be marked ({outcome.code})"))
        marked[candidate.id] = _as_answered(candidate, outcome) if isinstance(outcome, Answer) else None
    return [ready for each in batch if (ready := _without_refused(each, marked)).candidates]


def _ask(gateway: Gateway, subscription_id: str, at: datetime) -> Callable[[str], Answer]:
    return lambda key: patiently(lambda: subscriptions.adopt(gateway, subscription_id, at=at, key=key))


def _calls(session: Session, wanted: list[Candidate]) -> list[OutgoingCall]:
    """The rows of the writes. One whose answer was lost is asked again by its own; one refused has a new one."""
    refused = (
        select(OutgoingCall.subject, func.count().label("tries"))
        .where(
            OutgoingCall.kind == KIND,
            OutgoingCall.subject.in_([one.id for one in wanted]),
            OutgoingCall.state == CallState.REFUSED,
        )
        .group_by(OutgoingCall.subject)
    )
    tries = {row.subject: row.tries for row in session.execute(refused)}
    return [
        outgoing.find_or_add(
            session,
            key=f"{KIND}:{one.id}:{tries.get(one.id, 0)}",
            kind=KIND,
            subject=one.id,
            details={"customer": one.customer_id},
        )
        for one in wanted
    ]


def _as_answered(candidate: Candidate, answer: Answer) -> Candidate:
    """The candidate as Stripe answered it, with the customer that was read before."""
    told = parsing.from_object(answer.body, answer.as_of)
    subscription = next(fact for fact in told if isinstance(fact, facts.Subscription))
    rest = [fact for fact in candidate.told if isinstance(fact, facts.Customer)]
    return Candidate(subscription=subscription, told=(*told, *rest))


def _without_refused(ready: Ready, marked: dict[str, Candidate | None]) -> Ready:
    now = [marked.get(one.id, one) for one in ready.candidates]
    return replace(ready, candidates=tuple(one for one in now if one is not None))


def _book(session: Session, batch: list[Ready], *, source: str, members: Mapping[str, Member]) -> None:
    """Take all that is known of some customers into our books at once, and what follows from it."""
    newest = session.scalar(select(func.max(Patron.id))) or 0
    told = [fact for ready in batch for one in ready.candidates for fact in one.told]
    told.sort(
        key=lambda fact: isinstance(fact, facts.Customer)
    )  # known by the subscription, so that is first
    past = [fact for ready in batch for fact in ready.past]
    _own_again(session, [fact.id for fact in past if isinstance(fact, facts.Payment)])
    applying.apply_facts(session, [*told, *past], mails=False)
    now = clock.now()
    for one in (one for ready in batch for one in ready.candidates):
        session.merge(Adoption(subscription_id=one.id, source=source, read_at=now))
    for ready in batch:
        if ready.customer_id in members:
            _introduce(session, members[ready.customer_id], newer_than=newest)
    session.flush()


def _own_again(session: Session, payment_ids: Sequence[str]) -> None:
    """Let payments that were known as a stranger's be open, so that how they were paid is taken in again."""
    for start in range(0, len(payment_ids), 500):
        these = Payment.id.in_(payment_ids[start : start + 500])
        session.execute(
            update(Payment).where(these, Payment.owner == Owner.FOREIGN).values(owner=Owner.UNKNOWN)
        )


def _introduce(session: Session, member: Member, *, newer_than: int) -> None:
    """Let a patron who was just made have the name and the wish about mails that a file knows."""
    patron = session.scalars(
        select(Patron)
        .join(StripeCustomer, StripeCustomer.patron_id == Patron.id)
        .where(StripeCustomer.id == member.customer_id, Patron.id > newer_than)
    ).one_or_none()
    if patron is None:
        return
    patron.wants_topic_mail = member.wants_mail
    if member.name and not patron.name:
        patron.name = member.name
        enrolling.index_name(session, patron)
