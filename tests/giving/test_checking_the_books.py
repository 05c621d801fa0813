"""Each check of the doctor, shown healthy books and then books with one thing broken: it alone, or it first, speaks."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, update

from membership import clock
from membership.giving import chaining, checking, models
from membership.giving.ledger import Book, LedgerEntry, LedgerLine, SealedMonth
from membership.giving.models import CallState, Event, EventState, ObjectToRead, OutgoingCall, Owner, Payment
from membership.giving.movements import Movement
from membership.newsroom.findings import Severity
from membership.patrons.models import Coverage
from tests.giving import guards
from tests.giving.stripe_words import Life, monthly


@pytest.fixture
def books(session, take, clock):
    """A monthly gift that is settled, fee and all, and chained."""
    life = Life("sound")
    _, charge = monthly(life)
    transaction = life.balance(charge["id"], charge["amount"], 33)
    life.tell("charge.updated", charge | {"balance_transaction": transaction}, at=life.at + 3)
    take(life.events)
    chaining.extend(session)
    clock.set(clock.now() + timedelta(hours=2))
    return session


def _findings(session) -> set[str]:
    session.rollback()
    return {finding.check for check in checking.CHECKS for finding in check(session)}


def test_sound_books_have_no_findings(books):
    assert _findings(books) == set()


BREAKS = {
    "N01": lambda: update(LedgerLine).where(LedgerLine.book == Book.GIFTS).values(amount=-1),
    "N02": lambda: insert(models.BalanceTransaction).values(
        id="txn_lost",
        type="charge",
        amount=5,
        fee=0,
        net=5,
        currency="eur",
        created=clock.now(),
        available_on=clock.now(),
    ),
    "N03": lambda: update(LedgerEntry).values(hash="0" * 64),
    "N04": lambda: update(LedgerLine).where(LedgerLine.book == Book.STRIPE).values(amount=1),
    "N05": lambda: delete(models.BalanceTransaction),
    "N06": lambda: insert(models.Refund).values(
        id="re_1",
        charge_id="ch_sound1",
        amount=501,
        currency="eur",
        status="succeeded",
        created=clock.now(),
        as_of=clock.now(),
        event_id="",
        terminal=0,
        state_rank=0,
        is_stale=False,
    ),
    "N09": lambda: insert(SealedMonth).values(
        first_day=clock.now().date().replace(year=2026, month=3, day=1),
        sealed_at=clock.now() - timedelta(days=900),
    ),
    "N10": lambda: update(Payment).values(owner=Owner.UNKNOWN),
    "N11": lambda: insert(OutgoingCall).values(
        idempotency_key="k",
        kind="refund.create",
        subject="ch_1",
        created_at=clock.now() - timedelta(days=1),
        details={},
        state=CallState.UNKNOWN,
        result_id="",
        error="",
    ),
    "N35": lambda: update(Payment).values(owner=Owner.FOREIGN),
    "N20": lambda: update(Movement).values(twelfths=1),
    "N23": lambda: insert(models.CheckoutSession).values(
        id="cs_waiting",
        customer_id="cus_waiting",
        is_ours=True,
        status="complete",
        payment_status="unpaid",
        checkout_public_id="",
        as_of=clock.now() - timedelta(days=15),
        event_id="",
        terminal=1,
        state_rank=1,
        is_stale=False,
    ),
    "N24": lambda: delete(Coverage),
    "N26": lambda: update(Coverage).values(source_key="ch_nowhere"),
    "N27": lambda: update(Event).values(state=EventState.DEAD),
    "N28": lambda: insert(ObjectToRead).values(
        type="charge",
        id="ch_1",
        reason="stale",
        asked_at=clock.now() - timedelta(days=1),
        next_try_at=clock.now(),
        tries=3,
        state="waiting",
    ),
    "N37": lambda: insert(OutgoingCall).values(
        idempotency_key="k",
        kind="checkout.open",
        subject="checkout:k3v",
        created_at=clock.now() - timedelta(hours=23),
        details={},
        state=CallState.REFUSED,
        result_id="",
        error="api_key_expired",
    ),
}
"""One broken thing for each check."""


@pytest.mark.parametrize("check", BREAKS)
def test_what_is_broken_is_found(books, check):
    with guards.lifted(books):
        books.execute(BREAKS[check]())
    books.commit()

    assert check in _findings(books)


@pytest.mark.parametrize(
    ("values", "severity", "sentence"),
    [
        ({"state": EventState.RECEIVED}, Severity.AMBER, "Events wait to be applied."),
        ({"state": EventState.FAILED}, Severity.AMBER, "Events failed and will be tried again."),
        ({"state": EventState.DEAD}, Severity.RED, "Events were given up after eight tries."),
        ({"has_conflict": True}, Severity.RED, "Events came twice with different, signed bodies."),
    ],
)
def test_each_way_in_which_an_event_is_not_settled_is_told_apart(books, values, severity, sentence):
    books.execute(update(Event).values(values))
    books.commit()

    assert [(f.severity, f.sentence) for f in checking.events_are_settled(books)] == [(severity, sentence)]


def test_a_second_renewing_gift_is_pointed_out(books, take):
    second = Life("sound2", email="sound@example.org")
    monthly(second)
    take(second.events)

    assert "N29" in _findings(books)
