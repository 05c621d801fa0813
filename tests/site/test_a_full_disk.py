"""With the disk full or read-only, articles are read as ever; what would write says 503 and leaves nothing half."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnectionLeftError
from sqlalchemy.orm import Session

from membership.articles import publishing
from membership.articles.publishing import COMMAND
from membership.db import db
from membership.giving.models import Event, EventState
from membership.newsroom.models import Budget
from membership.web import access
from tests.articles.stories import a_newsroom, a_story
from tests.giving.conftest import deliver
from tests.giving.stripe_words import Life, once

__all__ = ["deliver"]


@pytest.fixture
def pages(app: Flask, session: Session) -> Path:
    """Where stored pages go; a story waits to be made."""
    a_newsroom(session)
    a_story(session)
    return Path(app.extensions["membership_media"]).parent / "pages"


def test_o03_pages_that_cannot_be_stored_are_served_all_the_same(pages: Path, client: FlaskClient):
    pages.write_text("a file where a folder must be: nothing can be written below it")

    answers = [client.get("/articles/the-ferry") for _ in range(2)]
    client.set_cookie("appeal", "off")
    quiet = client.get("/articles/the-ferry")

    assert [answer.status_code for answer in answers] == [200, 200]
    assert "The ferry has stood still" in answers[1].text
    assert answers[0].headers["Cache-Control"].startswith("public")
    assert quiet.headers["Cache-Control"] == "private, no-store"


def test_o03_what_changes_meanwhile_is_seen_and_stored_once_there_is_room(
    pages: Path, session: Session, client: FlaskClient
):
    pages.write_text("full")
    client.get("/articles/the-ferry")
    publishing.correct(session, a_story(session, "The bridge"), "It is a bridge.", by=COMMAND)
    session.commit()
    assert "It is a bridge." in client.get("/articles/the-bridge").text

    pages.unlink()
    publishing.correct(session, a_story(session, "The road"), "It is a road.", by=COMMAND)
    session.commit()

    assert "It is a road." in client.get("/articles/the-road").text
    assert (pages / "asking/articles/the-road/_page").exists()


@pytest.fixture
def full(session: Session) -> Iterator[Callable[[], None]]:
    """SQLite's file may not grow; call it to make room again."""
    session.rollback()

    def small(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA max_page_count=1")  # it never goes below what the file has

    def make_room() -> None:
        if event.contains(Engine, "connect", small):
            event.remove(Engine, "connect", small)
        db.engine.dispose()

    db.engine.dispose()
    event.listen(Engine, "connect", small)
    yield make_room
    make_room()


@pytest.mark.one_engine
def test_o03_an_event_that_finds_no_room_is_taken_when_there_is_some(full, session, deliver):
    life = Life("full")
    once(life)
    padded = life.events[0] | {"padding": "x" * 300_000}  # more than the file has left

    refused = deliver(padded)
    assert session.query(Event).count() == 0
    session.rollback()
    full()
    taken = deliver(padded)

    assert (refused.status_code, taken.status_code) == (503, 200)
    assert session.query(Event).one().state is EventState.APPLIED


@pytest.mark.one_engine
def test_o03_a_form_that_finds_no_room_is_answered_503_and_nothing_of_it_stays(full, session, client):
    note = {"title": "Who pays for the ferry?", "text": "x" * 2_000}
    answers = []
    for number in range(400):  # until the last page of the file is full
        answer = client.post("/sign-in", data={"email": f"reader-{number}@example.org", **note})
        answers.append(answer.status_code)
        if answer.status_code == 503:
            break
    assert answers[-1] == 503
    spent = session.query(Budget).count()
    session.rollback()

    assert client.get("/sign-in").status_code == 200
    assert session.query(Budget).count() == spent
    session.rollback()
    full()
    assert client.post("/sign-in", data={"email": "later@example.org"}).status_code == 303


def test_o05_without_a_free_connection_readers_are_asked_to_come_again(app: Flask, client: FlaskClient):
    def exhausted() -> str:
        raise NoConnectionLeftError("QueuePool limit reached")

    app.view_functions["site.live"] = access.machine(exhausted)

    assert client.get("/live").status_code == 503


def test_o05_a_fault_of_ours_is_no_outage(app: Flask, client: FlaskClient):
    def broken() -> str:
        raise IntegrityError("INSERT", {}, Exception("UNIQUE constraint failed"))

    app.view_functions["site.live"] = access.machine(broken)
    app.config["PROPAGATE_EXCEPTIONS"] = False

    assert client.get("/live").status_code == 500
