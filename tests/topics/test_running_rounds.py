"""Staff's side of a round: set up, changed until it opens, moved, closed, answered."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from membership.appeals.models import Invitation
from membership.newsroom import due, page_changes
from membership.newsroom.models import PageChange
from membership.topics import rounds
from membership.topics.errors import NoTopicsError, PastError, RoundStateError
from membership.topics.models import RoundState, RoundTopic
from membership.topics.rounds import RoundDraft
from tests.topics.voters import a_ballot, a_round, a_topic, closed


@pytest.fixture
def topics(session):
    return [a_topic(session) for _ in range(3)]


def a_draft(clock, topics, **more):
    now = clock.now()
    values = {
        "title": "What next?",
        "opens_at": now + timedelta(days=1),
        "closes_at": now + timedelta(days=8),
        "answers_by": now + timedelta(days=20),
        "language": "en",
        "topics": [topic.public_id for topic in topics],
    }
    return RoundDraft(**(values | more))


def test_a_round_keeps_the_order_of_its_topics_and_takes_each_once(session, topics, clock):
    round_ = rounds.schedule(session, a_draft(clock, [topics[2], topics[0], topics[2]]))
    session.commit()

    placed = session.scalars(select(RoundTopic).filter_by(round_id=round_.id).order_by(RoundTopic.position))
    assert [row.topic_id for row in placed] == [topics[2].id, topics[0].id]
    assert round_.state is RoundState.SCHEDULED


def test_a_round_whose_time_has_come_is_open_at_once(session, topics, clock):
    assert rounds.schedule(session, a_draft(clock, topics, opens_at=clock.now())).state is RoundState.OPEN


def test_a_round_in_the_past_is_refused(session, topics, clock):
    now = clock.now()

    with pytest.raises(PastError):
        rounds.schedule(session, a_draft(clock, topics, opens_at=now - timedelta(days=2), closes_at=now))


def test_a_round_of_one_topic_is_refused(session, topics, clock):
    with pytest.raises(NoTopicsError):
        rounds.schedule(session, a_draft(clock, topics[:1]))


def test_a_round_is_edited_until_it_opens(session, topics, clock):
    round_ = rounds.schedule(session, a_draft(clock, topics))
    rounds.edit(session, round_, a_draft(clock, topics[:2], title="What now?", votes_per_patron=1))
    session.commit()
    assert (round_.title, round_.votes_per_patron) == ("What now?", 1)
    clock.set(round_.opens_at)

    with pytest.raises(RoundStateError):
        rounds.edit(session, round_, a_draft(clock, topics))


def test_v05_an_end_is_moved_later_and_the_worker_follows(session, topics, clock):
    round_ = rounds.schedule(session, a_draft(clock, topics, opens_at=clock.now()))
    first = round_.closes_at
    rounds.move_end(session, round_, first + timedelta(days=3))
    session.commit()

    clock.set(first)
    due.apply_all(session)
    session.refresh(round_)
    assert not round_.is_closed
    clock.set(first + timedelta(days=3))
    due.apply_all(session)
    session.refresh(round_)
    assert round_.is_closed


def test_v05_an_end_is_never_moved_into_the_past(session, topics, clock):
    round_ = a_round(session, topics)

    with pytest.raises(PastError):
        rounds.move_end(session, round_, clock.now())


def test_v05_the_end_of_a_round_that_is_over_stays(session, topics, clock):
    round_ = a_round(session, topics)
    clock.set(round_.closes_at)

    with pytest.raises(RoundStateError):
        rounds.move_end(session, round_, clock.now() + timedelta(days=1))


def test_a_round_closed_by_staff_ends_at_that_instant(session, topics, clock):
    round_ = a_round(session, topics)
    a_ballot(session, round_, topics[:1])
    now = clock.move(timedelta(hours=1))

    rounds.close_now(session, round_)
    session.commit()

    assert (round_.state, round_.closes_at, round_.result["counted"]) == (RoundState.CLOSED, now, 1)


def test_a_round_that_has_not_opened_cannot_be_closed(session, topics, clock):
    round_ = rounds.schedule(session, a_draft(clock, topics))

    with pytest.raises(RoundStateError):
        rounds.close_now(session, round_)


def test_an_answer_is_published_after_the_close_and_may_be_said_again(session, topics, clock):
    round_ = a_round(session, topics, translations={"uk": {"title": "Що далі?"}})
    with pytest.raises(RoundStateError):
        rounds.publish(session, round_, "We begin in May.", {})
    closed(session, round_)
    rounds.publish(session, round_, "We begin in May.", {"uk": "Починаємо у травні."})
    first = round_.published_at
    clock.move(timedelta(days=1))

    rounds.publish(session, round_, "We began.", {})

    assert (round_.state, round_.published_at, round_.answer) == (RoundState.PUBLISHED, first, "We began.")
    assert round_.translations == {"uk": {"title": "Що далі?"}}


def test_the_appeal_invites_to_the_open_round_in_each_language_and_to_nothing_after_it(
    session, topics, clock
):
    draft = a_draft(clock, topics, opens_at=clock.now(), translations={"uk": {"title": "Що далі?"}})
    round_ = rounds.schedule(session, draft)
    session.commit()

    rows = {row.language: (row.text, row.path) for row in session.scalars(select(Invitation))}
    assert rows == {
        "en": ("What next?", f"/rounds/{round_.public_id}"),
        "uk": ("Що далі?", f"/uk/rounds/{round_.public_id}"),
    }
    closed(session, round_)
    assert session.scalars(select(Invitation)).all() == []


def test_every_stored_page_is_made_anew_when_the_invitation_changes(session, topics, clock):
    rounds.schedule(session, a_draft(clock, topics))
    session.commit()
    keys = set(session.scalars(select(PageChange.key)))
    assert page_changes.EVERYTHING not in keys
    assert {"/topics", "/uk/topics"} <= keys

    clock.move(timedelta(days=1))
    due.apply_all(session)

    assert page_changes.EVERYTHING in set(session.scalars(select(PageChange.key)))
