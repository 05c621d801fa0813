"""The appeal under the articles of another site: framed by anybody, the same for everybody, nothing changed by it."""

import base64
import hashlib
import re
from typing import Any

import pytest
from sqlalchemy import event

from membership.appeals import embed_routes, managing
from membership.appeals.managing import Words
from membership.articles import publishing, queries
from membership.articles.publishing import COMMAND
from membership.db import db
from membership.newsroom import page_changes
from tests.articles.stories import a_newsroom, a_story, an_appeal

ADDRESSES = ["/embed/appeal", "/embed/appeal/bread", "/uk/embed/appeal"]


@pytest.fixture
def newsroom(session):
    """A newsroom with an appeal in each language and a story."""
    a_newsroom(session)
    an_appeal(session)
    an_appeal(session, language="uk")
    a_story(session, "Bread")
    session.commit()


@pytest.mark.parametrize("address", ADDRESSES)
def test_e01_only_these_pages_may_be_framed_and_they_change_nothing(newsroom, client, address):
    answer = client.get(address)

    assert "frame-ancestors *" in answer.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer.headers
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert 'method="post"' not in answer.text
    assert '<base target="_blank">' in answer.text


UNFRAMED = {
    "/": 200,
    "/articles/bread": 200,
    "/support": 200,
    "/sign-in": 200,
    "/feed.xml": 200,
    "/sitemap.xml": 200,
    "/search?q=bread": 200,
    "/static/js/copy.js": 200,
    "/media/ferry.webp": 200,
    "/media/none.webp": 404,
    "/nowhere": 404,
    "/embed/nowhere": 404,
    "/staff/reports/income.csv": 200,
}


@pytest.mark.parametrize(("address", "status"), UNFRAMED.items())
def test_e01_nothing_else_may_be_framed_whatever_it_is(newsroom, app, pia, as_, address, status):
    folder = app.extensions["membership_media"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ferry.webp").write_bytes(b"RIFF")

    answer = as_(pia).get(address)
    answer.close()

    assert answer.status_code == status
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"].split("; ")


@pytest.mark.parametrize("address", ADDRESSES)
def test_e02_cookies_change_nothing_and_none_is_set(newsroom, client, app, cleo, as_, address):
    plain = client.get(address)

    reader = app.test_client()
    reader.set_cookie("appeal", "off")
    for other in (reader, as_(cleo)):
        answer = other.get(address)
        assert (answer.data, answer.headers["ETag"]) == (plain.data, plain.headers["ETag"])
        assert answer.headers["Cache-Control"] == plain.headers["Cache-Control"]
        assert "Set-Cookie" not in answer.headers


CARRIED: dict[str, dict[str, Any]] = {
    "query": {"query_string": "utm_source=<script>&cb=evil.example"},
    "doubled query": {"query_string": "article=<b>&article=evil.example&appeal=evil.example"},
    "headers": {
        "headers": {
            "X-Forwarded-Host": "evil.example",
            "X-Forwarded-Proto": "gopher",
            "X-Forwarded-Prefix": "/evil.example",
            "X-Original-URL": "/evil.example",
            "Referer": "https://evil.example/",
            "User-Agent": "evil.example",
        }
    },
    "host": {"headers": {"Host": "evil.example"}},
    "form in a GET": {"data": b"article=evil.example", "content_type": "application/x-www-form-urlencoded"},
    "JSON in a GET": {"json": {"article": "evil.example"}},
}
CLEAN = [
    "/embed/appeal",
    "/embed/appeal/bread",
    "/embed/appeal/nowhere",
    "/embed/appeal/at/2024/bread",
    "/",
    "/uk/",
    "/articles/bread",
    "/sections/land",
    "/feed.xml",
    "/sitemap.xml",
    "/search",
]


@pytest.mark.parametrize("carried", CARRIED.values(), ids=CARRIED)
def test_e04_nothing_that_a_request_carries_beside_its_path_comes_back_or_is_kept(
    newsroom, app, client, carried
):
    """The poison is asked first: what is kept then is what everybody else gets."""
    for path in CLEAN:
        first = client.get(path, **carried)
        clean = app.test_client().get(path)

        assert (first.status_code, clean.status_code) == (200, 200), path
        for answer in (first, clean):
            assert "evil.example" not in answer.text, path
            assert "evil.example" not in str(answer.headers), path
            assert "gopher:" not in answer.text, path
        assert first.data == clean.data, path
    pages = app.extensions["membership_media"].parent / "pages"
    kept = [file for file in pages.rglob("*") if file.is_file()]
    assert len(kept) > 50
    assert not [file for file in kept if b"evil.example" in file.read_bytes()]


@pytest.mark.parametrize(
    "path", ["/patron/x.css", "/patron;.js", "/patron%2f..%2fstatic", "/staff/a.png", "/embed/../patron"]
)
def test_e05_a_private_page_under_the_name_of_a_file_is_not_there_or_not_kept(newsroom, cleo, as_, path):
    answer = as_(cleo).get(path)

    assert answer.status_code == 404 or "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["/", "/articles/bread", "/support", "/sign-in", "/embed/appeal", "/nowhere"]
)
def test_e06_the_policy_lets_nothing_run_that_is_not_a_file_of_this_site(newsroom, client, path):
    told = client.get(path).headers["Content-Security-Policy"]
    policy = {name: sources for name, *sources in (part.split() for part in told.split(";"))}

    assert policy["default-src"] == policy["object-src"] == policy["base-uri"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == ["'self'"]
    forms = policy["form-action"]
    assert forms[0] == "'self'"
    stripes = {f"https://{page}.stripe.com" for page in ("checkout", "billing", "invoice")}
    elsewhere = {one for one in forms[1:] if not one.startswith("http://127.0.0.1")}  # but for the sandbox
    assert elsewhere == (set() if path.startswith("/embed/") else stripes)
    assert "unsafe" not in told
    assert "*" not in told.replace("frame-ancestors *", "")


def test_the_gift_is_credited_to_the_appeal_and_to_an_article_that_stands_here_too(newsroom, client):
    general = client.get("/embed/appeal").text
    under = client.get("/embed/appeal/bread").text

    slots = [re.findall(r'name="appeal" value="(\w+)"', page) for page in (general, under)]
    assert all(len(set(found)) == 1 for found in slots)
    assert slots[0][0] != slots[1][0]
    assert 'name="article" value="bread"' in under
    assert 'name="article"' not in general


def test_nobody_is_asked_under_a_sensitive_article_there_either(session, newsroom, client):
    a_story(session, "Grief", is_sensitive=True)
    session.commit()

    answer = client.get("/embed/appeal/grief")

    assert answer.status_code == 200
    assert "<form" not in answer.text


def test_e09_markup_in_an_appeal_is_text(session, newsroom, client):
    an_appeal(session, heading='<img src=x onerror="alert(1)">', priority=9)
    page_changes.record(session, page_changes.EVERYTHING)
    session.commit()

    page = client.get("/embed/appeal").text

    assert "&lt;img src=x" in page
    assert "<img" not in page


def test_what_staff_change_is_shown_there_at_once(session, newsroom, client, ada):
    client.get("/embed/appeal")
    words = Words(
        name="New",
        language="en",
        heading="Another heading",
        body="",
        highlight="",
        suggested_amounts={},
        priority=9,
    )
    managing.write(session, words, actor_id=ada.id, actor=ada.public_id)
    session.commit()

    assert "Another heading" in client.get("/embed/appeal").text


def test_an_appeal_for_some_sections_alone_does_not_stand_under_articles_that_are_not_here(session, client):
    a_newsroom(session)
    an_appeal(session, "For the land", rules={"sections_in": ["land"]}, priority=9)
    an_appeal(session, "For all")
    a_story(session, "Bread", section="land")

    assert "For all" in client.get("/embed/appeal").text
    assert "For the land" in client.get("/embed/appeal/bread").text


def test_a_story_withdrawn_is_not_known_there_any_more(session, newsroom, client):
    assert 'name="article"' in client.get("/embed/appeal/bread").text

    bread = queries.by_slug(session, "bread")
    assert bread is not None
    publishing.withdraw(session, bread, by=COMMAND)
    session.commit()

    assert client.get("/embed/appeal/bread").data == client.get("/embed/appeal").data


def test_e10_it_is_sent_from_the_store_and_asks_nothing_of_the_database(newsroom, client):
    client.get("/embed/appeal")
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        for _ in range(20):
            assert client.get("/embed/appeal").status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", note)

    beside = [one for one in asked if "page_change" not in one and not one.startswith("BEGIN")]
    assert beside == []  # but for the look at what has changed, twice a second in production


def test_e07_the_script_is_small_says_its_hash_and_may_be_held_to_it(client, pia, as_):
    answer = client.get("/embed/appeal.js")

    assert len(answer.data) < 10_000
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "Set-Cookie" not in answer.headers
    hashed = base64.b64encode(hashlib.sha384(answer.data).digest()).decode()
    assert embed_routes.integrity() == f"sha384-{hashed}"
    page = as_(pia).get("/staff/appeals/elsewhere").text
    assert f"sha384-{hashed}" in page.replace("&#43;", "+")
    versioned = client.get(f"/embed/appeal.js?v={embed_routes.version()}")
    assert "immutable" in versioned.headers["Cache-Control"]
    assert "immutable" not in client.get("/embed/appeal.js?v=old").headers["Cache-Control"]
