"""`membership state --json`: what the books and the closed rounds say at an instant; equal books, equal bytes."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskCliRunner

from membership.cli.state import state
from membership.giving import applying, receiving
from membership.newsroom import due
from membership.patrons.models import Patron
from tests.giving.lives import LIVES
from tests.giving.sandboxed import empty
from tests.giving.stripe_words import START, Life, monthly
from tests.topics.voters import a_round, a_topic, ballots, closed

LATER = datetime.fromtimestamp(START, UTC) + timedelta(days=200)


class Say:
    """The command, as a shell runs it."""

    def __init__(self, runner: FlaskCliRunner) -> None:
        self._runner = runner

    def __call__(self, *words: str) -> str:
        """What it prints."""
        done = self._runner.invoke(state, ["--json", *words])
        assert done.exit_code == 0, done.output
        return done.stdout


@pytest.fixture
def say(app) -> Say:
    return Say(app.test_cli_runner())


@pytest.fixture
def tell(session, clock):
    """Let the books hear of events, later than all of them, and do what is due."""

    def told(events) -> None:
        clock.set(LATER)
        for event in events:
            event_id, _, _ = receiving.store(session, event, at=clock.now(), is_live=False)
            session.commit()
            assert applying.apply_one(session, event_id)
        due.apply_all(session)
        session.rollback()

    return told


def test_every_part_of_the_books_is_in_it(session, say, tell):
    life = Life("told")
    _, charge = monthly(life)
    life.balance(charge["id"], charge["amount"], 33)
    life.tell("charge.updated", charge, at=life.at + 3)
    tell(life.events)

    told = json.loads(say())

    assert [patron["patron"] for patron in told["patrons"]] == ["cus_told"]
    assert [row["id"] for row in told["subscriptions"]] == ["sub_told1"]
    assert [(row["id"], row["amount"], row["owner"]) for row in told["payments"]] == [
        ("ch_told1", 500, "ours")
    ]
    assert [(row["kind"], row["twelfths"]) for row in told["movements"]] == [("new", 6000)]
    assert {row["book"]: row["amount"] for row in told["ledger"]} == {"clearing": 500, "gifts": -500}
    assert told["tallies"] == []


def test_the_tally_of_a_closed_round_is_in_it_and_an_open_one_is_not(session, say, clock):
    topics = [a_topic(session) for _ in range(3)]
    done = a_round(session, topics, votes=2)
    a_round(session, topics, closes_at=done.closes_at + timedelta(days=9))
    ballots(session, done, *(topics[: 1 + number % 2] for number in range(10)))
    closed(session, done)

    tallies = json.loads(say())["tallies"]

    assert [row["round"] for row in tallies] == [done.public_id]
    assert (tallies[0]["counted"], tallies[0]["eligible"]) == (10, 10)
    assert tallies[0]["tally"] == {topics[0].public_id: 10, topics[1].public_id: 5, topics[2].public_id: 0}
    assert tallies[0]["winning"] == [topics[0].public_id]


def test_an_earlier_instant_is_told_as_it_was(session, say, tell):
    life = Life("then")
    monthly(life)
    tell(life.events)
    begun = datetime.fromtimestamp(START, UTC)

    before = json.loads(say("--at", f"{begun - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"))
    while_paid = json.loads(say("--at", f"{begun + timedelta(days=10):%Y-%m-%dT%H:%M:%SZ}"))
    after = json.loads(say())

    assert (before["patrons"], before["payments"], before["movements"]) == ([], [], [])
    assert while_paid["patrons"][0]["standing"] == "active"
    assert after["patrons"][0]["standing"] == "lapsed"


@pytest.mark.parametrize("name", ["renewed", "dispute_won", "raised_and_switched"])
def test_equal_books_give_equal_bytes_whatever_order_made_them(session, say, tell, name):
    events = LIVES[name]().life.events
    tell(events)
    forwards = say()
    empty(session)

    tell([*reversed(events), *events[:2]])

    assert say() == forwards


def test_nothing_in_it_says_who_a_patron_is(session, say, tell):
    life = Life("hidden", email="olena.secret@example.org")
    monthly(life)
    tell(life.events)

    told = say()

    patron = session.query(Patron).one()
    assert "olena" not in told.lower()
    assert patron.public_id not in told


def test_asking_takes_no_turn_from_those_who_write(app, session, say):
    a_topic(session)
    writer = session.connection()  # holds the only writer's place of a SQLite file
    writer.exec_driver_sql("UPDATE topic SET title = 'Changed'")

    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(say).result(timeout=4)

    assert json.loads(told)["tallies"] == []
