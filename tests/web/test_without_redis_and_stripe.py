"""With Redis and Stripe stopped, one after the other, articles are read, published and changed as ever."""

import pytest

from membership.app import create_app
from membership.articles import publishing
from membership.articles.publishing import COMMAND
from membership.db import db
from membership.settings import Settings
from tests import servers
from tests.articles.stories import a_newsroom, a_story, an_appeal, words

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
