"""The close: whose ballot counts, what is fixed, what of it is public."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from membership.newsroom import due
from membership.patrons.models import EndedBy, Source
from membership.topics import rounds, stating, tallying
from membership.topics.models import Ballot, RoundState, TopicState
from tests.cast import a_coverage, a_patron
from tests.topics.voters import a_ballot, a_round, a_topic, a_voter, ballots, closed


@pytest.fixture
def topics(session):
    return [a_topic(session) for _ in range(3)]


def counted(session):
    return {ballot.patron_id: ballot.is_counted for ballot in session.scalars(select(Ballot))}


@pytest.mark.parametrize("ended_by", [EndedBy.REFUND, EndedBy.DISPUTE])
@pytest.mark.parametrize("source", [Source.PAID, Source.ONCE])
def test_v06_money_taken_back_before_the_close_takes_the_vote_with_it(
    session, topics, clock, ended_by, source
):
    round_ = a_round(session, topics)
    patron, coverage = a_voter(session)
    coverage.source = source
    a_ballot(session, round_, topics[:1], patron)
    coverage.ends_at, coverage.ended_by = clock.now() + timedelta(days=2), ended_by
    session.commit()

    closed(session, round_)

    assert counted(session) == {patron.id: False}
    assert (round_.result["counted"], round_.result["set_aside"]) == (0, 1)


def test_v06_a_grant_that_was_revoked_takes_the_vote_with_it(session, topics):
    round_ = a_round(session, topics)
    patron = a_patron(session)
    grant = a_coverage(session, patron, source=Source.GRANT)
    a_ballot(session, round_, topics[:1], patron)
    grant.ends_at, grant.ended_by = round_.closes_at, EndedBy.STAFF
    session.commit()

    closed(session, round_)

    assert counted(session) == {patron.id: False}


@pytest.mark.parametrize("ended_by", [None, EndedBy.CANCEL, EndedBy.FAILURE, EndedBy.STAFF])
def test_v06_what_ran_out_or_was_canceled_after_voting_keeps_the_vote(session, topics, clock, ended_by):
    round_ = a_round(session, topics)
    patron, coverage = a_voter(session)
    a_ballot(session, round_, topics[:1], patron)
    coverage.ends_at, coverage.ended_by = clock.now() + timedelta(days=1), ended_by
    session.commit()

    closed(session, round_)

    assert counted(session) == {patron.id: True}
    assert round_.eligible == 1


def test_v06_who_gave_again_after_a_refund_keeps_the_vote(session, topics, clock):
    round_ = a_round(session, topics)
    patron, coverage = a_voter(session)
    a_ballot(session, round_, topics[:1], patron)
    coverage.ends_at, coverage.ended_by = clock.now() + timedelta(days=1), EndedBy.REFUND
    a_coverage(session, patron, starts_at=clock.now() + timedelta(days=2))

    closed(session, round_)

    assert counted(session) == {patron.id: True}


def test_v08_a_refund_after_the_close_changes_nothing(session, topics, clock):
    round_ = a_round(session, topics)
    patron, coverage = a_voter(session)
    a_ballot(session, round_, topics[:1], patron)
    closed(session, round_)
    fixed = (round_.result, round_.result_hash)
    coverage.ends_at, coverage.ended_by = clock.now() + timedelta(seconds=1), EndedBy.REFUND
    session.commit()
    clock.move(timedelta(days=1))

    rounds.close_due(session, round_.public_id, round_.closes_at)
    session.commit()

    assert (round_.result, round_.result_hash) == fixed
    assert tallying.recounted(session, round_).ballots == 1


def test_v08_a_dispute_won_before_the_close_gives_the_vote_back(session, topics, clock):
    round_ = a_round(session, topics)
    patron, coverage = a_voter(session)
    a_ballot(session, round_, topics[:1], patron)
    until = coverage.ends_at
    coverage.ends_at, coverage.ended_by = clock.now() + timedelta(days=1), EndedBy.DISPUTE
    session.commit()
    assert not tallying.would_count(session, round_id=round_.id, patron_id=patron.id, at=round_.closes_at)
    coverage.ends_at, coverage.ended_by = until, None
    session.commit()

    closed(session, round_)

    assert counted(session) == {patron.id: True}


def test_the_result_is_fixed_with_its_hash(session, topics):
    round_ = a_round(session, topics)
    for chosen in (topics[:1], topics[:2], topics[1:2]):
        a_ballot(session, round_, chosen)
    a_voter(session)

    closed(session, round_)

    assert round_.state is RoundState.CLOSED
    assert round_.result["tally"] == dict(zip([t.public_id for t in topics], [2, 2, 0], strict=True))
    assert round_.result["winning"] == [topics[0].public_id]
    assert (round_.result["counted"], round_.eligible) == (3, 4)
    assert round_.result_hash == tallying.hash_of(round_.result)


def test_v21_the_tie_goes_to_the_topic_proposed_first_wherever_it_stands_on_the_ballot(session, topics):
    round_ = a_round(session, topics[::-1])
    a_ballot(session, round_, [topics[1]])
    a_ballot(session, round_, [topics[2]])

    closed(session, round_)

    assert round_.result["winning"] == [topics[1].public_id]


def test_v22_the_recount_equals_the_result(session, topics):
    round_ = a_round(session, topics)
    ballots(session, round_, *(topics[: 1 + number % 3] for number in range(12)))

    closed(session, round_)

    outcome = tallying.recounted(session, round_)
    assert (outcome.tally, outcome.winners) == (round_.result["tally"], round_.result["winning"])
    assert len(tallying.published(session, round_)) == 12


def test_the_state_of_the_books_holds_each_decided_round_and_small_tallies_stay_out(session, topics, clock):
    small, large = a_round(session, topics), a_round(session, topics)
    a_ballot(session, small, topics[:1])
    ballots(session, large, *[topics[:1]] * 10)
    before = clock.now()
    for round_ in (small, large):
        closed(session, round_)

    said = {told["round"]: told for told in stating.state(session, clock.now())}

    assert stating.state(session, before) == []
    assert list(said) == sorted(said)
    assert said[large.public_id]["tally"] == large.result["tally"]
    assert "tally" not in said[small.public_id]


def test_v14_nine_ballots_are_too_few_for_a_list_and_ten_are_enough(session, topics):
    small, large = a_round(session, topics), a_round(session, topics)
    for round_, number in ((small, 9), (large, 10)):
        ballots(session, round_, *[topics[:1]] * number)
    for round_ in (small, large):
        closed(session, round_)

    assert (tallying.published(session, small), len(tallying.published(session, large))) == ([], 10)


def test_published_ballots_are_sorted_by_receipt(session, topics):
    round_ = a_round(session, topics)
    cast = [a_ballot(session, round_, topics[:1]).receipt for _ in range(10)]

    published = [ballot.receipt for ballot in tallying.published(session, closed(session, round_))]

    assert published == sorted(cast)


def test_v12_votes_for_a_topic_hidden_before_the_close_are_void(session, topics):
    round_ = a_round(session, topics)
    a_ballot(session, round_, topics[:1])
    a_ballot(session, round_, topics[:2])
    topics[0].state = TopicState.HIDDEN
    session.commit()

    closed(session, round_)

    assert round_.result["topics"] == [topic.public_id for topic in topics[1:]]
    assert (round_.result["counted"], round_.result["set_aside"]) == (1, 1)
    assert round_.result["tally"][topics[1].public_id] == 1


def test_the_worker_closes_a_round_at_its_time_and_only_then(session, topics, clock):
    now = clock.now()
    draft = rounds.RoundDraft(
        title="What next?",
        opens_at=now + timedelta(hours=1),
        closes_at=now + timedelta(days=1),
        answers_by=now + timedelta(days=9),
        language="en",
        topics=[topic.public_id for topic in topics],
    )
    round_ = rounds.schedule(session, draft)
    session.commit()
    seen = []
    for hours in (0, 1, 22, 2):
        clock.move(timedelta(hours=hours))
        due.apply_all(session)
        session.refresh(round_)
        seen.append(round_.state)

    assert seen == [RoundState.SCHEDULED, RoundState.OPEN, RoundState.OPEN, RoundState.CLOSED]
    assert round_.result["closed_at"] == (now + timedelta(days=1)).isoformat()
