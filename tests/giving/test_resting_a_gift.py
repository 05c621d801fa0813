"""Pauses, skipped payments and another interval, lived through at the sandbox: charges, standing, movements, books."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.gateway import client as gateway
from membership.gateway.errors import GatewayRefused
from membership.giving import changing, gifts, pausing, reconciling, skipping, switching
from membership.giving.gifts import Gift
from membership.giving.models import Interval, StripeCustomer
from membership.giving.movements import Movement
from membership.money import Money
from membership.newsroom import settings_rows
from membership.patrons import standing
from membership.patrons.models import Coverage
from membership.patrons.standing import Standing
from tests.giving.sandboxed import Account, account, hear

__all__ = ["account", "hear"]
HOUR = timedelta(hours=1)


class Patron:
    """Cleo and her gift, seen from our books and from Stripe."""

    def __init__(self, account: Account, session: Session, hear, *, interval: str, amount: int) -> None:
        self.account, self.session, self.hear = account, session, hear
        self.id = account.subscribe(account.customer("cleo@example.org"), amount, interval=interval)
        self.hear()
        account.sandbox.advance("2 days")
        self.hear()

    @property
    def gift(self) -> Gift:
        """The gift as our books have it now."""
        self.session.rollback()
        patron_id = self.session.scalars(select(StripeCustomer.patron_id)).first()
        assert patron_id is not None
        found = gifts.one_of(self.session, patron_id, self.id)
        assert found is not None
        return found

    @property
    def now(self) -> datetime:
        """The sandbox's time."""
        return datetime.fromtimestamp(self.account.sandbox.now(), UTC)

    def charges(self) -> list[tuple[datetime, int]]:
        """When and over how much the card was charged, the oldest first."""
        rows = self.account.sandbox.all("charge")
        return sorted((datetime.fromtimestamp(row["created"], UTC), row["amount"]) for row in rows)

    def live_until(self, instant: datetime) -> None:
        """Let time pass, hearing of what happens week by week."""
        while self.now < instant:
            step = min(instant, self.now + timedelta(days=7))
            self.account.sandbox.advance_to(int(step.timestamp()))
            self.hear()

    def standing(self, at: datetime) -> Standing:
        """The standing at an instant."""
        self.session.rollback()
        return standing.at(self.session.scalars(select(Coverage)).all(), at)

    def gaps(self) -> list[tuple[datetime, datetime]]:
        """The stretches between the first coverage and the last that nothing covers."""
        self.session.rollback()
        rows = self.session.scalars(select(Coverage).order_by(Coverage.starts_at)).all()
        return [(a.ends_at, b.starts_at) for a, b in pairwise(rows) if a.ends_at < b.starts_at]

    def movements(self) -> list[tuple[str, int]]:
        """The movements up to now, in order."""
        self.session.rollback()
        rows = self.session.scalars(select(Movement).order_by(Movement.at, Movement.id))
        return [(row.kind.value, row.twelfths) for row in rows]

    def settle(self) -> None:
        """Let what was done reach us once more as an event, and find our books equal to Stripe's."""
        self.hear()
        found = reconciling.reconcile(self.session, gateway.current(), since=None)
        assert [difference.sentence for difference in found.differences] == []


@pytest.fixture
def monthly(account, session, hear) -> Patron:
    """Cleo, who gives 5.00 EUR a month."""
    return Patron(account, session, hear, interval="month", amount=500)


@pytest.fixture
def yearly(account, session, hear) -> Patron:
    """Cleo, who gives 60.00 EUR a year."""
    return Patron(account, session, hear, interval="year", amount=6000)


def pause(patron: Patron, months: int, request: str = "form-one") -> datetime:
    """Pause, and give when the next charge is said to fall."""
    gift = patron.gift
    said = pausing.charge_after(gift, months)
    pausing.pause(patron.session, gateway.current(), gift, months=months, request=request)
    patron.settle()
    return said


@pytest.mark.parametrize("months", [1, 3, 6])
def test_a_monthly_pause_charges_nothing_until_the_day_it_said(monthly: Patron, months: int):
    first_end = monthly.gift.next_charge_at
    assert first_end is not None
    said = pause(monthly, months)

    assert (monthly.gift.is_paused, monthly.gift.resumes_at) == (True, said)
    monthly.live_until(said - HOUR)
    assert len(monthly.charges()) == 1
    assert monthly.standing(first_end - HOUR) is Standing.ACTIVE
    assert monthly.standing(first_end) is Standing.LAPSED
    assert monthly.movements()[:2] == [("new", 6000), ("paused", -6000)]

    monthly.live_until(said + timedelta(hours=2))
    monthly.settle()

    assert [at for at, _ in monthly.charges()][1:] == [said + HOUR]
    assert monthly.standing(said + timedelta(minutes=1)) is Standing.ACTIVE
    assert monthly.movements() == [("new", 6000), ("paused", -6000), ("resumed", 6000)]
    assert monthly.gaps() == [(first_end, said)]
    assert monthly.gift.is_running


def test_a_yearly_pause_moves_the_next_charge_by_as_much(yearly: Patron):
    paid_until = yearly.gift.next_charge_at
    assert paid_until is not None
    said = pause(yearly, 4)

    assert (yearly.gift.is_paused, yearly.gift.resumes_at) == (True, said)
    yearly.live_until(said + timedelta(hours=2))
    yearly.settle()

    assert [at for at, _ in yearly.charges()][1:] == [said + HOUR]
    assert yearly.standing(paid_until - HOUR) is Standing.ACTIVE
    assert yearly.standing(paid_until + HOUR) is Standing.LAPSED
    assert yearly.movements() == [("new", 6000), ("paused", -6000), ("resumed", 6000)]
    assert yearly.gift.is_running


@pytest.mark.parametrize("kind", ["monthly", "yearly"])
def test_a_pause_taken_back_before_it_begins_leaves_everything_as_it_was(
    kind: str, request: pytest.FixtureRequest
):
    patron: Patron = request.getfixturevalue(kind)
    before = patron.gift.next_charge_at
    pause(patron, 2)
    patron.account.sandbox.advance("1 day")
    pausing.resume(patron.session, gateway.current(), patron.gift, request="form-two")
    patron.settle()

    assert patron.gift.is_running
    assert patron.gift.next_charge_at == before
    assert before is not None
    patron.live_until(before + timedelta(hours=2))
    patron.settle()
    assert len(patron.charges()) == 2
    assert patron.gaps() == []
    assert patron.movements() == [("new", 6000)]


@pytest.mark.parametrize("kind", ["monthly", "yearly"])
def test_going_on_in_the_midst_of_a_pause_charges_at_once_and_from_then_on(
    kind: str, request: pytest.FixtureRequest
):
    patron: Patron = request.getfixturevalue(kind)
    paid_until = patron.gift.next_charge_at
    assert paid_until is not None
    pause(patron, 5)
    patron.live_until(paid_until + timedelta(days=40))
    resumed_at = patron.now
    pausing.resume(patron.session, gateway.current(), patron.gift, request="form-two")
    patron.settle()

    assert len(patron.charges()) == 2
    assert abs(patron.charges()[1][0] - resumed_at) < timedelta(minutes=1)
    patron.account.sandbox.advance("1 hour")
    assert patron.standing(patron.now) is Standing.ACTIVE
    assert patron.movements() == [("new", 6000), ("paused", -6000), ("resumed", 6000)]
    next_charge_at = patron.gift.next_charge_at
    assert next_charge_at is not None
    assert next_charge_at - resumed_at > timedelta(days=27)
    patron.live_until(next_charge_at + timedelta(hours=2))
    patron.settle()
    assert len(patron.charges()) == 3


def test_a_pause_is_taken_back_also_where_another_interval_has_not_begun(yearly: Patron):
    due_at = yearly.gift.next_charge_at
    assert due_at is not None
    switching.switch(
        yearly.session,
        gateway.current(),
        yearly.gift,
        interval=Interval.MONTH,
        total=Money(500, "eur"),
        covered_fee=0,
        request="form-one",
    )
    yearly.account.sandbox.advance("1 hour")
    pause(yearly, 2, "form-two")
    assert yearly.gift.is_paused
    yearly.account.sandbox.advance("1 hour")
    pausing.resume(yearly.session, gateway.current(), yearly.gift, request="form-three")
    yearly.settle()

    assert (yearly.gift.is_running, yearly.gift.next_charge_at) == (True, due_at)


def test_a_skipped_payment_moves_the_next_by_a_month_and_nothing_else(monthly: Patron):
    due_at = monthly.gift.next_charge_at
    said = skipping.charge_after(monthly.gift)
    skipping.skip(monthly.session, gateway.current(), monthly.gift, request="form-one")
    monthly.settle()

    assert (monthly.gift.skips_at, monthly.gift.next_charge_at) == (due_at, said)
    assert due_at is not None
    monthly.live_until(due_at + timedelta(days=3))
    monthly.settle()
    assert (monthly.gift.skips_at, monthly.gift.next_charge_at) == (None, said)
    monthly.live_until(said + timedelta(hours=2))
    monthly.settle()

    assert [at for at, _ in monthly.charges()][1:] == [said + HOUR]
    assert monthly.gaps() == []
    assert monthly.movements() == [("new", 6000)]
    assert monthly.gift.skipped == (due_at,)


def test_a_third_payment_in_twelve_months_cannot_be_skipped(monthly: Patron):
    for number in range(2):
        said = skipping.charge_after(monthly.gift)
        skipping.skip(monthly.session, gateway.current(), monthly.gift, request=f"form-{number}")
        monthly.hear()
        monthly.live_until(said + timedelta(days=1))

    assert (monthly.gift.skips_left, monthly.gift.can_skip) == (0, False)
    with pytest.raises(ValueError, match="can be skipped"):
        skipping.skip(monthly.session, gateway.current(), monthly.gift, request="form-three")
    assert monthly.gaps() == []
    assert monthly.movements() == [("new", 6000)]


def test_a_skip_taken_back_is_charged_when_it_was_due(monthly: Patron):
    due_at = monthly.gift.next_charge_at
    assert due_at is not None
    skipping.skip(monthly.session, gateway.current(), monthly.gift, request="form-one")
    monthly.settle()
    monthly.account.sandbox.advance("1 day")
    skipping.undo(monthly.session, gateway.current(), monthly.gift, request="form-two")
    monthly.settle()
    monthly.live_until(due_at + timedelta(hours=2))

    assert [at for at, _ in monthly.charges()][1:] == [due_at + HOUR]
    assert monthly.gift.skips_left == 2


@pytest.mark.parametrize(
    ("kind", "interval", "total", "moved"),
    [
        ("monthly", Interval.YEAR, 6000, []),
        ("monthly", Interval.YEAR, 9600, [("up", 3600)]),
        ("yearly", Interval.MONTH, 400, [("down", -1200)]),
    ],
)
def test_another_interval_begins_where_what_is_paid_ends(
    kind: str, interval: Interval, total: int, moved, request: pytest.FixtureRequest
):
    patron: Patron = request.getfixturevalue(kind)
    starts_at = patron.gift.next_charge_at
    assert starts_at is not None
    switching.switch(
        patron.session,
        gateway.current(),
        patron.gift,
        interval=interval,
        total=Money(total, "eur"),
        covered_fee=0,
        request="form-one",
    )
    patron.settle()

    assert patron.gift.interval is interval
    assert patron.gift.next_charge_at == starts_at
    patron.live_until(starts_at + timedelta(hours=2))
    patron.settle()

    assert patron.charges()[1:] == [(starts_at + HOUR, total)]
    assert patron.movements() == [("new", 6000), *moved]
    assert patron.gaps() == []
    assert patron.gift.period_ends_at is not None
    length = patron.gift.period_ends_at - starts_at
    assert (length > timedelta(days=200)) is (interval is Interval.YEAR)


def test_two_clicks_are_one_act(monthly: Patron):
    gift = monthly.gift
    for _click in range(2):
        pausing.pause(monthly.session, gateway.current(), gift, months=3, request="form-one")
    monthly.settle()
    told = [
        event
        for event in monthly.account.sandbox.events()
        if event["type"] == "customer.subscription.updated"
    ]

    assert len([event for event in told if event["data"]["object"]["pause_collection"]]) == 1


def test_a_declined_card_leaves_the_gift_paused(monthly: Patron):
    paid_until = monthly.gift.next_charge_at
    assert paid_until is not None
    pause(monthly, 5)
    monthly.live_until(paid_until + timedelta(days=40))
    monthly.account.use_card(monthly.gift.customer_id, "pm_card_chargeCustomerFail")

    with pytest.raises(GatewayRefused) as refused:
        pausing.resume(monthly.session, gateway.current(), monthly.gift, request="form-two")
    monthly.settle()

    assert refused.value.is_declined
    assert monthly.gift.is_paused
    assert not monthly.gift.is_failing


def test_a_charge_that_fails_after_a_pause_is_a_failed_renewal(monthly: Patron):
    said = pause(monthly, 2)
    monthly.account.use_card(monthly.gift.customer_id, "pm_card_chargeCustomerFail")
    monthly.live_until(said + timedelta(days=40))

    assert monthly.standing(said + timedelta(days=5)) is Standing.ACTIVE
    assert monthly.standing(monthly.now) is Standing.LAPSED
    assert [kind for kind, _ in monthly.movements()] == ["new", "paused", "resumed", "lost_failed"]


def test_a_paused_yearly_gift_that_is_canceled_ends_with_what_is_paid(yearly: Patron):
    paid_until = yearly.gift.next_charge_at
    assert paid_until is not None
    pause(yearly, 3)
    changing.cancel(yearly.session, gateway.current(), yearly.gift, feedback="", request="form-two")
    yearly.settle()

    assert yearly.gift.ends_at == paid_until
    yearly.account.sandbox.advance("1 day")
    changing.resume(yearly.session, gateway.current(), yearly.gift, request="form-three")
    yearly.settle()
    assert (yearly.gift.is_paused, yearly.account.sandbox.get(yearly.id)["cancel_at"]) == (True, None)
    yearly.account.sandbox.advance("1 day")
    changing.cancel(yearly.session, gateway.current(), yearly.gift, feedback="", request="form-four")
    yearly.live_until(paid_until + timedelta(days=2))
    yearly.settle()
    assert yearly.gift.has_ended
    assert yearly.movements() == [("new", 6000), ("lost_voluntary", -6000)]
    assert yearly.standing(yearly.now) is Standing.FORMER


def test_ended_during_a_pause_moves_nothing_more(monthly: Patron):
    paid_until = monthly.gift.next_charge_at
    assert paid_until is not None
    said = pause(monthly, 4)
    monthly.live_until(paid_until + timedelta(days=20))
    changing.cancel(monthly.session, gateway.current(), monthly.gift, feedback="", request="form-two")
    monthly.live_until(said + timedelta(days=40))
    monthly.settle()

    assert monthly.gift.has_ended
    assert len(monthly.charges()) == 1
    assert monthly.movements() == [("new", 6000), ("paused", -6000)]


def test_a_step_down_takes_the_next_lower_suggestion_from_the_next_charge_on(monthly: Patron):
    newsroom = settings_rows.current(monthly.session)
    lowered = changing.step_down(
        monthly.session, gateway.current(), monthly.gift, newsroom, request="form-one"
    )
    monthly.settle()

    assert lowered == Money(300, "eur")
    assert monthly.gift.money == lowered
    assert monthly.movements() == [("new", 6000), ("down", -2400)]
    assert len(monthly.charges()) == 1
