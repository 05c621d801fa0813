"""Random rounds through the database: whatever happens, the result is what a plain dictionary of last ballots gives."""

import random
from datetime import timedelta

import pytest

from membership.newsroom import due
from membership.patrons.models import EndedBy, Source
from membership.topics import checking, counting, moderating, tallying, voting
from membership.topics.errors import OverBudgetError
from tests.topics.voters import a_round, a_topic, a_voter, closed

ACTS = 80
TAKEN_BACK = (EndedBy.REFUND, EndedBy.DISPUTE)


def vote_at_random(session, clock, chance, round_, topics, voters):
    """Cast, change and withdraw; gives what each voter's last ballot names."""
    kept: dict[int, set[str]] = {}
    for _act in range(ACTS):
        clock.move(timedelta(minutes=chance.randint(1, 60)))
        patron, _coverage = chance.choice(voters)
        if chance.random() < 0.15:
            voting.withdraw(session, round_id=round_.id, patron_id=patron.id)
            kept.pop(patron.id, None)
            continue
        chosen = {topic.public_id for topic in chance.sample(topics, chance.randint(1, 5))}
        try:
            voting.cast(session, round_id=round_.id, patron_id=patron.id, topics=chosen)
            kept[patron.id] = chosen
        except OverBudgetError:
            assert len(chosen) > round_.votes_per_patron
    session.commit()
    return kept


def end_some_coverages(session, clock, chance, voters):
    """End the coverage of four voters before the close; gives those whose right was taken back."""
    taken_back = set()
    for patron, coverage in chance.sample(voters, 4):
        coverage.ends_at = clock.now() + timedelta(minutes=1)
        coverage.ended_by = chance.choice(list(EndedBy))
        coverage.source = chance.choice(list(Source))
        is_revoked = coverage.ended_by is EndedBy.STAFF and coverage.source in {Source.GRANT, Source.SEAT}
        if coverage.ended_by in TAKEN_BACK or is_revoked:
            taken_back.add(patron.id)
    session.commit()
    return taken_back


@pytest.mark.parametrize("seed", range(6))
def test_n42_the_result_is_the_last_ballot_of_each_voter_whose_right_stands(session, clock, seed):
    chance = random.Random(seed)  # noqa: S311 - the same each time
    topics = [a_topic(session) for _ in range(6)]
    round_ = a_round(session, topics, votes=chance.randint(1, 4), winners=chance.randint(1, 2))
    voters = [a_voter(session) for _ in range(14)]

    kept = vote_at_random(session, clock, chance, round_, topics, voters)
    taken_back = end_some_coverages(session, clock, chance, voters)
    hidden = chance.choice(topics)
    moderating.hide(session, hidden)
    session.commit()
    due.apply_all(session)
    closed(session, round_)

    standing = [topic.public_id for topic in topics if topic is not hidden]
    last = [ballot - {hidden.public_id} for voter, ballot in kept.items() if voter not in taken_back]
    expected = counting.count(standing, [ballot for ballot in last if ballot], winners=round_.winners)
    result = round_.result
    assert result["counted"] == expected.ballots
    assert (result["tally"], result["winning"]) == (expected.tally, expected.winners)
    assert tallying.recounted(session, round_) == expected
    assert [finding for check in checking.CHECKS for finding in check(session)] == []
