"""Another site names an article by its slug or its address there: it is found here, or the appeal for any stands."""

import re
from dataclasses import replace

import pytest
from sqlalchemy import event

from membership.articles import drafts, publishing, queries
from membership.articles.publishing import COMMAND
from membership.db import db
from membership.web import page_leading
from tests.articles.conftest import taken
from tests.articles.exports import post, wxr
from tests.articles.stories import a_newsroom, a_story, an_appeal

__all__ = ["taken"]

POROM = "%d0%bf%d0%be%d1%80%d0%be%d0%bc"
"""What WordPress calls a post of the headline "Пором", in its table and in its permalink."""
NOWHERE = ["/embed/appeal/nowhere", "/embed/appeal/at/2024/05/20/nowhere", f"/embed/appeal/at/2024/{POROM}"]


@pytest.fixture(autouse=True)
def newsroom(session):
    """A newsroom with an appeal in each language, and one for the land alone."""
    a_newsroom(session)
    an_appeal(session)
    an_appeal(session, language="uk")
    an_appeal(session, "For the land", language="uk", rules={"sections_in": ["land"]}, priority=9)


def wordpress(number, title, link, **more):
    return post(number, title, **more).replace("</title>", f"</title><link>{link}</link>", 1)


def credited(page):
    """The article that a gift from this frame is credited to."""
    return set(re.findall(r'name="article" value="([^"]*)"', page.text))


@pytest.fixture
def asked(app):
    """What the database was asked since, but for the look at what has changed (twice a second in production)."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if "page_change" not in statement and not statement.startswith("BEGIN"):
            statements.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("address", NOWHERE)
def test_e10_what_is_no_article_here_gets_the_appeal_for_any_from_the_store(client, asked, address):
    general = client.get("/embed/appeal")
    client.get(address)
    asked.clear()

    for _ in range(20):
        answer = client.get(address)
        assert (answer.status_code, answer.data) == (200, general.data)

    assert asked == []
    assert answer.headers["ETag"] == general.headers["ETag"]
    assert answer.headers["Cache-Control"] == general.headers["Cache-Control"]
    assert "s-maxage=300" in answer.headers["Cache-Control"]
    assert answer.headers["Surrogate-Key"].startswith("pages /embed/appeal")
    known = {"If-None-Match": general.headers["ETag"]}
    assert client.get(address, headers=known).status_code == 304
    assert client.head(address).status_code == 200


def test_a_cdn_may_purge_it_by_its_own_path_too(client):
    assert client.get(NOWHERE[0]).headers["Surrogate-Key"] == "pages /embed/appeal /embed/appeal/nowhere"


def test_e10_slugs_that_nobody_knows_fill_neither_the_store_nor_the_memory(app, client, monkeypatch):
    monkeypatch.setattr(page_leading, "MOST", 5)
    for number in range(30):
        assert client.get(f"/embed/appeal/nowhere-{number}").status_code == 200
    assert client.get(f"/embed/appeal/{'x' * 2_000}").status_code == 200

    kept = (app.extensions["membership_media"].parent / "pages/asking/embed").rglob("_page.meta")
    assert [file.parent.name for file in kept] == ["appeal"]
    (leading,) = [app.wsgi_app._app]
    assert list(leading.places) == [f"/embed/appeal/nowhere-{number}" for number in range(25, 30)]


@pytest.mark.parametrize("address", ["/embed/appeal/later", "/embed/appeal/at/2024/later/"])
def test_an_article_that_comes_later_is_known_at_its_slug_at_once_and_at_an_address_within_a_minute(
    session, client, monkeypatch, address
):
    if "/at/" in address:
        monkeypatch.setattr(page_leading, "HOLDS_S", 0.0)  # the minute
    assert credited(client.get(address)) == set()
    a_story(session, "Later")

    assert credited(client.get(address)) == {"later"}


def test_a_post_of_wordpress_is_known_by_its_permalink_under_a_ukrainian_address(taken, client):
    link = f"https://old.example/2024/05/20/{POROM}/"
    taken("wordpress", wxr(wordpress(1, "Пором", link, post_name=POROM)), language="uk")

    page = client.get(f"/uk/embed/appeal/at/2024/05/20/{POROM}")

    assert credited(page) == {"porom"}
    assert page.data == client.get("/uk/embed/appeal/porom").data
    assert "frame-ancestors *" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("address", [f"at/2024/05/20/{POROM}", POROM, POROM.replace("%", "%25")])
def test_it_is_known_without_its_language_and_by_its_name_alone(taken, client, address):
    link = f"https://old.example/2024/05/20/{POROM}/"
    taken("wordpress", wxr(wordpress(1, "Пором", link, post_name=POROM)), language="uk")

    page = client.get(f"/embed/appeal/{address}")

    assert credited(page) == {"porom"}
    assert 'lang="uk"' in page.text


def test_the_rules_of_its_section_hold_there(taken, client):
    link = f"https://old.example/{POROM}/"
    taken("wordpress", wxr(wordpress(1, "Пором", link, post_name=POROM)), language="uk")

    assert "For the land" in client.get(f"/uk/embed/appeal/at/{POROM}").text
    assert "For the land" not in client.get("/uk/embed/appeal/at/elsewhere").text


def test_nobody_is_asked_under_it_once_it_is_marked(session, taken, client):
    link = f"https://old.example/{POROM}/"
    taken("wordpress", wxr(wordpress(1, "Пором", link, post_name=POROM)), language="uk")
    address = f"/uk/embed/appeal/at/{POROM}"
    assert "<form" in client.get(address).text

    found = queries.by_slug(session, "porom")
    assert found is not None
    publishing.change(session, found, replace(drafts.of(session, found), is_sensitive=True), by=COMMAND)
    session.commit()

    answer = client.get(address)
    assert answer.status_code == 200
    assert "<form" not in answer.text


def test_a_post_whose_slug_was_taken_is_known_by_its_address(session, taken, client):
    a_story(session, "The ferry")
    link = "https://old.example/2024/the-ferry/"
    taken("wordpress", wxr(wordpress(1, "The ferry", link, post_name="the-ferry")))

    assert credited(client.get("/embed/appeal/at/2024/the-ferry")) == {"the-ferry-2"}
    assert credited(client.get("/embed/appeal/the-ferry")) == {"the-ferry"}


def test_an_address_it_had_here_before_is_known_too(session, client):
    story = a_story(session, "The ferry")
    publishing.change(session, story, replace(drafts.of(session, story), slug="the-bridge"), by=COMMAND)
    session.commit()

    assert credited(client.get("/embed/appeal/the-ferry")) == {"the-bridge"}


def test_what_is_not_published_is_not_known(taken, client):
    link = "https://old.example/hidden/"
    taken("wordpress", wxr(wordpress(1, "Hidden", link, post_name="hidden", status="draft")))

    for address in ("/embed/appeal/at/hidden", "/embed/appeal/hidden"):
        assert credited(client.get(address)) == set()


def test_the_prefix_of_the_first_language_leads_to_its_page(client, asked):
    client.get("/en/embed/appeal/nowhere")
    asked.clear()

    answer = client.get("/en/embed/appeal/nowhere")

    assert (answer.status_code, answer.data) == (200, client.get("/embed/appeal").data)
    assert asked == []
