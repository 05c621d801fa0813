"""What a gift brings is credited to the slot and day of its checkout, whatever order its events come in."""

import random
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select, update

from membership import clock, secrets
from membership.appeals.models import Showing
from membership.appeals.totals import DailyGifts
from membership.giving import applying, checking_slots, loading, receiving
from membership.giving.models import Checkout, Interval
from membership.giving.slot_credits import SlotCredit
from tests.giving.lives import LIVES
from tests.giving.sandboxed import empty
from tests.giving.stripe_words import Life, monthly, once, pay

EVENING = datetime(2026, 11, 21, 22, 30, tzinfo=UTC)  # the 22nd in Kyiv
SUNDAY = date(2026, 11, 22)
LATER = datetime(2027, 9, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def long_after(clock):
    clock.set(LATER)


def begun(session, life, *, slot="slotslot"):
    """The checkout row of a life, by the slot of an article's appeal. Committed."""
    if slot:
        session.add(Showing(public_id=slot, article_id=7, appeal_id=None, language="en"))
    session.add(
        Checkout(
            public_id=life.metadata["checkout"],
            form_key=secrets.new_token(),
            created_at=EVENING,
            amount=500,
            covered_fee=0,
            currency="eur",
            interval=Interval.ONCE,
            smallest_monthly=500,
            email=life.email,
            email_index="0" * 64,
            language="en",
            slot=slot,
        )
    )
    session.commit()


def totals(session):
    session.rollback()
    found = select(DailyGifts.day, DailyGifts.currency, DailyGifts.gifts, DailyGifts.amount)
    found = found.where(DailyGifts.amount != 0).order_by(
        DailyGifts.day
    )  # what came to nothing may be a row, or none
    return [tuple(row) for row in session.execute(found)]


def findings(session):
    session.rollback()
    return [finding for check in checking_slots.CHECKS for finding in check(session)]


def test_a_gift_is_credited_to_the_newsrooms_day_on_which_its_checkout_was_made(session, take):
    life = Life("gives")
    begun(session, life)
    once(life, 2500)
    take(life.events)

    assert totals(session) == [(SUNDAY, "eur", 1, 2500)]
    assert findings(session) == []


def test_renewals_add_to_the_day_on_which_the_gift_was_begun(session, take):
    life = Life("renews")
    begun(session, life)
    subscription, _charge = monthly(life, 500)
    life.renew(subscription)
    life.wait(31 * 86_400)
    pay(life, subscription, reason="subscription_cycle")
    take(life.events)

    assert totals(session) == [(SUNDAY, "eur", 1, 1000)]
    assert findings(session) == []


def test_what_goes_back_is_taken_off_and_a_gift_that_went_back_whole_counts_no_more(session, take):
    life = Life("returns")
    begun(session, life)
    charge = once(life, 2500)
    life.tell("refund.created", life.refund(charge, 1000))
    take(life.events)
    assert totals(session) == [(SUNDAY, "eur", 1, 1500)]

    told = len(life.events)
    life.tell("refund.created", life.refund(charge, 1500))
    take(life.events[told:])
    assert totals(session) == []
    assert session.scalars(select(DailyGifts.gifts)).all() == [0]
    assert findings(session) == []


def test_a_gift_without_a_slot_is_credited_to_none(session, take):
    life = Life("direct")
    begun(session, life, slot="")
    once(life)
    take(life.events)

    assert totals(session) == []
    assert session.scalars(select(SlotCredit)).all() == []


def test_two_customers_of_one_checkout_are_two_gifts_whoever_is_told_of_first(session):
    """A gift that staff copy at Stripe carries the checkout of the first."""
    first, second = Life("one"), Life("two")
    second.metadata = first.metadata
    once(first, 1000)
    once(second, 2000)
    wanted = [(SUNDAY, "eur", 2, 3000)]
    for events in ([*first.events, *second.events], [*second.events, *first.events]):
        assert after(session, first, events) == wanted


@pytest.mark.parametrize("name", LIVES)
def test_any_order_and_repetition_of_a_life_credits_the_same(session, name):
    chance = random.Random(name)  # noqa: S311 - an order, no secret
    life = LIVES[name]().life
    wanted = after(session, life, life.events)

    order = [*life.events, *chance.sample(life.events, 3)]
    chance.shuffle(order)

    assert after(session, life, order) == wanted
    assert findings(session) == []


def after(session, life, events):
    empty(session)
    begun(session, life)
    for event in events:
        event_id, _, _ = receiving.store(session, event, at=clock.now(), is_live=False)
        session.commit()
        assert applying.apply_one(session, event_id)
    return totals(session)


def test_a_history_loaded_at_once_is_credited_as_its_events_are(session, take):
    life = Life("loads")
    begun(session, life)
    charge = once(life, 2500)
    life.put(life.refund(charge, 1000))
    loading.load(session, life.objects.values())

    assert totals(session) == [(SUNDAY, "eur", 1, 1500)]
    assert findings(session) == []


BREAKS = {
    "a total": lambda: update(DailyGifts).values(amount=DailyGifts.amount + 1),
    "a count": lambda: update(DailyGifts).values(gifts=7),
    "a credit": lambda: update(SlotCredit).values(amount=1),
}


@pytest.mark.parametrize("broken", BREAKS)
def test_the_doctor_finds_what_is_credited_wrongly(session, take, broken):
    life = Life("sound")
    begun(session, life)
    once(life)
    take(life.events)
    assert findings(session) == []

    session.execute(BREAKS[broken]())
    session.commit()

    assert {finding.check for finding in findings(session)} == {"N12"}
