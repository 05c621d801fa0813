"""With the database stopped readers go on reading: without cookie, with `appeal=off`, signed in."""

import pytest

from membership.articles import publishing
from membership.articles.publishing import COMMAND
from membership.web import page_leading
from tests.articles.stories import a_newsroom, a_story, an_appeal, words
from tests.web import workers
from tests.web.stopping import stop_database

__all__ = ["stop_database"]


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


@pytest.mark.parametrize("visitor", ["anonymous", "quiet", "signed in"])
def test_with_the_database_stopped_an_article_opens(app, session, client, as_, cleo, visitor, stop_database):
    an_appeal(session)
    a_story(session)
    client.get("/articles/the-ferry")
    browser = as_(cleo) if visitor == "signed in" else client
    if visitor == "quiet":
        browser.set_cookie("appeal", "off")
    stop_database()
    restarted = workers.another(app)  # with nothing in memory
    app.wsgi_app = restarted

    answer = browser.get("/articles/the-ferry")

    assert answer.status_code == 200
    assert "The ferry has stood still since May." in words(answer)
    assert (f'data-kind="{"quiet" if visitor == "quiet" else "asking"}"') in words(answer)
    assert "Set-Cookie" not in answer.headers


def test_with_the_database_stopped_a_page_out_of_date_is_better_than_none(session, client, stop_database):
    article = a_story(session)
    client.get("/articles/the-ferry")
    publishing.correct(session, article, "It stood still since June.", by=COMMAND)
    session.commit()
    stop_database()

    page = words(client.get("/articles/the-ferry"))
    assert "since May" in page
    assert "since June" not in page  # it is the one from before


@pytest.mark.parametrize(
    "address", ["/embed/appeal/the-ferry", "/embed/appeal/nowhere", "/embed/appeal/at/2024/nowhere"]
)
@pytest.mark.parametrize("holds_s", [60.0, 0.0], ids=["known", "to be asked again"])
def test_e10_with_the_database_stopped_other_sites_show_the_appeal_as_before(
    session, client, stop_database, monkeypatch, address, holds_s
):
    monkeypatch.setattr(page_leading, "HOLDS_S", holds_s)
    an_appeal(session)
    a_story(session)
    before = client.get(address)
    stop_database()

    for _ in range(3):
        answer = client.get(address)
        assert (answer.status_code, answer.data) == (200, before.data)
        assert "Free for all" in words(answer)


def test_with_the_database_stopped_nobody_is_asked_under_what_may_be_marked(session, client, stop_database):
    """An address that was never asked about may be that of a sensitive story; the other site shows its link."""
    an_appeal(session)
    client.get("/embed/appeal")
    stop_database()

    assert client.get("/embed/appeal").status_code == 200
    assert client.get("/embed/appeal/at/2024/grief").status_code == 503
