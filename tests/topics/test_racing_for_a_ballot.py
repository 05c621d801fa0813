"""Two connections and more at once, on a file in WAL and on PostgreSQL: one ballot each, never over the budget."""

import threading
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import func, select

from membership.db import db, run_unit
from membership.patrons.models import Patron
from membership.topics import proposing, rounds, voting
from membership.topics.errors import RoundNotOpenError
from membership.topics.models import Ballot, Round, Topic, Vote
from tests.topics.voters import a_round, a_topic, a_voter

THREADS = 12


def at_once(app, *acts: Callable[[], object]) -> list[object]:
    """Run each act in a thread and transaction of its own, all let go together; what each gave or raised."""
    gate = threading.Barrier(len(acts))
    results: list[object] = [None] * len(acts)

    def run(place, act):
        with app.app_context():
            gate.wait()
            try:
                results[place] = run_unit(db.session(), act, tries=8)
            except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
                results[place] = error
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def cast(round_id, patron_id, topics):
    def act():
        return voting.cast(db.session(), round_id=round_id, patron_id=patron_id, topics=topics).receipt

    return act


def test_v01_many_equal_ballots_at_once_are_one_ballot(app, session):
    topics = [a_topic(session) for _ in range(3)]
    round_, patron = a_round(session, topics), a_voter(session)[0]
    chosen = [topic.public_id for topic in topics[:2]]
    acts = [cast(round_.id, patron.id, chosen) for _ in range(THREADS)]
    session.rollback()

    receipts = at_once(app, *acts)

    assert len(set(receipts)) == 1, receipts
    assert session.scalar(select(func.count()).select_from(Ballot)) == 1
    assert session.scalar(select(func.count()).select_from(Vote)) == 2


def test_v02_many_different_ballots_at_once_never_exceed_the_budget(app, session):
    topics = [a_topic(session) for _ in range(THREADS)]
    round_, patron = a_round(session, topics, votes=2), a_voter(session)[0]
    ids = [topic.public_id for topic in topics]
    acts = [cast(round_.id, patron.id, [ids[n], ids[n - 1]]) for n in range(THREADS)]
    session.rollback()

    receipts = at_once(app, *acts)

    assert len(set(receipts)) == 1, receipts
    (own,) = voting.ballots_of(session, patron.id)
    pairs = [{topics[n].id, topics[n - 1].id} for n in range(THREADS)]
    assert set(own.topics) in pairs  # one of them whole, never a mixture


def test_v10_casting_and_withdrawing_at_once_leaves_a_whole_ballot_or_none(app, session):
    topics = [a_topic(session) for _ in range(3)]
    round_, patron = a_round(session, topics), a_voter(session)[0]
    chosen = [topic.public_id for topic in topics]
    round_id, patron_id = round_.id, patron.id

    def withdraw():
        return voting.withdraw(db.session(), round_id=round_id, patron_id=patron_id)

    acts = [cast(round_id, patron_id, chosen), withdraw] * (THREADS // 2)
    session.rollback()

    results = at_once(app, *acts)

    assert not [result for result in results if isinstance(result, Exception)]
    assert session.scalar(select(func.count()).select_from(Vote)) in {0, 3}


def test_v04_whoever_votes_while_the_round_is_closed_is_counted_or_refused(app, session, clock):
    topics = [a_topic(session) for _ in range(2)]
    round_ = a_round(session, topics)
    round_id, chosen = round_.id, [topics[0].public_id]
    acts = [cast(round_id, a_voter(session)[0].id, chosen) for _ in range(THREADS - 1)]
    clock.move(timedelta(hours=1))

    def close():
        session = db.session()
        return rounds.close_now(session, session.get_one(Round, round_id))

    session.rollback()

    results = at_once(app, *acts, close)[:-1]

    session.expire_all()
    refused = [result for result in results if isinstance(result, RoundNotOpenError)]
    receipts = [result for result in results if isinstance(result, str)]
    assert len(refused) + len(receipts) == THREADS - 1, results
    assert round_.result["counted"] == len(receipts)
    assert round_.result["tally"][chosen[0]] == len(receipts)


def test_v05_extending_while_votes_arrive_loses_none(app, session, clock):
    topics = [a_topic(session) for _ in range(2)]
    round_ = a_round(session, topics)
    round_id, later = round_.id, round_.closes_at + timedelta(days=1)
    acts = [cast(round_id, a_voter(session)[0].id, [topics[0].public_id]) for _ in range(THREADS - 1)]

    def extend():
        session = db.session()
        return rounds.move_end(session, session.get_one(Round, round_id), later)

    session.rollback()

    results = at_once(app, *acts, extend)

    assert not [result for result in results if isinstance(result, Exception)]
    assert session.scalar(select(func.count()).select_from(Vote)) == THREADS - 1
    session.expire_all()
    assert round_.closes_at == later > clock.now()


def test_v23_a_proposal_sent_many_times_at_once_is_one_proposal(app, session):
    patron_id = a_voter(session)[0].id

    def propose():
        session = db.session()
        patron = session.get_one(Patron, patron_id)
        return proposing.propose(
            session, patron, title="Who owns the ferry?", text="", language="en"
        ).public_id

    session.rollback()

    made = at_once(app, *[propose] * THREADS)

    assert len(set(made)) == 1, made
    assert session.scalar(select(func.count()).select_from(Topic)) == 1
