"""Every save can be looked at, compared with any other, and restored as a new one."""

import pytest
from sqlalchemy import select

from membership.articles.models import Revision
from membership.newsroom.models import AuditEntry
from tests.articles.editing_room import fields_of
from tests.articles.stories import a_newsroom, a_story, words


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


@pytest.fixture
def story(session, as_, ada, pia):
    """A published story that a command made, Ada changed, and Pia changed again."""
    article = a_story(session, body="The ferry stood still.")
    for who, body in ((ada, "The bridge stood still."), (pia, "The bridge fell.")):
        as_(who).post(f"/staff/articles/{article.id}", data=fields_of(session, article, body=body))
        session.expire_all()
    return article


def revisions(session):
    session.expire_all()
    return session.scalars(select(Revision).order_by(Revision.id)).all()


def test_the_list_says_who_saved_when(as_, ada, story):
    page = words(as_(ada).get(f"/staff/articles/{story.id}/revisions"))

    assert page.count("<td>A command</td>") == 1
    assert page.count("<td>Ada Editor</td>") == 1
    assert page.count("<td>Pia Publisher</td>") == 1
    assert page.count("22 November 2026, 14:00</a>") == 3


def test_a_version_is_shown_with_what_it_changed(session, as_, ada, story):
    first, second, _third = revisions(session)
    browser = as_(ada)
    changed = words(browser.get(f"/staff/articles/{story.id}/revisions/{second.id}"))
    assert "[removed: </span>ferry" in changed
    assert "[added: </span>bridge" in changed
    begun = words(browser.get(f"/staff/articles/{story.id}/revisions/{first.id}"))
    assert "[added: </span>The ferry stood still." in begun


@pytest.mark.parametrize("order", [("older", "newer"), ("newer", "older")])
def test_any_two_are_compared_the_older_first(session, as_, ada, story, order):
    first, _second, third = revisions(session)
    query = f"{order[0]}={first.id}&{order[1]}={third.id}"
    page = words(as_(ada).get(f"/staff/articles/{story.id}/revisions/compared?{query}"))

    assert page.index("Older: ") < page.index("Newer: ")
    assert "[removed: </span>" in page
    assert "fell" in page


def test_an_old_version_is_restored_as_a_new_one(session, as_, ada, story, client):
    first, *_others, latest = revisions(session)
    browser = as_(ada)
    path = f"/staff/articles/{story.id}/revisions/{first.id}"
    browser.post(f"{path}/restoration", data={"seen": str(latest.id)})

    assert [one.body for one in revisions(session)][-2:] == ["The bridge fell.", "The ferry stood still."]
    assert revisions(session)[-1].account_id == ada.id
    assert "The ferry stood still." in words(client.get("/articles/the-ferry"))
    last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert (last.action, last.actor_id) == ("article.changed", ada.id)


def test_nothing_is_restored_over_a_version_that_was_not_seen(session, as_, ada, story):
    first, second, _third = revisions(session)
    browser = as_(ada)
    path = f"/staff/articles/{story.id}/revisions/{first.id}/restoration"
    browser.post(path, data={"seen": str(second.id)})

    assert len(revisions(session)) == 3
    assert "Somebody has saved this story meanwhile" in words(
        browser.get(f"/staff/articles/{story.id}/revisions")
    )


def test_a_version_of_another_story_is_not_found(session, as_, ada, story):
    other = a_story(session, "Another")
    foreign = revisions(session)[-1]
    browser = as_(ada)
    for path in (f"revisions/{foreign.id}", f"revisions/compared?older={foreign.id}&newer={foreign.id}"):
        assert browser.get(f"/staff/articles/{story.id}/{path}").status_code == 404
    answer = browser.post(f"/staff/articles/{story.id}/revisions/{foreign.id}/restoration", data={"seen": ""})
    assert answer.status_code == 404
    assert other.id != story.id


def test_markup_in_versions_stays_text(session, as_, ada):
    article = a_story(session, "<i>x</i>", body="<script>alert(1)</script>")
    page = words(as_(ada).get(f"/staff/articles/{article.id}/revisions/{revisions(session)[-1].id}"))

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
