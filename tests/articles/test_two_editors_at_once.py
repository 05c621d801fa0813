"""Two editors with one story open know of each other; who saves second sees what differs and decides."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from membership.articles import presence
from membership.articles.editing_models import Presence
from membership.articles.models import Article
from tests.articles.editing_room import fields_of
from tests.articles.stories import a_newsroom, a_story, words


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


@pytest.fixture
def story(session):
    return a_story(session, body="The ferry stood still.\n\nNobody knows why.")


def test_who_was_there_is_not_kept(session, as_, ada, story, clock):
    as_(ada).get(f"/staff/articles/{story.id}")
    clock.move(timedelta(minutes=9))
    presence.forget_old(session)
    assert session.scalars(select(Presence)).all() != []
    clock.move(timedelta(minutes=2))

    presence.forget_old(session)

    assert session.scalars(select(Presence)).all() == []


def test_opening_the_editor_is_enough_to_be_seen(as_, ada, pia, story, clock):
    as_(pia).get(f"/staff/articles/{story.id}")
    clock.move(timedelta(minutes=8))

    page = words(as_(ada).get(f"/staff/articles/{story.id}"))
    assert "Also editing this story: Pia Publisher (since 14:00)." in page
    assert "Pia Publisher is editing" in words(as_(ada).get("/staff/articles"))
    assert "Also editing" not in words(as_(pia).get("/staff/articles/new"))


def test_who_has_gone_is_seen_no_longer(session, as_, ada, pia, story, clock):
    other, me = as_(pia), as_(ada)
    path = f"/staff/articles/{story.id}"
    other.get(path)
    clock.move(timedelta(minutes=11))
    assert 'id="others" class="notice" data-kind="info" role="status" hidden' in words(me.get(path))

    other.post(f"{path}/presence", data={"seen": "1"})
    assert (
        me.post(f"{path}/presence").json["others"] == "Also editing this story: Pia Publisher (since 14:11)."
    )
    other.post(f"{path}/presence/delete")
    assert me.post(f"{path}/presence").json["others"] == ""
    assert [row.account_id for row in session.scalars(select(Presence))] == [ada.id]


def test_an_open_page_hears_that_somebody_has_saved(session, as_, ada, pia, story):
    path, me = f"/staff/articles/{story.id}", as_(ada)
    fields = fields_of(session, story)
    assert me.post(f"{path}/presence", data={"seen": fields["seen"]}).json["overtaken"] == ""
    as_(pia).post(path, data={**fields, "body": "Pia was first."})

    told = me.post(f"{path}/presence", data={"seen": fields["seen"]}).json["overtaken"]
    assert told.startswith("Pia Publisher has saved this story since you opened it.")
    kept = me.post(f"{path}/working-copy", data={**fields, "body": "Ada.", "version": "0"})
    assert kept.json["overtaken"] == told


def test_who_is_overtaken_sees_what_was_changed_and_what_differs(session, as_, ada, pia, story):
    path = f"/staff/articles/{story.id}"
    fields = fields_of(session, story)
    as_(pia).post(path, data={**fields, "body": "The bridge stood still.\n\nNobody knows why."})

    answer = as_(ada).post(path, data={**fields, "body": "The ferry stood still.\n\nEverybody knows why."})
    page = words(answer)
    assert answer.status_code == 409
    changed, differs = page.split("How your text differs from theirs")
    assert "[added: </span>bridge" in changed
    assert "[removed: </span>bridge" in differs
    assert "[added: </span>Everybody" in differs
    assert "Everybody knows why.</textarea>" in page
    assert "leave yours and go on with theirs" in page


def test_publishing_from_the_editor_meets_the_same_conflict(session, as_, ada, pia):
    draft = a_story(session, "A draft", is_out=False)
    path = f"/staff/articles/{draft.id}"
    fields = fields_of(session, draft)
    as_(pia).post(path, data={**fields, "body": "Pia was first."})

    answer = as_(ada).post(f"{path}/publication", data={**fields, "body": "Ada publishes."})
    assert answer.status_code == 409
    assert "Ada publishes." in words(answer)
    session.expire_all()
    article = session.get(Article, draft.id)
    assert (article.body, article.state.value) == ("Pia was first.", "draft")
