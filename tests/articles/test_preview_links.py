"""A preview link shows an unpublished story to whoever has it, until it ends; nothing keeps or tells it."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from membership.articles.editing_models import PreviewLink
from membership.newsroom.models import AuditEntry
from membership.web import page_store
from tests.articles.stories import a_newsroom, a_story, an_appeal, words


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


@pytest.fixture
def draft(session):
    an_appeal(session)
    return a_story(session, is_out=False)


def a_link(browser, draft, days=7, note="our lawyer"):
    answer = browser.post(f"/staff/articles/{draft.id}/preview-links", data={"days": days, "note": note})
    found = re.search(r"http://localhost(/previews/[\w-]+)", words(answer))
    assert found, answer.status_code
    return found.group(1)


def test_a_link_shows_a_draft_to_anybody_and_asks_for_nothing(session, as_, ada, client, draft):
    answer = client.get(a_link(as_(ada), draft))

    page = words(answer)
    assert answer.status_code == 200
    assert "Not published yet" in page
    assert "The ferry has stood still since May." in page
    assert "Free for all" not in page
    assert 'action="/support"' not in page
    assert "Set-Cookie" not in answer.headers


def test_nothing_keeps_or_tells_it(app, session, as_, ada, client, draft):
    link = a_link(as_(ada), draft)
    answer = client.get(link)

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    with app.app_context():
        assert link not in dict(page_store.generations())
    assert link.rpartition("/")[2] not in {one.token_hash for one in session.scalars(select(PreviewLink))}
    details = [str(one.details) for one in session.scalars(select(AuditEntry).order_by(AuditEntry.id))]
    assert not any(link.rpartition("/")[2] in one for one in details)
    for path in ("/", "/feed.xml", "/sitemap.xml"):
        assert "ferry" not in words(client.get(path))


def test_it_is_shown_once_and_listed_without_its_address(as_, ada, draft):
    browser = as_(ada)
    link = a_link(browser, draft)
    page = words(browser.get(f"/staff/articles/{draft.id}"))

    assert link not in page
    assert "our lawyer" in page
    assert "until 29 November 2026, 14:00" in page


def test_it_ends_by_itself(as_, ada, client, draft, clock):
    link = a_link(as_(ada), draft, days=1)
    clock.move(timedelta(hours=23, minutes=59))
    assert client.get(link).status_code == 200
    clock.move(timedelta(minutes=1))
    assert client.get(link).status_code == 404


def test_it_can_be_taken_back(session, as_, ada, client, draft):
    browser = as_(ada)
    link, other = a_link(browser, draft), a_link(browser, draft, note="a source")
    first = session.scalars(select(PreviewLink).filter_by(note="our lawyer")).one().id
    browser.post(f"/staff/articles/{draft.id}/preview-links/{first}/delete")

    assert client.get(link).status_code == 404
    assert client.get(other).status_code == 200
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert "article.preview_link_made" in actions
    assert "article.preview_link_taken_back" in actions


def test_once_published_it_leads_to_the_page_of_all(as_, ada, client, draft):
    browser = as_(ada)
    link = a_link(browser, draft)
    browser.post(f"/staff/articles/{draft.id}/publication")
    answer = client.get(link)

    assert (answer.status_code, answer.location) == (303, "/articles/the-ferry")
    assert answer.headers["Cache-Control"] == "no-store"
    browser.post(f"/staff/articles/{draft.id}/withdrawal", data={"reason": "To check."})
    assert client.get(link).status_code == 404


def test_it_shows_what_is_saved_now(session, as_, ada, client, draft):
    link = a_link(as_(ada), draft)
    a_story(session, "Another draft", is_out=False)
    draft.headline = "The bridge"
    session.commit()

    assert "The bridge" in words(client.get(link))


@pytest.mark.parametrize("token", ["x", "a" * 43, "../staff", "%00"])
def test_a_guess_finds_nothing(client, draft, token):
    assert client.get(f"/previews/{token}").status_code == 404


@pytest.mark.parametrize("days", ["0", "365", "soon", ""])
def test_a_link_lives_for_one_of_the_offered_times(session, as_, ada, draft, days):
    answer = as_(ada).post(f"/staff/articles/{draft.id}/preview-links", data={"days": days})

    assert answer.status_code == 422
    assert session.scalars(select(PreviewLink)).all() == []


def test_only_editors_make_one_and_not_for_what_everybody_reads(session, as_, ada, ben, draft):
    assert as_(ben).post(f"/staff/articles/{draft.id}/preview-links", data={"days": 7}).status_code == 403
    out = a_story(session, "Out")
    assert as_(ada).post(f"/staff/articles/{out.id}/preview-links", data={"days": 7}).status_code == 409
