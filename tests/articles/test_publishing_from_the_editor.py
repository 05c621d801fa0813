"""What is published or scheduled from the editor is what stands in it, saved in the same breath."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from membership.articles.models import Article, ArticleState, Revision
from membership.newsroom import due
from tests.articles.editing_room import fields_of
from tests.articles.stories import a_newsroom, a_story, words


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


@pytest.fixture
def draft(session):
    return a_story(session, is_out=False)


def the_article(session):
    session.expire_all()
    return session.scalars(select(Article)).one()


def test_publishing_saves_what_stands_in_the_editor(session, as_, ada, client, draft):
    typed = fields_of(session, draft, body="Written a second ago.")
    as_(ada).post(f"/staff/articles/{draft.id}/publication", data=typed)

    assert the_article(session).state is ArticleState.PUBLISHED
    assert "Written a second ago." in words(client.get("/articles/the-ferry"))
    assert len(session.scalars(select(Revision)).all()) == 2


def test_what_cannot_be_saved_is_not_published(session, as_, ada, draft):
    typed = fields_of(session, draft, headline="", body="Kept on the page.")
    answer = as_(ada).post(f"/staff/articles/{draft.id}/publication", data=typed)

    assert answer.status_code == 422
    assert "Kept on the page." in words(answer)
    assert the_article(session).state is ArticleState.DRAFT


def test_publishing_without_a_text_keeps_what_was_typed_on_no_page(session, as_, ada, draft):
    typed = fields_of(session, draft, body="  ")
    browser = as_(ada)
    browser.post(f"/staff/articles/{draft.id}/publication", data=typed)

    assert the_article(session).state is ArticleState.DRAFT
    assert "needs a headline and a text" in words(browser.get(f"/staff/articles/{draft.id}"))


def test_scheduling_saves_tells_the_moment_and_can_be_changed(session, as_, ada, draft, clock):
    browser = as_(ada)
    path = f"/staff/articles/{draft.id}"
    browser.post(f"{path}/schedule", data=fields_of(session, draft, body="For later.", at="2026-11-25T16:30"))
    page = words(browser.get(path))

    assert the_article(session).body == "For later."
    assert "Scheduled for 25 November 2026, 16:30." in page
    assert "Will be published on 25 November 2026, 16:30, Europe/Kyiv." in page
    assert "in 3 days" in page
    assert 'value="2026-11-25T16:30"' in page
    browser.post(f"{path}/schedule", data={"at": "2026-11-26T09:00"})
    clock.set(the_article(session).published_at - timedelta(minutes=1))
    due.apply_all(session)
    assert the_article(session).state is ArticleState.SCHEDULED
    clock.move(timedelta(minutes=2))
    due.apply_all(session)
    article = the_article(session)
    assert (article.state, article.published_at.isoformat()) == (
        ArticleState.PUBLISHED,
        "2026-11-26T07:00:00+00:00",
    )


def test_a_time_that_the_clocks_leap_over_is_refused_with_what_was_typed(session, as_, ada, draft):
    typed = fields_of(session, draft, body="Kept on the page.", at="2027-03-28T03:30")
    answer = as_(ada).post(f"/staff/articles/{draft.id}/schedule", data=typed)

    assert answer.status_code == 422
    assert "there is no such time" in words(answer)
    assert "Kept on the page." in words(answer)
    assert the_article(session).state is ArticleState.DRAFT
