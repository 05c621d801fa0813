"""The doctor's checks of votes: clean on what voting makes, red on each planted corruption, that check alone."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from membership.mail import outbox
from membership.newsroom import audit
from membership.topics import checking, tallying
from membership.topics.models import Ballot, RoundState, Vote
from tests.topics.voters import a_ballot, a_round, a_topic, ballots, closed


@pytest.fixture
def house(session):
    """A closed and an open round, and what corruptions need of them."""
    topics = [a_topic(session) for _ in range(3)]
    done = a_round(session, topics, votes=2)
    ballots(session, done, *(topics[: 1 + number % 2] for number in range(10)))
    closed(session, done)
    return done, topics


def findings(session):
    session.expire_all()
    return {finding.check: finding for check in checking.CHECKS for finding in check(session)}


def test_what_voting_makes_is_clean(session, house):
    done, topics = house
    running = a_round(session, topics, closes_at=done.closes_at + timedelta(days=9))
    a_ballot(session, running, topics[:2])

    assert findings(session) == {}


def test_n40_a_second_ballot_of_one_voter_is_found(session, house):
    done, _topics = house
    without_keys(session, "ballot", "vote")
    session.execute(
        text(
            "INSERT INTO ballot (id, round_id, patron_id, receipt, cast_at, changed_at, is_counted)"
            " SELECT 999, round_id, patron_id, 'another', cast_at, changed_at, (1 = 0) FROM ballot LIMIT 1"
        )
    )

    assert set(findings(session)) == {"N40"}
    assert done.is_closed


def test_n40_a_topic_twice_on_one_ballot_is_found(session):
    topics = [a_topic(session) for _ in range(2)]
    a_ballot(session, a_round(session, topics), topics[:1])
    without_keys(session, "vote")
    session.execute(text("INSERT INTO vote (ballot_id, topic_id) SELECT ballot_id, topic_id FROM vote"))

    assert set(findings(session)) == {"N40"}


def test_n41_more_votes_than_the_round_gives_are_found(session):
    topics = [a_topic(session) for _ in range(3)]
    round_ = a_round(session, topics, votes=1)
    ballot = a_ballot(session, round_, topics[:1])
    session.add(Vote(ballot_id=ballot.id, topic_id=topics[1].id))
    session.commit()

    found = findings(session)

    assert set(found) == {"N41"}
    assert found["N41"].ids == (str(ballot.id),)


def test_n41_a_vote_for_a_topic_of_another_round_is_found(session):
    round_ = a_round(session, topics := [a_topic(session), a_topic(session)])
    ballot = a_ballot(session, round_, topics[:1])
    session.add(Vote(ballot_id=ballot.id, topic_id=a_topic(session).id))
    session.commit()

    assert set(findings(session)) == {"N41"}


def test_n42_a_vote_taken_out_after_the_close_is_found(session, house):
    session.delete(session.query(Vote).first())
    session.commit()

    found = findings(session)

    assert set(found) == {"N42"}
    assert found["N42"].ids == (house[0].public_id,)
    assert found["N42"].repair.startswith("membership recount")


def test_n42_a_ballot_cast_after_the_close_is_found(session, house):
    done, _topics = house
    session.query(Ballot).first().changed_at = done.closes_at
    session.commit()

    assert set(findings(session)) == {"N42"}


def test_n43_a_changed_result_is_found(session, house):
    done, _topics = house
    done.result = done.result | {"eligible": 1}
    session.commit()

    assert set(findings(session)) == {"N43"}


def test_n43_a_round_closed_without_a_result_is_found(session):
    a_round(session, state=RoundState.CLOSED)

    assert set(findings(session)) == {"N43"}


def test_n43_a_round_closed_before_its_time_is_found(session, house, clock):
    clock.set(house[0].closes_at - timedelta(days=1))

    assert set(findings(session)) == {"N43"}


def test_n45_a_winner_that_does_not_follow_from_the_tally_is_found(session, house):
    done, _topics = house
    done.result = done.result | {"winning": done.result["topics"][2:]}
    done.result_hash = tallying.hash_of(done.result)
    session.commit()

    assert set(findings(session)) == {"N45"}


def test_n46_a_receipt_in_the_audit_trail_is_found(session, house):
    receipt = session.query(Ballot).first().receipt
    audit.write(
        session, action="x", subject="round:1", actor_id=None, actor="system", details={"of": f"r-{receipt}"}
    )
    session.commit()

    assert set(findings(session)) == {"N46"}


def test_n46_a_mail_about_a_topic_that_names_the_account_is_found(session, house):
    context = {"round_title": "b", "closes_at": house[0].closes_at, "ballot_path": "/"}
    outbox.queue(
        session,
        kind="topics/vote_freed",
        to="cleo@example.org",
        language="en",
        dedupe_key="one",
        context=context,
        account_id=1,
    )
    session.commit()

    assert set(findings(session)) == {"N46"}


def test_findings_name_at_most_five_rows_and_no_voter(session):
    topics = [a_topic(session) for _ in range(2)]
    round_ = a_round(session, topics, votes=1)
    for _ in range(7):
        ballot = a_ballot(session, round_, topics[:1])
        session.add(Vote(ballot_id=ballot.id, topic_id=topics[1].id))
    session.commit()

    (finding,) = findings(session).values()

    assert (finding.count, len(finding.ids)) == (7, 5)


def without_keys(session, *tables):
    """The same tables with the same rows and none of their keys, as a damaged restore might leave them."""
    for table in tables:
        session.execute(text(f"ALTER TABLE {table} RENAME TO {table}_before"))
        session.execute(text(f"CREATE TABLE {table} AS SELECT * FROM {table}_before"))  # noqa: S608 - our own names
