"""Two machines on one database: each has pages of its own, and a change is seen on both within two seconds."""

import time
from pathlib import Path

import pytest

from membership.app import create_app
from membership.articles import publishing
from membership.articles.publishing import COMMAND
from membership.db import db
from membership.newsroom import page_changes
from membership.settings import Settings
from membership.web import page_news
from tests.articles.stories import a_newsroom, a_story, words

SOON_S = 2


@pytest.fixture
def machines(app, session, client, settings_env, tmp_path):
    """Browsers at two machines that ask for changes as often as in production."""
    a_newsroom(session)
    other = create_app(
        Settings.from_environment(settings_env | {"MEMBERSHIP_DATA_DIR": str(tmp_path / "other")})
    )
    for machine in (app, other):
        machine.extensions["membership_pages"][0].news._every_s = page_news.POLL_S
    yield client, other.test_client()
    with other.app_context():
        db.session.remove()
        db.engine.dispose()


def seen(browser, path, text):
    until = time.monotonic() + 10 * SOON_S
    while time.monotonic() < until:
        if text in words(browser.get(path)):
            return time.monotonic()
        time.sleep(0.02)
    raise AssertionError(f"{path} never said {text!r}")


def test_a_change_is_seen_on_every_machine_within_two_seconds(machines, session, tmp_path):
    story = a_story(session)
    for browser in machines:
        assert "since May" in words(browser.get("/articles/the-ferry"))
    assert (Path(tmp_path) / "other/pages/asking/articles/the-ferry/_page").exists()

    publishing.correct(session, story, "It stood still since June.", by=COMMAND)
    session.commit()
    committed = time.monotonic()

    for browser in machines:
        assert seen(browser, "/articles/the-ferry", "since June") - committed <= SOON_S


def test_a_withdrawn_story_is_gone_on_every_machine_within_two_seconds(machines, session):
    story = a_story(session)
    for browser in machines:
        browser.get("/articles/the-ferry")
    publishing.withdraw(session, story, by=COMMAND)
    session.commit()
    committed = time.monotonic()

    for browser in machines:
        while browser.get("/articles/the-ferry").status_code != 410:
            assert time.monotonic() - committed <= SOON_S
            time.sleep(0.02)


def test_a_change_of_everything_is_seen_on_every_machine_within_two_seconds(machines, session):
    story = a_story(session)
    for browser in machines:
        browser.get("/articles/the-ferry")
    story.body = "Everything is different."
    page_changes.record(session, page_changes.EVERYTHING)
    session.commit()
    committed = time.monotonic()

    for browser in machines:
        assert seen(browser, "/articles/the-ferry", "Everything is different.") - committed <= SOON_S
