"""Nothing of anybody enters a stored page: a patron is planted wherever a request or a row has one, and looked for."""

import gzip
from pathlib import Path

import brotli
import pytest

from membership.web import access, languages, page_store
from tests.articles.stories import a_newsroom, a_story, an_appeal
from tests.cast import a_coverage, patron_of

PAGES = (
    "/",
    "/about",
    "/articles/the-ferry",
    "/authors/iryna-bevz",
    "/feed.xml",
    "/patrons",
    "/sections/land",
    "/series/the-river",
    "/embed/appeal",
    "/embed/appeal/the-ferry",
    "/sitemap.xml",
    "/robots.txt",
    "/support/other-ways",
    "/transparency",
    "/uk/",
    "/uk/patrons",
)
SENT = {
    "User-Agent": "Canary-Agent",
    "Referer": "http://localhost/?canary-referrer",
    "Accept-Language": "uk-canary",
    "X-Forwarded-For": "203.0.113.77",
    "X-Forwarded-Host": "canary.example",
    "X-Canary": "canary",
    "If-None-Match": '"canary"',
}


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)
    an_appeal(session)
    a_story(session, series="The river")


@pytest.fixture
def canary(session, cleo):
    """Cleo as a name and an address that stand nowhere else, active and not on the wall."""
    cleo.name = "Canary Patronsdottir"
    patron = patron_of(session, cleo)
    patron.name = cleo.name
    session.commit()
    a_coverage(session, patron)
    return cleo


def test_the_pages_below_are_all_that_can_be_stored(app):
    urls = app.url_map.bind("stored")
    reached = {urls.match(languages.without_prefix(path), "GET")[0] for path in PAGES}

    assert reached == {name for name, view in app.view_functions.items() if hasattr(view, page_store._MARK)}


def test_nothing_of_a_patron_is_in_any_stored_byte(app, session, as_, canary):
    patron = patron_of(session, canary)
    told = [
        b"anary",
        b"cleo@",
        canary.public_id.encode(),
        patron.public_id.encode(),
        b"203.0.113.77",
        b"csrf",
    ]
    browser = as_(canary)
    for path in PAGES:
        for cookie in ("", "off"):
            browser.set_cookie("appeal", cookie)
            browser.set_cookie("other", "canary-cookie")
            answer = browser.get(
                f"{path}?utm_source=canary", headers=SENT, environ_overrides={"REMOTE_ADDR": "203.0.113.77"}
            )
            assert answer.status_code == 200, path
            assert "Set-Cookie" not in answer.headers, path
    page_store.render_ahead(session)

    files = [file for file in pages_of(app).rglob("*") if file.is_file()]
    assert len([file for file in files if file.name == "_page.br"]) >= len(PAGES) * 2
    for file in files:
        for content in {file.read_bytes(), unpacked(file)}:
            assert [word for word in told if word in content] == [], file


def test_the_search_above_finds_what_does_get_in(app, session, client, canary):
    a_story(session, "Canary in a headline")
    client.get("/articles/canary-in-a-headline")
    stored = pages_of(app) / "asking/articles/canary-in-a-headline"

    assert all(b"anary" in unpacked(stored / f"_page{ending}") for ending in ("", ".gz", ".br"))


def test_a_page_that_a_view_would_make_personal_is_not_kept(app, client, monkeypatch):
    @page_store.stored
    @access.public
    def personal(**_values):
        answer = app.make_response("<!DOCTYPE html><p>Canary")
        answer.set_cookie("session", "canary")
        return answer

    monkeypatch.setitem(app.view_functions, "site.about", personal)

    assert client.get("/about").status_code == 200
    assert not list(pages_of(app).rglob("about/_page*"))


def pages_of(app) -> Path:
    return Path(app.extensions["membership_media"]).parent / "pages"


def unpacked(file: Path) -> bytes:
    content = file.read_bytes()
    if file.suffix == ".gz":
        return gzip.decompress(content)
    return brotli.decompress(content) if file.suffix == ".br" else content
