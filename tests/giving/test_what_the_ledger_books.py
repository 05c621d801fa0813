"""What the ledger books whatever is learned first: each amount on its own day, in its own currency, in balance."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from membership import clock
from membership.giving import (
    applying,
    booking,
    checking,
    fees,
    parsing,
    refunding,
    sealing,
    statements,
    stating,
)
from membership.giving.booking import Entry, Line
from membership.giving.facts import BalanceTransaction
from membership.giving.ledger import Book, EntryKind, LedgerEntry, LedgerLine
from membership.giving.models import Owner, Payment, Subscription
from membership.patrons.models import Coverage, Patron
from tests.giving.sandboxed import empty
from tests.giving.stripe_words import START, Life, monthly, once

DAY = 86_400
LATER = datetime(2026, 9, 1, tzinfo=UTC)


def _give(session, *things, at: int) -> None:
    """Apply what a read told, each in a transaction of its own."""
    for thing in things:
        applying.apply_facts(session, parsing.from_object(thing, datetime.fromtimestamp(at, UTC)))
        session.commit()


def _by_day(session) -> dict[tuple[date, Book, str], int]:
    """What stands in each book by day, nothing left out but zeros."""
    session.rollback()
    rows = session.execute(
        select(LedgerEntry.effective_on, LedgerLine.book, LedgerLine.currency, func.sum(LedgerLine.amount))
        .join(LedgerLine, LedgerLine.entry_id == LedgerEntry.id)
        .group_by(LedgerEntry.effective_on, LedgerLine.book, LedgerLine.currency)
    )
    return {(day, book, currency): int(amount) for day, book, currency, amount in rows if amount}


def _unbalanced(session) -> list[int]:
    query = select(LedgerLine.entry_id).group_by(LedgerLine.entry_id, LedgerLine.currency)
    return list(session.scalars(query.having(func.sum(LedgerLine.amount) != 0)))


def _findings(session) -> set[str]:
    session.rollback()
    return {finding.check for check in checking.CHECKS for finding in check(session)}


@settings(max_examples=30)
@given(
    days=st.integers(-3, 3),
    seconds=st.integers(-40, 40),
    order=st.permutations(range(5)),
    is_ours=st.booleans(),
)
def test_a_charge_ends_on_the_day_of_its_balance_transaction_in_any_order(
    session, days, seconds, order, is_ours
):
    empty(session)
    clock.set_now(LATER)
    life = Life("day", ours=is_ours)
    intent = life.id("pi")
    charge = life.charge(2500, intent=intent, metadata=life.metadata)
    life.at = START + days * DAY + seconds
    transaction = life.balance(charge["id"], 2500, 63)
    life.at = START + 1
    told = life.tell("charge.succeeded", charge | {"balance_transaction": None})
    invoice = life.invoice(life.subscription(2500))
    steps = [
        lambda: applying.apply_facts(session, parsing.from_event(told)),
        lambda: _give(session, transaction, at=START + 60),
        lambda: _give(session, charge, at=START + 61),
        lambda: _give(session, invoice, at=START + 62),
        lambda: _give(session, life.joint(invoice, intent), at=START + 63),
    ]

    for number in order:
        steps[number]()
        session.commit()

    on = datetime.fromtimestamp(transaction["created"], UTC).date()
    given_to, fee_of = (Book.GIFTS, Book.FEES) if is_ours else (Book.FOREIGN, Book.FOREIGN)
    wanted = {(on, Book.STRIPE, "eur"): 2437}
    wanted |= (
        {(on, given_to, "eur"): -2500, (on, fee_of, "eur"): 63}
        if is_ours
        else {(on, Book.FOREIGN, "eur"): -2437}
    )
    assert _by_day(session) == wanted
    assert _unbalanced(session) == []
    settled_at = datetime.fromtimestamp(transaction["created"], UTC)
    before = stating.state(session, settled_at - timedelta(seconds=1))["ledger"]
    assert before == []


def test_a_day_learned_after_its_month_was_sealed_leaves_the_sealed_figures_alone(session, take):
    life = Life("late")
    charge = life.charge(2500, intent="pi_late", metadata=life.metadata)
    life.tell("charge.succeeded", charge)
    take(life.events)
    clock.set_now(datetime(2026, 4, 5, 9, tzinfo=UTC))
    sealing.seal(session, None)
    session.commit()
    life.at = START - 20 * DAY
    transaction = life.balance(charge["id"], 2500, 63)

    _give(session, transaction, charge, at=START + 30 * DAY)

    booked = select(LedgerEntry.booked_on, func.sum(LedgerLine.amount)).join(LedgerLine)
    booked = booked.where(LedgerLine.book == Book.GIFTS).group_by(LedgerEntry.booked_on)
    sums = {day: int(amount) for day, amount in session.execute(booked) if amount}
    assert sums[date(2026, 3, 10)] == -2500
    assert sum(sums.values()) == -2500
    gifts = {day: amount for (day, book, _), amount in _by_day(session).items() if book is Book.GIFTS}
    assert gifts == {date(2026, 2, 18): -2500}
    patron_id = session.scalars(select(Patron.id)).one()
    told = statements.of_patron(session, patron_id, date(2026, 1, 1), date(2026, 12, 31))
    (account,) = told.accounts
    assert [(row.day, row.money.amount) for row in account.rows] == [(date(2026, 2, 18), 2500)]


@settings(max_examples=20)
@given(days=st.integers(0, 9), order=st.permutations(range(3)))
def test_a_refund_that_failed_ends_on_the_day_its_money_came_back(session, days, order):
    empty(session)
    clock.set_now(LATER)
    life = Life("vain")
    charge = once(life)
    for event in life.events:
        applying.apply_facts(session, parsing.from_event(event))
    life.wait(5 * DAY)
    refund = life.refund(charge, 900)
    refund["status"] = "failed"
    failed = life.tell("refund.failed", refund | {"failure_balance_transaction": None}, at=life.at + 2 * DAY)
    life.wait(days * DAY)
    transaction = life.balance(refund["id"], 900, 0, kind="refund_failure")
    refund["failure_balance_transaction"] = transaction["id"]
    steps = [
        lambda: applying.apply_facts(session, parsing.from_event(failed)),
        lambda: _give(session, transaction, at=life.at + 1),
        lambda: _give(session, refund, at=life.at + 10 * DAY),
    ]

    for number in order:
        steps[number]()
        session.commit()

    refunded = {day: amount for (day, book, _), amount in _by_day(session).items() if book is Book.REFUNDED}
    sent, back = date(2026, 3, 15), date(2026, 3, 15) + timedelta(days=days)
    assert refunded == ({} if sent == back else {sent: 900, back: -900})


def test_an_entry_that_does_not_balance_cannot_even_be_made():
    lines = (Line(Book.CLEARING, 500, "eur"), Line(Book.GIFTS, -500, "usd"))

    with pytest.raises(ValueError, match="do not add up to 0"):
        Entry(kind=EntryKind.CHARGE, stripe_id="ch_1", at=LATER, payment_id="ch_1", lines=lines)


def test_what_was_ours_stays_ours_and_in_balance_when_its_mark_is_taken_off(session, take):
    life = Life("tag", ours=False)
    subscription, _ = monthly(life)
    subscription["metadata"] = {"app": "membership"}
    life.wait(60)
    life.tell("customer.subscription.updated", subscription)
    take(life.events[-1:] + life.events[:-1])
    assert session.scalars(select(Payment.owner)).one() is Owner.OURS

    subscription["metadata"] = {}
    life.wait(60)
    take([life.tell("customer.subscription.updated", subscription)])

    session.rollback()
    assert session.scalars(select(Payment.owner)).one() is Owner.OURS
    assert session.scalars(select(Subscription.is_ours)).one()
    assert _unbalanced(session) == []
    assert {book for _, book, _ in _by_day(session)} == {Book.GIFTS, Book.CLEARING}


def test_a_dispute_in_another_currency_is_over_the_whole_gift_and_pointed_out(session, take):
    life = Life("abroad")
    charge = once(life)
    life.wait(60)
    dispute = life.dispute(charge, 2700)
    dispute["currency"] = "usd"
    life.tell("charge.dispute.funds_withdrawn", dispute)

    take(life.events)

    sums = {(book, currency): amount for (_, book, currency), amount in _by_day(session).items()}
    assert sums[Book.DISPUTED, "eur"] == 2500
    assert (Book.DISPUTED, "usd") not in sums
    assert (sums[Book.CLEARING, "usd"], sums[Book.CONVERSION, "usd"]) == (-2700, 2700)
    assert _unbalanced(session) == []
    assert refunding.left(session, session.scalars(select(Payment)).one()).amount == 0
    assert "N06" in _findings(session)


def test_funds_that_a_bank_takes_again_after_giving_them_back_are_gone_again(session, take):
    life = Life("again")
    charge = once(life)
    dispute = life.dispute(charge)
    for amount, days in ((-2500, 3), (2500, 10), (-2500, 8)):
        life.wait(days * DAY)
        dispute["balance_transactions"].append(
            life.balance(dispute["id"], amount, 1500 if amount < 0 else 0, kind="adjustment")
        )
        life.tell("charge.dispute.updated", dispute)
    clock.set_now(LATER)

    take(life.events)

    disputed = {day: amount for (day, book, _), amount in _by_day(session).items() if book is Book.DISPUTED}
    assert disputed == {date(2026, 3, 13): 2500, date(2026, 3, 23): -2500, date(2026, 3, 31): 2500}
    ends = sorted(session.scalars(select(Coverage.ends_at)))
    assert [end.date() for end in ends] == [date(2026, 3, 13), date(2026, 3, 31)]
    assert refunding.left(session, session.scalars(select(Payment)).one()).amount == 0


def test_a_fee_is_booked_though_the_event_that_names_it_never_comes(session, take):
    life = Life("mute")
    charge = once(life)
    take([event for event in life.events if event["type"] != "charge.updated"])
    transaction = next(o for o in life.objects.values() if o["object"] == "balance_transaction")
    _give(session, transaction, at=life.at + 90)

    sums = {book: amount for (_, book, _), amount in _by_day(session).items()}
    assert sums == {Book.GIFTS: -2500, Book.STRIPE: 2437, Book.FEES: 63}
    assert fees.unread_since(session) is None
    settled_at = session.scalars(select(Payment.settled_at)).one()
    assert settled_at == datetime.fromtimestamp(transaction["created"], UTC)
    assert charge["balance_transaction"] == transaction["id"]


def test_a_payouts_own_fee_is_ours_and_a_strangers_is_not():
    def of(kind: str) -> dict[Book, int]:
        life = Life("other")
        (told,) = parsing.from_object(life.balance("x_1", -1000, 25, kind=kind), LATER)
        assert isinstance(told, BalanceTransaction)
        entry = booking.entry_without_source(told)
        assert entry is not None
        return {line.book: line.amount for line in entry.lines}

    assert of("payout") == {Book.STRIPE: -1025, Book.PAYOUTS: 1000, Book.FEES: 25}
    assert of("climate_order_purchase") == {Book.STRIPE: -1025, Book.FOREIGN: 1025}
