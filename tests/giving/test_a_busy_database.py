"""Events that meet a SQLite file which somebody else holds: refused only when not stored, applied when it is free."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from membership import clock
from membership import db as database
from membership.giving import applying, receiving
from membership.giving.models import Event, EventState, Payment
from tests.giving.stripe_words import Life, once

pytestmark = pytest.mark.one_engine  # PostgreSQL has no such lock; its rows are awaited one by one


class Writer:
    """Another program that writes to the file."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)

    def hold(self) -> None:
        """Take the only writer's place."""
        self._connection.execute("BEGIN IMMEDIATE")

    def hold_at_once(self, _session: Session) -> None:
        """Take it in the instant after somebody's commit."""
        self.hold()

    def let_go(self) -> None:
        """Give it back."""
        self._connection.execute("ROLLBACK")

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Keep it for a while."""
        self.hold()
        yield
        self.let_go()


@pytest.fixture
def writer(app, tmp_path: Path) -> Iterator[Writer]:
    """Another writer; the app waits for its turn no longer than it must."""
    database.wait_longer(seconds=0)
    yield Writer(tmp_path / "membership.db")
    database.wait_longer(seconds=database.BUSY_TIMEOUT_MS // 1_000)


@pytest.fixture
def told() -> list[dict[str, object]]:
    life = Life("busy")
    once(life)
    return life.events


def test_what_cannot_be_stored_is_refused_for_now_and_taken_when_stripe_comes_again(
    writer, session, deliver, told
):
    session.rollback()
    with writer.holding():
        refused = deliver(told[0])
    taken = deliver(told[0])

    assert (refused.status_code, taken.status_code) == (503, 200)
    assert session.query(Event).one().state is EventState.APPLIED
    assert session.query(Payment).count() == 1


def test_what_is_stored_and_not_applied_is_taken_and_the_sweeper_applies_it(writer, session, deliver, told):
    session.rollback()

    event.listen(Session, "after_commit", writer.hold_at_once, once=True)
    taken = deliver(told[0])
    assert taken.status_code == 200
    with database.reading(session):
        waiting = session.query(Event).one()
        assert (waiting.state, waiting.tries) == (EventState.RECEIVED, 0)

    assert applying.apply_all(session) == 0
    writer.let_go()
    assert applying.apply_all(session) == 1
    assert session.query(Event).one().state is EventState.APPLIED


def test_a_busy_file_is_never_held_against_an_event(writer, session, told):
    event_id, _, _ = receiving.store(session, told[0], at=clock.now(), is_live=False)
    session.commit()

    for _ in range(applying.MOST_TRIES + 1):
        with writer.holding(), pytest.raises(OperationalError):
            applying.apply_one(session, event_id, tries=1)
        session.rollback()

    assert (session.query(Event).one().state, session.query(Event).one().tries) == (EventState.RECEIVED, 0)


def test_looking_for_work_waits_for_no_turn(writer, session):
    session.rollback()

    with writer.holding():
        began = time.monotonic()
        assert applying.apply_all(session) == 0

    assert time.monotonic() - began < 1


def test_a_page_that_would_write_says_so_and_that_it_may_be_tried_again(writer, session, client):
    session.rollback()

    with writer.holding():
        answer = client.post("/sign-in", data={"email": "cleo@example.org"})

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "30"
