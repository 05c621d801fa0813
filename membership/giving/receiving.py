"""The door for Stripe's events: only what Stripe has signed is let in, and it is stored whole before anything else."""

import json
from collections.abc import Iterable, Sequence
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
from membership.giving import parsing, reading_list
from membership.giving.facts import ToRead
from membership.giving.fields import Json, Thing, UnreadableObjectError
from membership.giving.models import Event, EventState
from membership.secrets import seal_bytes

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


@dataclass(frozen=True, kw_only=True)
class Letter:
    """An event that may be let in: what stands in it, and the row that it will be."""

    event: Json
    row: Json
    is_delivered: bool  # by Stripe; otherwise it was read from a list or a file

    @property
    def id(self) -> str:
        """The event's id."""
        return str(self.row["id"])


Stored = tuple[str, Outcome, EventState]
"""The event's id, what became of the delivery, and the event's state."""


def open_letter(delivery: Delivery, *, secrets: Iterable[str], is_live: bool) -> Letter:
    """Look at a delivery as far as needs no database: whose it is, what stands in it; encrypt it for its row.

    Raises:
        SignatureError: it is not Stripe's, or its time is more than five minutes off.
        SignedNonsenseError: it is signed, and is no event.
    """
    events.check_signature(delivery.body, delivery.signature[:MOST_HEADER], secrets, delivery.at)
    event = _strictly(delivery.body)
    try:
        return _letter(event, delivery, is_live=is_live)
    except UnreadableObjectError as error:
        raise SignedNonsenseError(error.field) from None


def store(session: Session, event: Json, *, at: datetime, is_live: bool) -> Stored:
    """Store an event that was read from Stripe or from a file, as if it had been delivered. The caller commits.

    Raises:
        UnreadableObjectError: it is no event.
    """
    body = json.dumps(event, sort_keys=True, separators=(",", ":")).encode()
    letter = _letter(event, Delivery(body=body, signature="", at=at), is_live=is_live)
    stored = store_all(session, [letter])[0]
    if stored[1] is Outcome.STORED:
        jobs.wake(session, "events")
    return stored


def store_all(session: Session, letters: Sequence[Letter]) -> list[Stored]:
    """Store events whole, each under its id, or count them as another delivery of what is known; in their order.

    The caller commits before it answers, then applies what is RECEIVED or wakes the worker for it.
    """
    connection = session.connection()
    in_order = sorted(letters, key=lambda letter: letter.id)  # so that no two processes wait for each other
    first = {letter.id: letter for letter in reversed(in_order)}
    rows = [first[event_id].row for event_id in sorted(first)]
    added = connection.execute(_ADD[connection.dialect.name], rows if len(rows) > 1 else rows[0])
    new = {event_id for (event_id,) in added}
    found: dict[int, Stored] = {}
    for letter in in_order:
        if letter.id in new and letter is first[letter.id]:
            found[id(letter)] = (letter.id, Outcome.STORED, letter.row["state"])
        else:
            found[id(letter)] = _again(session, letter)
    return [found[id(letter)] for letter in letters]


def _letter(event: Json, delivery: Delivery, *, is_live: bool) -> Letter:
    thing = Thing("event", event)
    event_id, mode = _plain(thing, "id"), event.get("livemode")
    if not isinstance(mode, bool):
        raise UnreadableObjectError("event", "livemode")
    if mode != is_live:
        log.error("event_of_the_wrong_mode", event_id=event_id)
    is_delivered = bool(delivery.signature)
    row = {
        "id": event_id,
        "type": _plain(thing, "type")[:80],
        "created": thing.instant("created"),
        "api_version": thing.words("api_version", 40),
        "is_live": mode,
        "body": seal_bytes(delivery.body),
        "received_at": delivery.at,
        "next_try_at": delivery.at,
        "state": EventState.RECEIVED if mode == is_live else EventState.WRONG_MODE,
        "tries": 0,
        "deliveries": int(is_delivered),
        "has_conflict": False,
        "error": "",
    }
    return Letter(event=event, row=row, is_delivered=is_delivered)


def _plain(thing: Thing, name: str) -> str:
    """A word of Stripe's own; a NUL or half of a letter in it could be stored by no table."""
    value = thing.text(name)
    if not (value.isascii() and value.isprintable()):
        raise UnreadableObjectError(thing.kind, name)
    return value


def _again(session: Session, letter: Letter) -> Stored:
    """Count another delivery of an event; one that says something else is kept beside it: something is wrong."""
    known = session.scalars(select(Event).filter_by(id=letter.id).with_for_update()).one()
    if letter.is_delivered:
        known.deliveries += 1
    first = json.loads(known.body)
    if _told(first) == _told(letter.event):
        return letter.id, Outcome.DUPLICATE, known.state
    if not known.has_conflict:
        known.has_conflict, known.conflict_body = True, letter.row["body"]
    log.error("event_conflict", event_id=letter.id)
    for event in (first, letter.event):  # which may be about two objects
        _let_read(session, event)
    return letter.id, Outcome.CONFLICT, known.state


def _let_read(session: Session, event: Json) -> None:
    """Let Stripe be asked how what an event is about truly stands."""
    told = _object(event)
    kind, object_id = (told.get("object"), told.get("id")) if isinstance(told, dict) else (None, None)
    if isinstance(kind, str) and kind in parsing.PARSERS and isinstance(object_id, str):
        reading_list.add(session, ToRead(type=kind, id=object_id[:255], reason=reading_list.CONFLICT))


def _told(event: Json) -> tuple[object, ...]:
    """What an event says; the rest of it may differ between deliveries."""
    return (event.get("type"), event.get("created"), _object(event))


def _object(event: Json) -> object:
    data = event.get("data")
    return data.get("object") if isinstance(data, dict) else None


def _strictly(body: bytes) -> Json:
    """The event, read with nothing taken that Stripe never writes: other numbers, doubled keys, depth without end."""
    try:
        text = body.decode("utf-8")
        parsed = _DECODER.decode(text)
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


_DECODER = json.JSONDecoder(object_pairs_hook=_without_doubles, parse_constant=_refuse)


def _is_deeper(value: object, levels: int) -> bool:
    """Whether lists and objects stand in each other more than so many levels deep."""
    level = [value]
    for _level in range(levels):
        parts = [part for outer in level for part in (outer.values() if isinstance(outer, dict) else outer)]  # type: ignore[attr-defined]  # a dict or a list
        level = [part for part in parts if isinstance(part, dict | list)]
        if not level:
            return False
    return True
