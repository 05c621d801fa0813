"""Counting is a pure rule: no ballot is lost, no order matters, ties go to the topic proposed first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from membership.topics import ballot_lists, counting
from membership.topics.counting import UnknownTopicError
from membership.topics.tallying import PublishedBallot

TOPICS = ["bread", "doctors", "dogs", "names", "water"]
some_ballots = st.lists(st.sets(st.sampled_from(TOPICS), min_size=1, max_size=3), max_size=40)


@given(some_ballots)
def test_n42_a_tally_never_loses_a_vote(ballots):
    outcome = counting.count(TOPICS, ballots, winners=1)

    assert outcome.ballots == len(ballots)
    assert sum(outcome.tally.values()) == sum(len(ballot) for ballot in ballots)
    assert list(outcome.tally) == TOPICS


@given(some_ballots, st.randoms(use_true_random=False))
def test_n45_the_order_in_which_ballots_arrive_does_not_matter(ballots, random):
    shuffled = [*ballots]
    random.shuffle(shuffled)

    assert counting.count(TOPICS, shuffled, winners=2) == counting.count(TOPICS, ballots, winners=2)


@given(some_ballots, st.integers(1, 4))
def test_the_recount_of_the_published_list_equals_the_result(ballots, winners):
    outcome = counting.count(TOPICS, ballots, winners=winners)
    published = [PublishedBallot(f"r{n:04}", tuple(ballot)) for n, ballot in enumerate(ballots)]
    titles = {topic: f"=What about, {topic}?" for topic in TOPICS}

    file = "".join(ballot_lists.write(titles, published, tally=outcome.tally, winners=outcome.winners))
    told = ballot_lists.read(file)

    assert told.agrees_with(told.count())
    assert told.count().tally == outcome.tally
    assert told.titles == titles


def test_v21_of_equal_topics_the_one_proposed_first_wins():
    ballots = [{"names"}, {"doctors"}, {"doctors"}, {"names"}, {"water"}]

    assert counting.count(TOPICS, ballots, winners=1).winners == ["doctors"]
    assert counting.count(TOPICS[::-1], ballots, winners=1).winners == ["names"]


def test_v21_a_tie_is_a_tie_only_at_the_line():
    tally = {"bread": 3, "doctors": 2, "dogs": 2, "names": 0}

    assert not counting.is_tied(tally, ["bread"])
    assert counting.is_tied(tally, ["bread", "doctors"])
    assert not counting.is_tied(tally, ["bread", "doctors", "dogs"])
    assert not counting.is_tied({"bread": 0}, [])


def test_a_topic_without_a_vote_never_wins():
    assert counting.count(TOPICS, [], winners=3).winners == []
    assert counting.count(TOPICS, [{"dogs"}], winners=3).winners == ["dogs"]


@pytest.mark.parametrize("ballot", [["bread", "bread"], ["elsewhere"]])
def test_a_ballot_that_cannot_be_counted_is_an_error(ballot):
    with pytest.raises(UnknownTopicError):
        counting.count(TOPICS, [ballot], winners=1)
