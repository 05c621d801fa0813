"""With Redis and Stripe stopped articles are read, published and changed as ever; with the database too, read."""

import pytest

from membership.app import create_app
from membership.articles import publishing
from membership.articles.publishing import COMMAND
from membership.db import db
from membership.settings import Settings
from tests import servers
from tests.articles.stories import a_newsroom, a_story, an_appeal, words
from tests.web import workers
from tests.web.stopping import stop_database

__all__ = ["stop_database"]

pytestmark = pytest.mark.one_engine


@pytest.fixture
def redis(settings_env):
    """A Redis for wake-ups and flood limits; and an address for Stripe where nobody answers."""
    with servers.redis() as (url, process):
        settings_env["MEMBERSHIP_JOBS_URL"] = url
        settings_env["MEMBERSHIP_LIMITS_URL"] = url
        settings_env["MEMBERSHIP_STRIPE_API_BASE"] = f"http://127.0.0.1:{servers.free_port()}"
        yield process


def test_with_redis_and_stripe_stopped_articles_are_read_and_published(redis, session, client):
    a_newsroom(session)
    an_appeal(session)
    story = a_story(session)
    a_story(session, "The bridge")
    assert client.get("/articles/the-ferry").status_code == 200
    assert client.get("/topics").status_code == 200
    redis.terminate()
    redis.wait(timeout=20)

    assert "since May" in words(client.get("/articles/the-ferry"))
    assert client.get("/articles/the-bridge").status_code == 200  # nobody had asked for it
    publishing.correct(session, story, "It stood still since June.", by=COMMAND)
    session.commit()
    assert "since June" in words(client.get("/articles/the-ferry"))
    a_story(session, "News of this hour")
    assert client.get("/articles/news-of-this-hour").status_code == 200
    assert "News of this hour" in words(client.get("/"))
    assert client.get("/topics").status_code == 200  # a flood limit may fail open


def test_a_process_that_starts_while_redis_is_away_serves_articles(redis, settings_env, session, client):
    a_newsroom(session)
    a_story(session)
    client.get("/articles/the-ferry")
    redis.terminate()
    redis.wait(timeout=20)

    started = create_app(Settings.from_environment(settings_env))
    assert "since May" in words(started.test_client().get("/articles/the-ferry"))
    with started.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("visitor", ["anonymous", "quiet", "signed in"])
def test_with_database_redis_and_stripe_stopped_at_once_readers_read_on(
    redis, app, session, client, as_, cleo, stop_database, visitor
):
    a_newsroom(session)
    an_appeal(session)
    a_story(session)
    pages = ["/", "/articles/the-ferry", "/sections/land", "/feed.xml", "/sitemap.xml", "/embed/appeal"]
    for path in pages:
        assert client.get(path).status_code == 200
    browser = as_(cleo) if visitor == "signed in" else client
    if visitor == "quiet":
        browser.set_cookie("appeal", "off")
    redis.terminate()
    redis.wait(timeout=20)
    stop_database()

    for restart in (False, True):
        if restart:
            app.wsgi_app = workers.another(app)  # with nothing in memory
        answers = {path: browser.get(path) for path in pages}
        assert [answer.status_code for answer in answers.values()] == [200] * len(pages)
        assert not any("Set-Cookie" in answer.headers for answer in answers.values())
        story = words(answers["/articles/the-ferry"])
        assert "since May" in story
        assert ("Free for all" in story) == (visitor != "quiet")
        assert "Free for all" in words(answers["/embed/appeal"])
        for path, status in {"/live": 200, "/ready": 503, "/support": 503}.items():
            assert browser.get(path).status_code == status, path
