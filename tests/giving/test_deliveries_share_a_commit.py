"""Deliveries that come while a commit is under way share the next one; each keeps every promise (W06-W10, W26-W30)."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import event as listening
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, OperationalError

from membership import clock
from membership.db import db
from membership.giving import applying, receiving, stating
from membership.giving.ledger import LedgerEntry
from membership.giving.models import Event, EventState, ObjectToRead, Payment
from membership.mail.models import OutgoingMail
from tests.giving.conftest import signed
from tests.giving.lives import LIVES
from tests.giving.sandboxed import empty
from tests.giving.stripe_words import Json, Life, once

INSERT = "INSERT INTO event "


def _events(count: int) -> list[Json]:
    """A charge of each of so many givers."""
    lives = [Life(f"group{number}") for number in range(count)]
    for life in lives:
        once(life)
    return [life.events[0] for life in lives]


class Crowd:
    """Many of Stripe's deliveries at once: one is being stored while the others arrive."""

    def __init__(self, app) -> None:
        self._app = app
        self._door = app.extensions["membership_door"]
        self.statements: list[str] = []
        self.errors: dict[str, Exception] = {}  # by the word in a statement's values that meets it

    def deliver(self, first: Json, others: list[Json]) -> list[tuple[int, str]]:
        """Deliver one, and the others while it is being stored; the answers in the order of coming."""
        answers: dict[int, tuple[int, str]] = {}

        def send(number: int, event: Json) -> None:
            body = json.dumps(event).encode()
            answer = self._app.test_client().post("/stripe/events", data=body, headers=signed(body))
            answers[number] = (answer.status_code, answer.text.strip())

        threads = [
            threading.Thread(target=send, args=(number, event))
            for number, event in enumerate([first, *others])
        ]
        with self._held() as let_go:
            for number, thread in enumerate(threads):
                thread.start()
                _until(partial(self._has_come, number))
            let_go()
            for thread in threads:
                thread.join(30)
        return [answers[number] for number in range(len(threads))]

    def _has_come(self, number: int) -> bool:
        return bool(self.statements) and len(self._door._commits._queue) == number

    @contextmanager
    def _held(self) -> Iterator[Callable[[], None]]:
        """Hold the first insertion back until it is let go."""
        go = threading.Event()

        def note(_connection, _cursor, statement, parameters, *_rest) -> None:
            if not statement.startswith(INSERT):
                return
            self.statements.append(statement)
            if len(self.statements) == 1:
                assert go.wait(20)
            for word, error in self.errors.items():
                if word in str(parameters):
                    raise error

        listening.listen(db.engine, "before_cursor_execute", note)
        try:
            yield go.set
        finally:
            listening.remove(db.engine, "before_cursor_execute", note)


def _until(holds: Callable[[], object]) -> None:
    ends = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.001)


@pytest.fixture
def crowd(app, session) -> Crowd:
    """Deliveries in twenty threads."""
    session.rollback()
    return Crowd(app)


def _states(session) -> dict[str, EventState]:
    session.rollback()
    return {event.id: event.state for event in session.scalars(select(Event))}


def _count(session, model: type) -> int:
    session.rollback()
    return int(session.scalar(select(func.count()).select_from(model)) or 0)


def test_twenty_deliveries_at_once_take_two_commits_and_are_each_stored_and_applied(crowd, session):
    events = _events(20)

    answers = crowd.deliver(events[0], events[1:])
    applying.apply_all(session)

    assert answers == [(200, "stored")] * 20
    assert len(crowd.statements) == 2
    assert _states(session) == {event["id"]: EventState.APPLIED for event in events}
    assert (_count(session, Payment), _count(session, LedgerEntry)) == (20, 20)
    kept = session.scalars(select(Event.body).where(Event.id == events[7]["id"])).one()
    assert json.loads(kept) == events[7]


def test_w06_w09_one_event_twenty_times_in_one_commit_is_stored_once_and_counted(crowd, session):
    first, again = _events(2)
    clock.set_now(datetime.fromtimestamp(again["created"], UTC) + timedelta(minutes=1))  # it is still news

    answers = crowd.deliver(first, [again] * 19)
    applying.apply_all(session)

    assert sorted(answers) == [(200, "duplicate")] * 18 + [(200, "stored")] * 2
    assert len(crowd.statements) == 2
    session.rollback()
    assert session.get_one(Event, again["id"]).deliveries == 19
    assert _states(session) == {first["id"]: EventState.APPLIED, again["id"]: EventState.APPLIED}
    assert (_count(session, Payment), _count(session, LedgerEntry)) == (2, 2)
    assert session.scalars(select(OutgoingMail.kind)).all() == ["giving/welcome"] * 2


def test_w08_w37_two_bodies_under_one_id_in_one_commit_are_evidence_and_the_first_stays(crowd, session):
    first, event = _events(2)
    varied = event | {"pending_webhooks": 7, "request": None}
    other = json.loads(json.dumps(event))
    other["data"]["object"]["amount_captured"] = 999_999

    answers = crowd.deliver(first, [event, varied, other])
    applying.apply_all(session)

    assert answers == [(200, word) for word in ("stored", "stored", "duplicate", "conflict")]
    session.rollback()
    kept = session.get_one(Event, event["id"])
    assert (kept.deliveries, kept.has_conflict) == (3, True)
    assert (json.loads(kept.body), json.loads(kept.conflict_body or b"")) == (event, other)
    assert set(session.scalars(select(Payment.amount))) == {2500}
    assert session.scalars(select(ObjectToRead.reason)).all() == ["conflict"]


def test_w10_two_events_of_one_object_in_one_commit_end_as_one_after_the_other(crowd, session):
    first, events = _events(1)[0], LIVES["canceled_at_the_end"]().life.events

    answers = crowd.deliver(first, events[::-1])
    applying.apply_all(session)

    assert {status for status, _word in answers} == {200}
    assert len(crowd.statements) == 2
    assert set(_states(session).values()) == {EventState.APPLIED}
    together = _books(session)
    assert [gift["status"] for gift in together["subscriptions"]] == ["canceled"]
    assert together == _after(session, [first, *events]) == _after(session, [first, *events[::-1]])


def _after(session, events: list[Json]) -> Json:
    """The books after events that came, and were applied, one after the other."""
    empty(session)
    for event in events:
        event_id, _, _ = receiving.store(session, event, at=clock.now(), is_live=False)
        session.commit()
        assert applying.apply_one(session, event_id)
    return _books(session)


def _books(session) -> Json:
    session.rollback()
    return stating.state(session, clock.now())


def test_w29_a_row_that_cannot_be_stored_is_refused_alone(crowd, session):
    events = _events(20)
    crowd.errors[events[7]["id"]] = IntegrityError("INSERT", {}, Exception("a constraint of tomorrow"))

    answers = crowd.deliver(events[0], events[1:])

    assert answers[7] == (503, "try again")
    assert answers[:7] + answers[8:] == [(200, "stored")] * 19
    assert set(_states(session)) == {event["id"] for event in events} - {events[7]["id"]}


def test_w30_with_the_database_gone_all_who_wait_are_told_so_after_one_try(crowd, session):
    events = _events(20)
    crowd.errors["evt_"] = OperationalError("INSERT", {}, Exception("database is locked"))

    answers = crowd.deliver(events[0], events[1:])

    assert answers == [(503, "try again")] * 20
    assert len(crowd.statements) == 2
    assert _states(session) == {}


@pytest.mark.parametrize("point", ["before", "after"])
def test_w26_w27_killed_around_a_commit_of_many_none_of_them_or_all_are_stored(
    point, settings_env, session, deliver
):
    clock.set_now(None)  # the other process has the machine's clock
    events = _events(6)
    session.rollback()
    killed = subprocess.run(
        [sys.executable, "-m", "tests.giving.kill_while_receiving", f"group-{point}"],
        input="\n".join(json.dumps(event) for event in events).encode(),
        env=os.environ | settings_env,
        capture_output=True,
        check=False,
    )

    answered = killed.stdout.split()
    assert killed.returncode == -9
    assert answered == [events[0]["id"].encode()]
    stored = set(_states(session))
    assert stored == {event["id"] for event in (events[:1] if point == "before" else events)}

    # Stripe delivers again whatever was not answered; or the worker's round comes first.
    applying.apply_all(session)
    assert [deliver(event).text for event in events] == [
        "duplicate\n" if event["id"] in stored else "stored\n" for event in events
    ]
    assert set(_states(session).values()) == {EventState.APPLIED}
    assert (_count(session, Payment), _count(session, LedgerEntry)) == (6, 6)


@pytest.fixture(autouse=True)
def _one_key(settings_env: dict[str, str]) -> None:
    """A key that two processes share, since what is stored of an event is encrypted."""
    settings_env["MEMBERSHIP_FIELD_KEYS"] = Fernet.generate_key().decode()
