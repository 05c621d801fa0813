"""Stored pages: one of each copy and encoding, changed at once, open while the database is down, never personal."""

import gzip
import time
from pathlib import Path

import brotli
import pytest

from membership.articles import publishing
from membership.articles.publishing import COMMAND
from membership.newsroom import page_changes
from membership.web import page_news, page_store
from membership.web.page_files import Rendered
from membership.web.page_memory import accepted_encoding
from tests.articles.stories import a_newsroom, a_story, an_appeal, words
from tests.web import workers

PUBLIC = "public, max-age=0, s-maxage=300, stale-while-revalidate=60, stale-if-error=86400"


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


def folder(app) -> Path:
    return Path(app.extensions["membership_media"]).parent / "pages"


def with_cookie(client, value):
    client.set_cookie("appeal", value)
    return client


def test_a_page_is_kept_in_two_copies_and_three_encodings(app, session, client):
    a_story(session)
    client.get("/articles/the-ferry")

    kept = sorted(file.name for file in (folder(app) / "asking/articles/the-ferry").iterdir())
    assert kept == ["_page", "_page.br", "_page.gz", "_page.meta"]
    assert sorted(file.name for file in (folder(app) / "quiet/articles/the-ferry").iterdir()) == kept


def test_each_encoding_has_a_tag_of_its_own_and_the_same_page(session, client):
    a_story(session)
    answers = {
        encoding: client.get("/articles/the-ferry", headers={"Accept-Encoding": encoding})
        for encoding in ("identity", "gzip", "br")
    }

    plain = answers["identity"].data
    assert gzip.decompress(answers["gzip"].data) == plain
    assert brotli.decompress(answers["br"].data) == plain
    assert len({answer.headers["ETag"] for answer in answers.values()}) == 3
    assert {answer.headers["Vary"] for answer in answers.values()} == {"Accept-Encoding"}
    assert answers["gzip"].headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in answers["identity"].headers


@pytest.mark.parametrize(
    ("header", "best"),
    [
        ("", "plain"),
        ("gzip, deflate, br", "br"),
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=0.5, br;q=0.1", "gzip"),
        ("*", "br"),
        ("br;q=0, gzip;q=0", "plain"),
        ("nonsense;q=x", "plain"),
    ],
)
def test_the_best_encoding_is_chosen(header, best):
    assert accepted_encoding(header) == best


def test_a_known_tag_is_answered_with_304_and_head_without_body(session, client):
    a_story(session)
    first = client.get("/articles/the-ferry")
    again = client.get("/articles/the-ferry", headers={"If-None-Match": first.headers["ETag"]})
    head = client.head("/articles/the-ferry")

    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == str(len(first.data))


def test_caches_may_keep_the_asking_copy_and_none_the_quiet_one(session, client):
    a_story(session)
    assert client.get("/articles/the-ferry").headers["Cache-Control"] == PUBLIC
    assert (
        with_cookie(client, "off").get("/articles/the-ferry").headers["Cache-Control"] == "private, no-store"
    )


@pytest.mark.parametrize(
    ("value", "copy"), [("off", "quiet"), ("OFF", "asking"), ("off2", "asking"), ("", "asking")]
)
def test_exactly_one_cookie_chooses_the_quiet_copy(session, client, value, copy):
    an_appeal(session)
    a_story(session)
    page = words(with_cookie(client, value).get("/articles/the-ferry"))

    assert f'data-kind="{copy}"' in page
    assert ("Free for all" in page) == (copy == "asking")


def test_the_query_changes_nothing_and_enters_nowhere(session, client):
    a_story(session)
    plain = client.get("/articles/the-ferry").data

    assert client.get("/articles/the-ferry?utm=canary&copy=quiet&lang=uk").data == plain
    poisoned = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher", "Host": "evil.example"}
    assert client.get("/articles/the-ferry", headers=poisoned).data == plain


def test_a_page_hits_neither_flask_nor_the_database_once_it_is_kept(app, session, client):
    app.config["TESTING"] = True
    a_story(session)
    client.get("/articles/the-ferry")
    entered = []
    app.before_request_funcs.setdefault(None, []).insert(0, lambda: entered.append(1))
    client.get("/articles/the-ferry")

    assert entered == []


def test_a_change_is_seen_by_every_worker_at_once(app, session, client):
    article = a_story(session)
    other = app.test_client()
    other.application.wsgi_app = workers.another(app)
    assert "nobody else" not in words(client.get("/articles/the-ferry"))
    assert "nobody else" not in words(other.get("/articles/the-ferry"))

    article.body = "Here and nobody else."
    page_changes.record(session, "/articles/the-ferry")
    session.commit()

    assert "nobody else" in words(other.get("/articles/the-ferry"))
    assert "nobody else" in words(client.get("/articles/the-ferry"))


def test_a_worker_asks_for_changes_only_every_half_second(app, session, client):
    store = app.extensions["membership_pages"][0]
    a_story(session)
    client.get("/articles/the-ferry")
    store.news._every_s = page_news.POLL_S
    client.get("/articles/the-ferry")
    asked = []
    store.news._ask, ask = (lambda _question: asked.append(1)), store.news._ask
    for _time in range(50):
        client.get("/articles/the-ferry")
    assert asked == []

    store.news._ask = ask
    page_changes.record(session, page_changes.EVERYTHING)
    session.commit()
    time.sleep(page_news.POLL_S + 0.05)
    before = client.get("/articles/the-ferry").headers["ETag"]
    assert before  # asked again, made anew, the same bytes


def test_a_withdrawn_page_is_deleted_from_the_disk(app, session, client):
    article = a_story(session)
    client.get("/articles/the-ferry")
    publishing.withdraw(session, article, by=COMMAND)
    session.commit()

    assert client.get("/articles/the-ferry").status_code == 410
    assert list((folder(app) / "asking/articles/the-ferry").iterdir()) == []
    assert list((folder(app) / "quiet/articles/the-ferry").iterdir()) == []


def test_the_worker_makes_changed_pages_ahead_and_compresses_them_well(app, session):
    a_story(session)
    assert page_store.render_ahead(session) > 5
    session.commit()

    store = app.extensions["membership_pages"][0]
    meta = store.files.meta("/articles/the-ferry", "asking")
    assert meta.is_best
    assert page_store.render_ahead(session) == 0
    page_changes.record(session, "/articles/the-ferry")
    session.commit()
    assert page_store.render_ahead(session) == 1


def test_half_a_file_is_never_served(app, session, client):
    a_story(session)
    whole = client.get("/articles/the-ferry").data
    (folder(app) / "asking/articles/the-ferry/_page").write_bytes(whole[:100])
    app.wsgi_app = workers.another(app)

    assert client.get("/articles/the-ferry").data == whole


def test_pages_of_another_version_of_the_program_are_made_anew(app, session, client):
    article = a_story(session)
    client.get("/articles/the-ferry")
    article.body = "Unannounced."
    session.commit()
    worker = workers.another(app)
    worker.build = "another"
    app.wsgi_app = worker

    assert "Unannounced." in words(client.get("/articles/the-ferry"))


def test_only_plain_paths_of_stored_views_are_kept(app, session, client, as_, cleo):
    a_story(session)
    for path in (
        "/articles/the-ferry/",
        "/articles/the-ferry.css",
        "/articles/the-ferry%2f..%2fstatic",
        "/patron/x.css",
    ):
        assert client.get(path).status_code == 404, path
    browser = as_(cleo)
    for path in ("/patron", "/sign-in", "/articles//the-ferry", "/staff"):
        browser.get(path)
    kept = {file.relative_to(folder(app)).parts[1:-1] for file in folder(app).rglob("_page.meta")}
    assert kept <= {("articles", "the-ferry")}


def test_a_new_database_beside_old_pages_makes_them_anew(app, session, client):
    a_story(session)
    client.get("/articles/the-ferry")
    store = app.extensions["membership_pages"][0]
    store.files.note_round(10_000)
    meta = store.files.meta("/articles/the-ferry", "asking")
    for copy in ("asking", "quiet"):
        store.files.write(
            "/articles/the-ferry", copy, Rendered(meta.headers, b"old"), generation=10_000, build=store.build
        )
    app.wsgi_app = workers.another(app)

    assert client.get("/articles/the-ferry").data != b"old"
    assert page_store.render_ahead(session) > 0
