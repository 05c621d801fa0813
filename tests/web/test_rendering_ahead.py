"""The renderer: what was named first, everything else after it, `fresh` never with an old page."""

import threading
import time
from pathlib import Path

import pytest

from membership.articles import publishing
from membership.articles.publishing import COMMAND
from membership.newsroom import page_changes
from membership.web import page_store
from membership.web.page_files import Rendered
from tests.articles.stories import a_newsroom, a_story


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


@pytest.fixture
def store(app):
    return app.extensions["membership_pages"][0]


@pytest.fixture
def fresh(app):
    return Path(app.extensions["membership_media"]).parent / "pages/fresh"


def eventually(true, seconds=10):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.02)
    return False


def test_what_is_true_now_is_linked_and_what_changes_leaves_before_it_is_made_anew(session, store, fresh):
    story = a_story(session)
    page_store.render_ahead(session)
    page = fresh / "asking/articles/the-ferry/_page"
    before = page.read_bytes()
    assert (fresh / "quiet/articles/the-ferry/_page.gz").exists()

    publishing.correct(session, story, "It was June.", by=COMMAND)
    session.commit()
    store.leave_fresh(store.news.since(store.files.last_round()))
    assert not page.exists()
    assert (fresh / "asking/robots.txt/_page").exists()

    page_store.render_ahead(session)
    assert b"It was June." in page.read_bytes()
    assert page.read_bytes() != before


def test_when_everything_changes_all_links_go_in_one_step_and_a_page_asked_for_comes_back(
    session, client, store, fresh
):
    a_story(session)
    a_story(session, "The bridge")
    page_store.render_ahead(session)
    client.get("/articles/the-bridge")
    page_changes.record(session, page_changes.EVERYTHING)
    session.commit()

    client.get("/articles/the-bridge")  # the worker that answers has heard of it
    kept = sorted(
        file.relative_to(fresh / "asking").parent.as_posix() for file in (fresh / "asking").rglob("_page")
    )
    assert kept == ["articles/the-bridge"]
    assert page_store.render_ahead(session) > 5
    assert (fresh / "asking/articles/the-ferry/_page").exists()


def test_a_page_made_before_everything_changed_is_not_linked_after_it(session, store, fresh):
    a_story(session)
    page_store.render_ahead(session)
    newest = store.files.last_round()
    store.files.fresh.begin(store.build, newest + 1)
    meta = store.files.meta("/articles/the-ferry", "asking")
    page = store.files.read("/articles/the-ferry", "asking", "plain")

    store.files.write(
        "/articles/the-ferry",
        "asking",
        Rendered(meta.headers, page.body),
        generation=newest,
        build=store.build,
    )

    assert not (fresh / "asking/articles/the-ferry/_page").exists()


def test_a_withdrawn_page_leaves_and_does_not_come_back(session, fresh):
    story = a_story(session)
    page_store.render_ahead(session)
    publishing.withdraw(session, story, by=COMMAND)
    session.commit()
    page_store.render_ahead(session)

    assert not (fresh / "asking/articles/the-ferry/_page").exists()
    assert (fresh / "asking/_page").exists()


def test_another_version_of_the_program_begins_without_links(app, session, store, fresh):
    a_story(session)
    page_store.render_ahead(session)
    assert fresh.exists()
    store.files.fresh.begin("abc123", 1)

    assert not (fresh / "asking").exists()
    page_store.render_ahead(session)  # links of another build are not ours to keep
    assert store.files.fresh.is_of(store.build)


def test_a_page_that_stays_as_it_was_keeps_its_well_compressed_files(session, store):
    a_story(session)
    page_store.render_ahead(session)
    before = store.files.meta("/articles/the-ferry", "quiet")
    page_changes.record(session, page_changes.EVERYTHING)
    session.commit()
    page_store.render_ahead(session)
    after = store.files.meta("/articles/the-ferry", "quiet")

    assert after.generation > before.generation
    assert (after.tags, after.is_best) == (before.tags, True)


def test_a_very_large_page_is_not_compressed_for_seconds(store):
    page = Rendered([("Content-Type", "application/xml")], b"<loc>/articles/story</loc>\n" * 40_000)
    store.files.write("/sitemap.xml", "asking", page, generation=1, build=store.build)
    quick = store.files.read("/sitemap.xml", "asking", "br")
    store.files.improve("/sitemap.xml")
    after = store.files.read("/sitemap.xml", "asking", "br")

    assert after.body == quick.body
    assert after.meta.is_best


def test_publishing_makes_only_the_pages_that_show_the_story(session, store):
    for number in range(8):
        a_story(session, f"Old {number}", section="people", tags=["old"])
    page_store.render_ahead(session)
    a_story(session, "The ferry", section="land", tags=["new"])

    keys = {key for _generation, key in store.news.since(store.files.last_round())}
    assert page_changes.EVERYTHING not in keys
    assert {"/articles/the-ferry", "/", "/feed.xml", "/sitemap.xml", "/sections/land"} <= keys
    assert not any("old" in key for key in keys)


def test_in_a_worker_it_notices_by_itself_and_named_pages_go_before_all_others(app, session, store):
    for number in range(6):
        a_story(session, f"Story {number}")
    page_store.render_ahead(session)
    renderer, stop = page_store.renderer(), threading.Event()
    thread = threading.Thread(target=renderer.run, args=(stop,))
    thread.start()
    try:
        page_changes.record(session, page_changes.EVERYTHING)
        session.commit()
        page_changes.record(session, "/articles/story-0")
        session.commit()
        newest = store.news.newest("/articles/story-0")[0]

        assert eventually(lambda: store.files.meta("/articles/story-0", "asking").generation >= newest, 2)
        assert eventually(lambda: store.files.last_round() >= newest)
        assert store.files.meta("/articles/story-5", "asking").generation >= newest - 1
    finally:
        stop.set()
        renderer.nudge()
        thread.join(timeout=10)


def test_of_two_renderers_on_a_machine_one_works(app, session, store):
    a_story(session)
    first, second = page_store.renderer(), page_store.renderer()
    with first._only_one() as is_first, second._only_one() as is_second:
        assert (is_first, is_second) == (True, False)
    with second._only_one() as is_second:
        assert is_second
