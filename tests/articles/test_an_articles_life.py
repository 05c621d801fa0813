"""From the editor's page: published, scheduled, corrected, withdrawn, published again; each audited."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from membership.articles import editing, queries
from membership.articles.models import Article, ArticleState
from membership.newsroom import due
from membership.newsroom.models import AuditEntry
from tests.articles.stories import a_newsroom, a_story, words


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


@pytest.fixture
def draft(session):
    return a_story(session, is_out=False)


def state(session):
    session.expire_all()
    return session.scalars(select(Article)).one().state


def last_action(session):
    return session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()


def test_an_editor_publishes_and_everybody_reads(session, as_, ada, client, draft):
    answer = as_(ada).post(f"/staff/articles/{draft.id}/publication")

    assert (answer.status_code, answer.location) == (303, f"/staff/articles/{draft.id}")
    assert state(session) is ArticleState.PUBLISHED
    assert client.get("/articles/the-ferry").status_code == 200
    assert "The ferry" in words(client.get("/"))
    entry = last_action(session)
    assert (entry.action, entry.subject, entry.actor) == (
        "article.published",
        f"article:{draft.id}",
        ada.public_id,
    )


def test_without_a_text_nothing_is_published(session, as_, ada):
    empty = a_story(session, "Only a headline", body=" ", is_out=False)
    browser = as_(ada)
    browser.post(f"/staff/articles/{empty.id}/publication")

    assert state(session) is ArticleState.DRAFT
    assert "needs a headline and a text" in words(browser.get(f"/staff/articles/{empty.id}"))


def test_a_schedule_is_in_the_newsrooms_time(session, as_, ada, draft, clock):
    as_(ada).post(f"/staff/articles/{draft.id}/schedule", data={"at": "2026-11-22T16:30"})

    assert state(session) is ArticleState.SCHEDULED
    article = session.scalars(select(Article)).one()
    assert (
        article.published_at.isoformat() == "2026-11-22T14:30:00+00:00"
    )  # Kyiv is two hours ahead in winter
    clock.move(timedelta(hours=3))
    due.apply_all(session)
    assert state(session) is ArticleState.PUBLISHED
    entry = last_action(session)
    assert (entry.action, entry.actor) == ("article.published", "system")


@pytest.mark.parametrize("at", ["2026-11-22T13:59", "yesterday", ""])
def test_a_moment_that_has_passed_or_is_none_is_refused(session, as_, ada, draft, at):
    browser = as_(ada)
    answer = browser.post(f"/staff/articles/{draft.id}/schedule", data={"at": at})

    assert answer.status_code in {303, 422}
    assert state(session) is ArticleState.DRAFT
    page = words(browser.get(f"/staff/articles/{draft.id}") if answer.status_code == 303 else answer)
    assert "That moment has passed" in page or "field-error" in page


def test_a_schedule_can_be_taken_back(session, as_, ada, draft, clock):
    browser = as_(ada)
    browser.post(f"/staff/articles/{draft.id}/schedule", data={"at": "2026-11-22T16:30"})
    browser.post(f"/staff/articles/{draft.id}/schedule/delete")
    clock.move(timedelta(days=1))
    due.apply_all(session)

    assert state(session) is ArticleState.DRAFT


def test_a_correction_needs_words_and_a_published_article(session, as_, ada, client, draft):
    browser = as_(ada)
    path = f"/staff/articles/{draft.id}/corrections"
    assert browser.post(path, data={"text": "June."}).status_code == 409
    browser.post(f"/staff/articles/{draft.id}/publication")
    assert browser.post(path, data={"text": " "}).status_code == 422
    assert browser.post(path, data={"text": "It was\r\nJune."}).status_code == 303

    assert "It was June." in words(client.get("/articles/the-ferry"))
    assert len(queries.corrections(session, draft.id)) == 1


def test_withdrawing_asks_first_and_wants_a_reason(session, as_, ada, client):
    article = a_story(session)
    browser = as_(ada)
    path = f"/staff/articles/{article.id}/withdrawal"
    assert "disappears from the site" in words(browser.get(path))
    assert browser.post(path, data={"reason": ""}).status_code == 422
    assert client.get("/articles/the-ferry").status_code == 200

    browser.post(path, data={"reason": "A source is in danger."})
    assert state(session) is ArticleState.WITHDRAWN
    assert client.get("/articles/the-ferry").status_code == 410
    assert last_action(session).details["reason"] == "A source is in danger."


def test_what_was_withdrawn_can_come_back_with_its_first_date(session, as_, ada, client, clock):
    article = a_story(session)
    browser = as_(ada)
    browser.post(f"/staff/articles/{article.id}/withdrawal", data={"reason": "To check."})
    clock.move(timedelta(hours=2))
    browser.post(f"/staff/articles/{article.id}/publication")

    assert client.get("/articles/the-ferry").status_code == 200
    assert session.scalars(select(Article)).one().published_at == clock.now() - timedelta(hours=2)


def test_a_published_story_cannot_lose_its_text(session, as_, ada):
    article = a_story(session)
    fields = {
        name: value for name, value in editing.values_of(session, article).items() if value is not False
    }
    answer = as_(ada).post(f"/staff/articles/{article.id}", data={**fields, "body": "  "})

    assert answer.status_code == 422
    assert "cannot lose its text" in words(answer)


def test_a_draft_can_be_seen_as_readers_will_see_it_by_editors_only(as_, ada, ben, client, draft):
    path = f"/staff/articles/{draft.id}/page"

    page = as_(ada).get(path)
    assert "The ferry has stood still since May." in words(page)
    assert "no-store" in page.headers["Cache-Control"]
    assert as_(ben).get(path).status_code == 403
    assert client.get(path).status_code == 303


def test_a_form_without_the_sessions_token_does_nothing(session, as_, ada, draft):
    answer = as_(ada).post(f"/staff/articles/{draft.id}/publication", data={"csrf_token": ""})

    assert answer.status_code == 400
    assert state(session) is ArticleState.DRAFT
