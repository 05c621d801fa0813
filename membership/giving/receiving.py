"""The door for Stripe's events: only what Stripe has signed is let in, and it is stored whole before anything else."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import cast

import structlog
from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from membership import jobs
from membership.gateway import events
from membership.giving import reading_list
from membership.giving.facts import ToRead
from membership.giving.fields import Json, Thing, UnreadableObjectError
from membership.giving.models import Event, EventState

log = structlog.get_logger(__name__)
MOST_BYTES = 1024 * 1024
MOST_HEADER = 4096
_MOST_DEPTH = 64
EVENTS = cast("Table", Event.__table__)
_ADD = {
    name: upsert(EVENTS).on_conflict_do_nothing(index_elements=["id"]).returning(EVENTS.c.id)
    for name, upsert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}
"""Built once: building a statement costs more than running it."""


class Outcome(StrEnum):
    """What became of a delivery."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"  # the same id, validly signed, with another body


class SignedNonsenseError(Exception):
    """A body that Stripe's secret has signed is no event: a secret has leaked, or somebody has a bug."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A delivery as it came in."""

    body: bytes
    signature: str
    at: datetime


def receive(
    session: Session, delivery: Delivery, *, secrets: Iterable[str], is_live: bool
) -> tuple[str, Outcome, EventState]:
    """Let a delivery in and store its event: the id, what became of the delivery, and the event's state.

    The caller commits before it answers, then lets giving.applying apply what is RECEIVED.

    Raises:
        SignatureError: it is not Stripe's, or its time is more than five minutes off.
        SignedNonsenseError: it is signed, and is no event.
    """
    events.check_signature(delivery.body, delivery.signature[:MOST_HEADER], secrets, delivery.at)
    event = _strictly(delivery.body)
    try:
        return _store(session, event, delivery, is_live=is_live)
    except UnreadableObjectError as error:
        raise SignedNonsenseError(error.field) from None


def store(session: Session, event: Json, *, at: datetime, is_live: bool) -> tuple[str, Outcome, EventState]:
    """Store an event that was read from Stripe or from a file, as if it had been delivered. The caller commits.

    Raises:
        UnreadableObjectError: it is no event.
    """
    body = json.dumps(event, sort_keys=True, separators=(",", ":")).encode()
    return _store(session, event, Delivery(body=body, signature="", at=at), is_live=is_live)


def _store(
    session: Session, event: Json, delivery: Delivery, *, is_live: bool
) -> tuple[str, Outcome, EventState]:
    thing = Thing("event", event)
    event_id, mode = thing.text("id"), event.get("livemode")
    if not isinstance(mode, bool):
        raise UnreadableObjectError("event", "livemode")
    values = {
        "id": event_id,
        "type": thing.text("type")[:80],
        "created": thing.instant("created"),
        "api_version": thing.words("api_version", 40),
        "is_live": mode,
        "body": delivery.body,
        "received_at": delivery.at,
        "next_try_at": delivery.at,
        "state": EventState.RECEIVED if mode == is_live else EventState.WRONG_MODE,
        "tries": 0,
        "deliveries": 1,
        "has_conflict": False,
        "error": "",
    }
    connection = session.connection()
    added = connection.execute(_ADD[connection.dialect.name], values).first()
    if added is None:
        return _again(session, event_id, event, is_read=not delivery.signature)
    if mode != is_live:
        log.error("event_of_the_wrong_mode", event_id=event_id)
    jobs.wake(session, "events")
    return event_id, Outcome.STORED, values["state"]  # type: ignore[return-value]  # set above


def _again(session: Session, event_id: str, body: Json, *, is_read: bool) -> tuple[str, Outcome, EventState]:
    """Count another delivery of an event; one that says something else is evidence that something is wrong."""
    known = session.scalars(select(Event).filter_by(id=event_id).with_for_update()).one()
    if not is_read:
        known.deliveries += 1
    if _told(json.loads(known.body)) == _told(body):
        return event_id, Outcome.DUPLICATE, known.state
    known.has_conflict = True
    log.error("event_conflict", event_id=event_id)
    told = Thing("event", body).thing("data").thing("object")
    reading_list.add(session, ToRead(type=told.text("object")[:40], id=told.text("id"), reason="conflict"))
    return event_id, Outcome.CONFLICT, known.state


def _told(event: Json) -> tuple[object, ...]:
    """What an event says; the rest of it may differ between deliveries."""
    return (event.get("type"), event.get("created"), (event.get("data") or {}).get("object"))


def _strictly(body: bytes) -> Json:
    """The event, read with nothing taken that Stripe never writes: other numbers, doubled keys, depth without end."""
    try:
        text = body.decode("utf-8")
        parsed = json.loads(text, object_pairs_hook=_without_doubles, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise SignedNonsenseError("json") from None
    if not isinstance(parsed, dict) or _is_deeper(parsed, _MOST_DEPTH):
        raise SignedNonsenseError("shape")
    return parsed


def _without_doubles(pairs: list[tuple[str, object]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse(constant: str) -> object:
    raise ValueError(constant)


def _is_deeper(value: object, levels: int) -> bool:
    """Whether lists and objects stand in each other more than so many levels deep."""
    level = [value]
    for _level in range(levels):
        parts = [part for outer in level for part in (outer.values() if isinstance(outer, dict) else outer)]  # type: ignore[attr-defined]  # a dict or a list
        level = [part for part in parts if isinstance(part, dict | list)]
        if not level:
            return False
    return True
