"""What readers open: front page, article, lists, feed, sitemap; in two languages, light, valid, without cookie."""

import re
from datetime import timedelta

import html5lib
import pytest
from flask import url_for
from sqlalchemy import event, select

from membership.articles import addresses, publishing, queries
from membership.articles.models import Article, Media
from membership.articles.publishing import COMMAND
from membership.db import db
from membership.newsroom import due, page_changes
from tests.articles.stories import a_newsroom, a_story, an_appeal, words


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


def changed(session, article, **more):
    current = publishing.Draft(
        headline=more.pop("headline", article.headline),
        body=more.pop("body", article.body),
        language=article.language,
        section=article.section,
        slug=more.pop("slug", article.slug),
        authors=["Iryna Bevz"],
        **more,
    )
    publishing.change(session, article, current, by=COMMAND)
    session.commit()


def test_an_article_has_its_story_before_what_to_read_next_and_that_before_the_appeal(session, client):
    an_appeal(session)
    a_story(session, "The bridge")
    a_story(session, standfirst="It stood still.", body="The ferry has stood still since May.")
    page = words(client.get("/articles/the-ferry"))

    places = [page.index(part) for part in ("It stood still.", "since May", "The bridge", "Free for all")]
    assert places == sorted(places)
    assert "Iryna Bevz" in page
    assert "22 November 2026" in page
    assert "1 minute to read" in page


def test_the_minutes_follow_the_words(session, client):
    a_story(session, body="word " * 1100)
    assert "5 minutes to read" in words(client.get("/articles/the-ferry"))


def test_a_future_article_comes_out_at_its_instant(session, client, clock):
    article = a_story(session, is_out=False)
    publishing.schedule(session, article, clock.now() + timedelta(hours=2), by=COMMAND)
    session.commit()
    due.apply_all(session)
    assert client.get("/articles/the-ferry").status_code == 404

    clock.move(timedelta(hours=3))
    due.apply_all(session)

    page = client.get("/articles/the-ferry")
    session.expire_all()
    assert page.status_code == 200
    assert session.scalars(select(Article)).one().published_at == clock.now() - timedelta(hours=1)


def test_a_canceled_schedule_publishes_nothing(session, client, clock):
    article = a_story(session, is_out=False)
    publishing.schedule(session, article, clock.now() + timedelta(hours=2), by=COMMAND)
    publishing.unschedule(session, article, by=COMMAND)
    session.commit()
    clock.move(timedelta(days=1))
    due.apply_all(session)

    assert client.get("/articles/the-ferry").status_code == 404


def test_a_correction_is_dated_and_shown(session, client, clock):
    article = a_story(session)
    clock.move(timedelta(days=1))
    publishing.correct(session, article, "It stood still since June.", by=COMMAND)
    session.commit()
    page = words(client.get("/articles/the-ferry"))

    assert "It stood still since June." in page
    assert "23 November 2026" in page
    assert "Updated 23 November 2026" in page


def test_a_withdrawn_article_says_so_everywhere(session, client):
    article = a_story(session)
    a_story(session, "The bridge")
    assert "The ferry" in words(client.get("/articles/the-bridge"))
    publishing.withdraw(session, article, by=COMMAND)
    session.commit()

    answer = client.get("/articles/the-ferry")
    assert answer.status_code == 410
    assert "has been withdrawn" in words(answer)
    for path in (
        "/",
        "/sections/land",
        "/authors/iryna-bevz",
        "/feed.xml",
        "/sitemap.xml",
        "/articles/the-bridge",
    ):
        assert "the-ferry" not in words(client.get(path)), path


def test_an_old_address_leads_to_the_new_one_and_is_nobody_elses(session, client):
    article = a_story(session)
    changed(session, article, slug="ferry-at-verbyn")

    answer = client.get("/articles/the-ferry")
    assert (answer.status_code, answer.location) == (301, "/articles/ferry-at-verbyn")
    assert a_story(session).slug == "the-ferry-2"
    changed(session, article, slug="the-ferry")
    assert client.get("/articles/the-ferry").status_code == 200


def test_each_language_has_its_own_lists_and_an_article_its_own_address(session, client):
    a_story(session)
    a_story(session, "Пором", language="uk")

    assert client.get("/uk/articles/the-ferry").location == "/articles/the-ferry"
    assert client.get("/articles/porom").location == "/uk/articles/porom"
    assert 'lang="uk"' in words(client.get("/uk/articles/porom"))
    for path in ("/", "/sections/land", "/feed.xml"):
        assert "Пором" not in words(client.get(path)), path
        assert "Пором" in words(client.get(f"/uk{path}")), path
    assert client.get("/de/articles/the-ferry").status_code == 404


def test_translations_lead_to_each_other(session, client):
    a_story(session, translation_key="ferry")
    a_story(session, "Пором", language="uk", translation_key="ferry")
    english, ukrainian = words(client.get("/articles/the-ferry")), words(client.get("/uk/articles/porom"))

    assert re.search(r'<a href="[^"]*/uk/articles/porom"', english)
    assert re.search(r'<a href="[^"]*/articles/the-ferry"', ukrainian)
    for page in (english, ukrainian):
        assert re.search(r'hreflang="uk" href="[^"]*/uk/articles/porom"', page)
        assert re.search(r'hreflang="en" href="[^"]*/articles/the-ferry"', page)


def test_an_article_without_a_translation_leads_nowhere(session, client):
    a_story(session)
    assert "/uk/articles" not in words(client.get("/articles/the-ferry"))


def test_the_front_page_has_the_newest_first_and_every_section(session, client, clock):
    for number in range(6):
        clock.move(timedelta(hours=1))
        a_story(session, f"Land {number}", section="land")
    clock.move(timedelta(days=-3))
    a_story(session, "People 1", section="people")
    page = words(client.get("/"))

    assert page.index("Land 5") < page.index("Land 4") < page.index("Land 0") < page.index("People 1")
    assert 'href="/sections/land"' in page
    assert "All in People" in page


def test_an_empty_newsroom_has_a_front_page(client):
    assert "Nothing has been published yet" in words(client.get("/"))


PUBLIC_PATHS = ["/", "/articles/the-ferry", "/sections/land", "/authors/iryna-bevz", "/uk/", "/articles/none"]


@pytest.mark.parametrize("path", PUBLIC_PATHS)
@pytest.mark.parametrize("copy", ["asking", "quiet"])
def test_a_public_page_is_valid_sets_no_cookie_and_asks_no_third_party(session, client, clock, path, copy):
    an_appeal(session)
    session.add(
        Media(
            name="ferry.webp",
            content_type="image/webp",
            width=160,
            height=90,
            size=1,
            hash="x",
            created_at=clock.now(),
        )
    )
    a_story(
        session,
        body='| a | b |\n|---|--:|\n| 1 | 2 |\n\nText[^1].\n\n[^1]: Note.\n\n![Alt](ferry.webp "Caption")',
    )
    if copy == "quiet":
        client.set_cookie("appeal", "off")
    answer = client.get(path)
    page = answer.get_data(as_text=True)

    html5lib.HTMLParser(strict=True).parse(page)
    assert "Set-Cookie" not in answer.headers
    outside = [
        one for one in re.findall(r'(?:src|href|action)="(https?://[^"]+)"', page) if "//localhost" not in one
    ]
    assert outside == []
    scripts = re.findall(r"<script(?! type=\"application/ld\+json\")[^>]*>", page)
    assert all("/static/js/shown.js?v=" in script for script in scripts)
    assert len(scripts) == (
        copy == "asking" and path == "/articles/the-ferry"
    )  # it counts, and nothing needs it
    assert " style=" not in page
    assert len(answer.data) < 60_000


def test_an_article_page_weighs_little_with_all_it_needs(app, session, client):
    an_appeal(session)
    a_story(session)
    page = client.get("/articles/the-ferry").get_data(as_text=True)
    parts = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page))
    assert any("fonts/" in part for part in parts)  # the face the page asks for early
    weight = len(page.encode())
    for part in {part.partition("?")[0] for part in parts}:
        with client.get(part) as answer:
            assert answer.status_code == 200, part
            weight += len(answer.data)
    assert weight < 60_000


def test_making_a_page_costs_the_same_few_queries_whatever_it_lists(app, session, client):
    counted = []
    with app.app_context():
        engine = db.engine

    def count(*_told):
        counted.append(1)

    def cost(path):
        page_changes.record(session, page_changes.EVERYTHING)
        session.commit()
        counted.clear()
        event.listen(engine, "before_cursor_execute", count)
        client.get(path)
        event.remove(engine, "before_cursor_execute", count)
        return len(counted)

    a_story(session, "Story 1")
    for path in ("/", "/articles/story-1", "/sections/land"):
        client.get(path)
    few = {path: cost(path) for path in ("/", "/articles/story-1", "/sections/land")}
    for number in range(2, 30):
        a_story(session, f"Story {number}", section=["land", "people"][number % 2])
    many = {path: cost(path) for path in few}

    assert few == many
    assert max(many.values()) <= 2 * 16 + 6


def test_markup_in_fields_stays_text(session, client):
    a_story(
        session,
        "{{ 7*7 }} <img src=x onerror=alert(1)>",
        slug="x",
        standfirst="{% raw %}<b>",
        authors=["<i>Eve</i>"],
    )
    page = words(client.get("/articles/x"))

    assert re.search(r"<h1[^>]*>\{\{ 7\*7 \}\} &lt;img", page)
    assert "<img src=x" not in page
    assert "<i>Eve" not in page
    assert "{% raw %}&lt;b&gt;" in page


def test_slugs_never_meet(session):
    made = [
        a_story(session, headline).slug
        for headline in ("Ferry", "FERRY", "Férry", "Admin", "日本", "...", "Ї" * 300)
    ]
    assert made == ["ferry", "ferry-2", "ferry-3", "admin-2", "article", "article-2", "yi" + "i" * 78]
    assert queries.is_slug_taken(session, "ferry", "en")
    assert not queries.is_slug_taken(session, "ferry", "uk")


def test_the_addresses_of_views_and_of_pages_agree(app):
    with app.test_request_context("/"):
        assert url_for("articles.article", slug="x") == addresses.article("x", "en", "en")
        assert url_for("articles.section", slug="x") == addresses.section("x", "en", "en")
        assert url_for("articles.author", slug="x") == addresses.author("x", "en", "en")
        assert url_for("site.front") == addresses.front("en", "en")
    assert addresses.front("uk", "en") == "/uk/"
