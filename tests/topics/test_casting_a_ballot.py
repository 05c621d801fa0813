"""Casting, changing and withdrawing a ballot: who may, for what, until when."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from membership.patrons.models import Source
from membership.patrons.standing import Standing
from membership.topics import forgetting, voting
from membership.topics.errors import (
    EmptyBallotError,
    OverBudgetError,
    RoundNotOpenError,
    StandingError,
    TopicsError,
)
from membership.topics.models import Ballot, TopicState, Vote
from tests.cast import a_coverage, a_patron, patron_of
from tests.topics.voters import a_ballot, a_round, a_topic, a_voter, closed


def votes(session):
    return session.scalar(select(func.count()).select_from(Vote))


def cast(session, round_, patron, topics):
    return voting.cast(
        session, round_id=round_.id, patron_id=patron.id, topics=[topic.public_id for topic in topics]
    )


def test_a_ballot_names_the_topics_and_carries_a_receipt_of_80_bits(session):
    topics = [a_topic(session) for _ in range(3)]
    round_ = a_round(session, topics)
    patron, _coverage = a_voter(session)

    ballot = a_ballot(session, round_, topics[:2], patron)

    assert len(ballot.receipt) == 16
    assert voting.ballots_of(session, patron.id)[0].topics == {topics[0].id, topics[1].id}


def test_v01_the_same_ballot_twice_is_one_ballot(session):
    topics = [a_topic(session) for _ in range(3)]
    round_ = a_round(session, topics)
    patron, _coverage = a_voter(session)

    first = a_ballot(session, round_, topics[:2], patron).receipt
    second = a_ballot(session, round_, topics[:2], patron).receipt

    assert first == second
    assert session.scalar(select(func.count()).select_from(Ballot)) == 1
    assert votes(session) == 2


def test_v02_more_topics_than_votes_are_refused(session):
    topics = [a_topic(session) for _ in range(4)]
    round_ = a_round(session, topics, votes=3)
    patron, _coverage = a_voter(session)

    with pytest.raises(OverBudgetError) as refused:
        cast(session, round_, patron, topics)

    assert refused.value.votes == 3
    assert votes(session) == 0


def test_a_topic_named_twice_takes_one_vote(session):
    topics = [a_topic(session) for _ in range(2)]
    round_ = a_round(session, topics, votes=1)

    a_ballot(session, round_, [topics[0], topics[0]])

    assert votes(session) == 1


def test_v04_at_the_instant_of_the_close_no_ballot_is_taken(session, clock):
    round_ = a_round(session, topics := [a_topic(session) for _ in range(2)])
    patron, _coverage = a_voter(session)
    clock.set(round_.closes_at - timedelta(microseconds=1))
    a_ballot(session, round_, topics[:1], patron)
    clock.set(round_.closes_at)

    with pytest.raises(RoundNotOpenError):
        cast(session, round_, patron, topics[1:])


def test_before_it_opens_a_round_takes_no_ballot(session, clock):
    now = clock.now()
    round_ = a_round(
        session, topics := [a_topic(session) for _ in range(2)], opens_at=now + timedelta(seconds=1)
    )

    with pytest.raises(RoundNotOpenError):
        cast(session, round_, a_voter(session)[0], topics)


def test_a_closed_round_takes_no_ballot_even_if_its_end_was_moved_by_hand(session, clock):
    round_ = closed(session, a_round(session, topics := [a_topic(session) for _ in range(2)]))
    round_.closes_at = clock.now() + timedelta(days=1)
    patron, _coverage = a_voter(session)
    session.commit()

    with pytest.raises(RoundNotOpenError):
        cast(session, round_, patron, topics)


def test_v06_a_lapsed_patron_is_refused_with_the_standing(session, dov):
    round_ = a_round(session, topics := [a_topic(session) for _ in range(2)])

    with pytest.raises(StandingError) as refused:
        cast(session, round_, patron_of(session, dov), topics)

    assert refused.value.standing is Standing.LAPSED


def test_v07_a_new_patron_votes_at_once_and_one_whose_payment_is_pending_does_not(session, clock):
    round_ = a_round(session, topics := [a_topic(session) for _ in range(2)])
    patron = a_patron(session)
    with pytest.raises(StandingError):
        cast(session, round_, patron, topics)
    session.rollback()

    a_coverage(session, patron, source=Source.PAID, starts_at=clock.now())

    assert a_ballot(session, round_, topics, patron).receipt


def test_v09_a_changed_ballot_replaces_the_former_and_keeps_its_receipt(session, clock):
    round_ = a_round(session, topics := [a_topic(session) for _ in range(3)])
    patron, _coverage = a_voter(session)
    receipt = a_ballot(session, round_, topics[:2], patron).receipt
    clock.move(timedelta(hours=1))

    changed = a_ballot(session, round_, topics[2:], patron)

    assert (changed.receipt, changed.cast_at) == (receipt, changed.changed_at - timedelta(hours=1))
    assert voting.ballots_of(session, patron.id)[0].topics == {topics[2].id}


def test_v10_a_withdrawn_ballot_leaves_nothing_and_its_votes_are_free(session):
    round_ = a_round(session, topics := [a_topic(session) for _ in range(2)], votes=2)
    patron, _coverage = a_voter(session)
    receipt = a_ballot(session, round_, topics, patron).receipt

    assert voting.withdraw(session, round_id=round_.id, patron_id=patron.id)
    session.commit()

    assert (votes(session), voting.ballots_of(session, patron.id)) == (0, [])
    assert a_ballot(session, round_, topics, patron).receipt != receipt


def test_a_ballot_is_withdrawn_until_the_close_only(session, clock):
    round_ = a_round(session, topics := [a_topic(session) for _ in range(2)])
    patron, _coverage = a_voter(session)
    a_ballot(session, round_, topics, patron)
    clock.set(round_.closes_at)

    with pytest.raises(RoundNotOpenError):
        voting.withdraw(session, round_id=round_.id, patron_id=patron.id)


def test_v13_who_deletes_the_data_leaves_open_rounds_and_stays_nameless_in_closed_ones(session):
    topics = [a_topic(session) for _ in range(2)]
    patron, _coverage = a_voter(session)
    old = a_round(session, topics)
    a_ballot(session, old, topics[:1], patron)
    closed(session, old)
    a_coverage(session, patron)
    a_ballot(session, a_round(session, topics), topics[:1], patron)

    forgetting.forget_votes(session, patron)
    session.commit()

    assert [(b.round_id, b.patron_id) for b in session.scalars(select(Ballot))] == [(old.id, None)]
    assert votes(session) == 1


@pytest.mark.parametrize("state", [TopicState.PROPOSED, TopicState.DECLINED, TopicState.HIDDEN])
def test_v18_a_topic_that_does_not_stand_takes_no_vote(session, state):
    topics = [a_topic(session), a_topic(session, state=state)]
    round_ = a_round(session, topics)

    with pytest.raises(TopicsError):
        cast(session, round_, a_voter(session)[0], topics)


def test_v18_a_topic_of_another_round_takes_no_vote(session):
    elsewhere = a_topic(session)
    a_round(session, [elsewhere, a_topic(session)])

    with pytest.raises(TopicsError):
        cast(session, a_round(session), a_voter(session)[0], [elsewhere])


def test_v18_who_proposed_a_topic_may_vote_for_it_like_anybody(session):
    patron, _coverage = a_voter(session)
    own = a_topic(session, proposed_by=patron.id)

    assert a_ballot(session, a_round(session, [own, a_topic(session)]), [own], patron)


def test_a_ballot_without_a_topic_is_refused(session):
    with pytest.raises(EmptyBallotError):
        cast(session, a_round(session), a_voter(session)[0], [])
