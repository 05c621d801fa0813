"""Reading at Stripe what events left open, and applying it: the sweeper beside giving.applying.apply_all.

What is read for a conflict, since two bodies came under one event's id, takes the place of what was told.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.orm import Session

from membership import clock, db
from membership.gateway import client, reading
from membership.gateway.client import Gateway, Json
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving import applying, parsing, storing
from membership.giving.facts import Fact, Observed, Payment, ToRead
from membership.giving.fields import UnreadableObjectError
from membership.giving.models import Event, ReadingState
from membership.giving.reading_list import CONFLICT, FRAUD_WARNING, TABLE

log = structlog.get_logger(__name__)
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
MOST_DOUBLINGS = 10  # some tries have no end, and a length of time has a largest value
MOST_TRIES = 12


def read_all(session: Session, gateway: Gateway | None = None, *, most: int = 500) -> int:
    """Read what is due to be read, apply it, and take it off the list; how many were read.

    While Stripe cannot be reached what is known stands, and the next try is later each time. An answer that cannot be
    read or booked keeps no other object waiting. Asked to slow down, all that is left waits for the next round.
    """
    gateway, done = gateway or client.current(), 0
    for kind, object_id, reason in _due(session, most):
        try:
            _read_one(session, gateway, kind, object_id, reason)
        except GatewayUnavailable as error:
            db.run_unit(session, partial(_later, session, kind, object_id))
            if error.reason == "rate_limit":
                log.warning("objects_wait", reason=error.reason)
                break
        except GatewayRefused as refused:
            log.warning("object_unread", kind=kind, id=object_id, code=refused.code)
            state = ReadingState.GONE if refused.is_missing else ReadingState.WAITING
            db.run_unit(session, partial(_later, session, kind, object_id, state))
        except Exception as error:  # noqa: BLE001 - one that cannot be read keeps no other waiting
            log.warning("object_not_applied", kind=kind, id=object_id, error=type(error).__name__)
            db.run_unit(session, partial(_later, session, kind, object_id, dies=True))
        else:
            done += 1
    return done


def _read_one(session: Session, gateway: Gateway, kind: str, object_id: str, reason: str) -> None:
    told = list(_told(gateway, kind, object_id))
    if FRAUD_WARNING in reason:
        told = [replace(f, has_fraud_warning=True) if isinstance(f, Payment) else f for f in told]
    db.run_unit(session, partial(_apply, session, kind, object_id, reason, told))


def _due(session: Session, most: int) -> list[tuple[str, str, str]]:
    """What is to be read now; for a conflict not before the event that came with two bodies is applied."""
    is_untold = exists(
        select(Event.id).where(Event.state.in_(applying.WAITING), Event.has_conflict).correlate(None)
    )
    rows = session.execute(
        select(TABLE.c.type, TABLE.c.id, TABLE.c.reason)
        .where(
            TABLE.c.state == ReadingState.WAITING,
            TABLE.c.next_try_at <= clock.now(),
            or_(TABLE.c.reason.not_like(f"%{CONFLICT}%"), ~is_untold),
        )
        .order_by(TABLE.c.next_try_at, TABLE.c.id)
        .limit(most)
    ).all()
    session.rollback()
    return [(row.type, row.id, row.reason) for row in rows]


def _told(gateway: Gateway, kind: str, object_id: str) -> Iterator[Observed]:
    if kind == "invoice_payments_of":
        filters: Json = {"invoice": object_id}
        for page in reading.pages(gateway, "invoice_payment", filters=filters):
            for joint in page.objects:
                yield from parsing.from_object(joint, page.as_of)
                yield from _charges_of(gateway, joint)
        return
    answer = reading.get(gateway, kind, object_id)
    yield from parsing.from_object(answer.body, answer.as_of)


def _charges_of(gateway: Gateway, joint: Json) -> Iterator[Observed]:
    """The charges tried for an invoice, failed ones included."""
    intent = (joint.get("payment") or {}).get("payment_intent")
    if isinstance(intent, str):
        for page in reading.pages(gateway, "charge", filters={"payment_intent": intent}):
            for charge in page.objects:
                yield from parsing.from_object(charge, page.as_of)


def _apply(session: Session, kind: str, object_id: str, reason: str, told: list[Observed]) -> None:
    if any(isinstance(fact, ToRead) and (fact.type, fact.id) == (kind, object_id) for fact in told):
        raise UnreadableObjectError(kind, "items")  # asked again at once, Stripe would say the same
    # One that was asked for meanwhile for another reason stays.
    session.execute(
        delete(TABLE).where(TABLE.c.type == kind, TABLE.c.id == object_id, TABLE.c.reason == reason)
    )
    if CONFLICT in reason:
        facts = [fact for fact in told if isinstance(fact, Fact)]
        storing.lock(session, [fact.id for fact in facts])
        storing.doubt(session, [fact for fact in facts if fact.id == object_id])
    applying.apply_facts(session, told)


def _later(
    session: Session,
    kind: str,
    object_id: str,
    state: ReadingState = ReadingState.WAITING,
    *,
    dies: bool = False,
) -> None:
    """Try again later, and later each time; what `dies` is given up, for all to see, after MOST_TRIES."""
    session.rollback()
    row = session.execute(select(TABLE).where(TABLE.c.type == kind, TABLE.c.id == object_id)).first()
    if row is None:
        return
    if dies and row.tries + 1 >= MOST_TRIES:
        state = ReadingState.DEAD
    wait = min(FIRST_WAIT * 2 ** min(row.tries, MOST_DOUBLINGS), LONGEST_WAIT)
    session.execute(
        update(TABLE)
        .where(TABLE.c.type == kind, TABLE.c.id == object_id)
        .values(tries=row.tries + 1, next_try_at=clock.now() + wait, state=state)
    )
