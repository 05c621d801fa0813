"""A sealed month's booked figures stay; what is learned later is booked on the first open day; both views add up."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select

from membership import clock
from membership.giving import sealing
from membership.giving.ledger import Book, LedgerEntry, LedgerLine, SealedMonth
from membership.giving.movements import Movement
from tests.giving.stripe_words import Life, monthly, once

MARCH = date(2026, 3, 1)


@pytest.fixture
def march(session, take):
    """A gift of March, and March sealed on the 5th of April."""
    life = Life("early")
    monthly(life)
    take(life.events)
    clock.set_now(datetime(2026, 4, 5, 9, 0, tzinfo=UTC))
    assert sealing.seal(session, None) == [MARCH]
    session.commit()
    return life


def _booked(session, month: int) -> int:
    total = select(func.coalesce(func.sum(Movement.twelfths), 0)).where(
        Movement.booked_on >= date(2026, month, 1), Movement.booked_on < date(2026, month + 1, 1)
    )
    return int(session.scalar(total))


def test_a_month_seals_on_its_fifth_following_day_and_not_before(session, take):
    life = Life("early")
    monthly(life)
    take(life.events)

    clock.set_now(datetime(2026, 4, 4, 12, 0, tzinfo=UTC))
    assert sealing.seal(session, None) == []
    clock.set_now(datetime(2026, 4, 5, 0, 0, tzinfo=UTC))
    assert sealing.seal(session, None) == [MARCH]
    assert sealing.seal(session, None) == []


def test_a_comparison_that_left_the_month_out_does_not_seal_it(session, take):
    life = Life("early")
    monthly(life)
    take(life.events)
    clock.set_now(datetime(2026, 4, 5, 9, 0, tzinfo=UTC))

    assert sealing.seal(session, datetime(2026, 3, 9, tzinfo=UTC)) == []
    assert session.scalars(select(SealedMonth)).all() == []


def test_late_money_of_a_sealed_month_is_booked_on_the_first_open_day(march, session, take):
    late = Life("late")
    once(late)

    take(late.events)

    entry = session.scalars(select(LedgerEntry).where(LedgerEntry.stripe_id == "ch_late1")).one()
    assert (entry.effective_on, entry.booked_on) == (date(2026, 3, 10), date(2026, 4, 1))


def test_a_movement_that_a_sealed_month_booked_is_balanced_not_changed(march, session, take):
    assert _booked(session, 3) == 6000
    session.rollback()
    march.at -= 1
    earlier = march.charge(500, intent="pi_earlier")
    subscription = march.objects["sub_early1"]
    march.tell("charge.succeeded", earlier)
    invoice = march.invoice(subscription)
    march.tell("invoice_payment.paid", march.joint(invoice, "pi_earlier"))

    take([*march.events, march.tell("invoice.paid", invoice)])

    assert _booked(session, 3) == 6000
    assert _booked(session, 4) == 0
    restated = session.scalars(
        select(func.sum(Movement.twelfths)).where(Movement.effective_on < date(2026, 4, 1))
    ).one()
    assert restated == 6000
    gifts = session.scalar(select(func.sum(LedgerLine.amount)).where(LedgerLine.book == Book.GIFTS))
    assert gifts == -1000
