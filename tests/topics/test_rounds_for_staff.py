"""Staff's pages of rounds: set up, changed, moved, closed, answered; who took part, never what anybody chose."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from membership.accounts.models import Role
from membership.newsroom.models import AuditEntry
from membership.patrons.models import Visibility
from membership.topics.models import Round, RoundState, RoundTopic
from tests.cast import an_account
from tests.topics.pages import send, text
from tests.topics.voters import a_ballot, a_round, a_topic, a_voter, ballots, closed


@pytest.fixture
def topics(session):
    return [a_topic(session, title) for title in ("Bread", "Doctors", "Dogs")]


def filled(chosen, **more):
    values = {
        "title_en": "What next?",
        "title_uk": "Що далі?",
        "opens_at": "2026-11-23T09:00",
        "closes_at": "2026-12-07T09:00",
        "answers_by": "2026-12-21",
        "votes_per_patron": "2",
        "winners": "1",
        "topics": [topic.public_id for topic in chosen],
    }
    return values | more


def audited(session):
    return [entry.action for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id))]


def test_an_editor_sets_up_a_round_in_the_newsrooms_time(session, as_, ada, topics):
    answer = send(as_(ada), "/staff/topics/rounds/new", **filled(topics[:2]))

    (round_,) = session.scalars(select(Round))
    assert (answer.status_code, answer.location) == (303, f"/staff/topics/rounds/{round_.public_id}")
    assert round_.opens_at.isoformat() == "2026-11-23T07:00:00+00:00"  # nine in Kyiv
    assert (round_.title, round_.translations) == ("What next?", {"uk": {"title": "Що далі?"}})
    assert session.query(RoundTopic).count() == 2
    assert audited(session) == ["round.scheduled"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"title_en": "", "title_uk": ""}, "Write a title"),
        ({"closes_at": "2026-11-23T09:00"}, "closes after it opens"),
        ({"opens_at": "2026-11-01T09:00", "closes_at": "2026-11-02T09:00"}, "cannot close in the past"),
        ({"answers_by": "2026-12-01"}, "before the round has closed"),
        ({"votes_per_patron": "0"}, "between 1 and 20"),
        ({"votes_per_patron": "many"}, "valid integer"),
        ({"winners": "11"}, "between 1 and 10"),
        ({"opens_at": "tomorrow"}, "valid datetime"),
        ({"topics": []}, "at least two topics"),
    ],
)
def test_a_round_that_cannot_be_is_refused_and_what_was_typed_is_kept(session, as_, ada, topics, wrong, told):
    answer = send(as_(ada), "/staff/topics/rounds/new", **filled(topics, **wrong))

    assert answer.status_code == 422
    assert told in text(answer)
    assert "2026-12-21" in text(answer) or "2026-12-01" in text(answer)
    assert session.scalars(select(Round)).all() == []


def test_an_editor_changes_a_round_until_it_opens(session, as_, ada, topics, clock):
    browser = as_(ada)
    send(browser, "/staff/topics/rounds/new", **filled(topics))
    (round_,) = session.scalars(select(Round))
    path = f"/staff/topics/rounds/{round_.public_id}/edit"
    form = browser.get(path)
    assert 'value="2026-11-23T09:00"' in text(form)

    assert send(browser, path, **filled(topics, title_en="What now?")).status_code == 303
    session.refresh(round_)
    assert round_.title == "What now?"
    clock.set(round_.opens_at)
    browser = as_(ada)
    assert browser.get(path).status_code == 303
    assert browser.post(path, data=filled(topics)).status_code == 409


def test_v05_an_editor_moves_the_close_and_the_trail_says_from_when_to_when(session, as_, ada, topics):
    round_ = a_round(session, topics)
    path = f"/staff/topics/rounds/{round_.public_id}"

    answer = send(as_(ada), path, to=f"{path}/end", closes_at="2026-12-24T18:00")

    session.refresh(round_)
    assert answer.status_code == 303
    assert round_.closes_at.isoformat() == "2026-12-24T16:00:00+00:00"
    entry = session.scalars(select(AuditEntry)).one()
    assert entry.details["after"] == "2026-12-24T16:00:00+00:00"


def test_v05_a_close_in_the_past_is_refused(session, as_, ada, topics):
    round_ = a_round(session, topics)
    before, path = round_.closes_at, f"/staff/topics/rounds/{round_.public_id}"

    answer = send(as_(ada), path, to=f"{path}/end", closes_at="2026-11-22T13:59")

    session.refresh(round_)
    assert (answer.status_code, round_.closes_at) == (422, before)
    assert "cannot close in the past" in text(answer)


def test_a_round_is_closed_after_a_question(session, as_, ada, topics):
    round_ = a_round(session, topics)
    browser, path = as_(ada), f"/staff/topics/rounds/{round_.public_id}/close"
    assert "Close this round now?" in text(browser.get(path))

    assert send(browser, path).status_code == 303

    session.refresh(round_)
    assert round_.state is RoundState.CLOSED
    assert audited(session) == ["round.closed"]


def test_an_answer_is_published(session, as_, ada, topics, client):
    round_ = closed(session, a_round(session, topics))
    path = f"/staff/topics/rounds/{round_.public_id}"

    answer = send(as_(ada), path, to=f"{path}/answer", answer_en="We begin in May.")

    assert answer.status_code == 303
    assert "We begin in May." in text(client.get(f"/rounds/{round_.public_id}"))


def test_a_round_is_not_answered_before_its_close_nor_without_words(session, as_, ada, topics):
    running, done = a_round(session, topics), a_round(session, topics)
    closed(session, done)
    browser = as_(ada)
    running.closes_at += timedelta(days=9)
    session.commit()

    for round_, words, status in ((running, "We begin.", 409), (done, "", 422)):
        path = f"/staff/topics/rounds/{round_.public_id}"
        assert send(browser, path, to=f"{path}/answer", answer_en=words).status_code == status


def test_v14_staff_see_no_tally_before_the_close_and_of_small_rounds_none_at_all(session, as_, pia, topics):
    round_ = a_round(session, topics)
    ballots(session, round_, *[topics[:1]] * 9)
    browser, path = as_(pia), f"/staff/topics/rounds/{round_.public_id}"
    assert "Votes by topic" not in text(browser.get(path))

    closed(session, round_)

    browser = as_(pia)
    assert "Too few patrons voted" in text(browser.get(path))
    assert "Votes by topic" not in text(browser.get(path))


def test_staff_with_the_right_see_who_took_part_and_never_the_choice(session, as_, pia, topics):
    round_ = a_round(session, topics)
    patron, _coverage = a_voter(session, name="Iryna Koval")
    ballot = a_ballot(session, round_, topics[:1], patron)
    hidden, _coverage = a_voter(session, name="Secret Person")
    hidden.visibility = Visibility.SECRET
    a_ballot(session, round_, topics[1:2], hidden)
    a_voter(session, name="Did Not Vote")

    page = text(as_(pia).get(f"/staff/topics/rounds/{round_.public_id}/voters"))

    assert "Iryna Koval" in page
    for never in ("Bread", "Doctors", ballot.receipt, "Secret Person", "Did Not Vote", "12:00"):
        assert never not in page
    assert audited(session) == ["round.voters_seen"]


def test_an_editor_without_the_right_does_not_see_who_took_part(session, as_, ada, topics):
    round_ = a_round(session, topics)

    assert as_(ada).get(f"/staff/topics/rounds/{round_.public_id}/voters").status_code == 403


def test_the_right_alone_does_not_make_an_editor(session, as_, topics):
    reader = an_account(session, role=Role.STAFF, sees_patrons=True)

    assert (
        as_(reader).get(f"/staff/topics/rounds/{a_round(session, topics).public_id}/voters").status_code
        == 403
    )


def test_what_is_not_there_is_not_found(as_, ada):
    browser = as_(ada)

    for path in ("rounds/nothing", "rounds/nothing/edit", "rounds/nothing/close", "nothing"):
        assert browser.get(f"/staff/topics/{path}").status_code == 404


def test_every_round_stands_in_the_list_with_its_state(session, as_, ada, topics, clock):
    now = clock.now()
    a_round(session, topics, title="Coming", opens_at=now + timedelta(days=1), state=RoundState.SCHEDULED)
    a_round(session, topics, title="Running")
    closed(session, a_round(session, topics, title="Done", closes_at=now + timedelta(hours=1)))

    page = text(as_(ada).get("/staff/topics/rounds"))

    for words in ("Coming", "Scheduled", "Running", "Open", "Done", "Waits for your answer"):
        assert words in page
