"""Reports on a shared account, and on money of which it was learned late whose it is; each patron and gift once."""

from datetime import UTC, datetime

from sqlalchemy import select

from membership.giving import applying, comparing, facts, parsing, storing
from membership.giving.models import Owner, Payment
from membership.reports import income, stories
from membership.reports.periods import Month
from membership.reports.stories import By
from tests.giving.conftest import take
from tests.giving.stripe_words import Life, monthly, once

__all__ = ["take"]
MARCH = [Month(2026, 3)]


def _give(session, thing, at: int) -> None:
    applying.apply_facts(session, parsing.from_object(thing, datetime.fromtimestamp(at, UTC)))
    session.commit()


def test_a_strangers_money_counts_in_no_settlement_also_when_it_was_booked_before_that_was_known(
    session, take
):
    life = Life("stranger", ours=False)
    charge = life.charge(2500, intent="pi_stranger")
    life.tell("charge.succeeded", charge)
    take(life.events)
    _give(session, life.balance(charge["id"], 2500, 63), life.at + 5)
    assert income.settled(session, MARCH) == []
    assert income.fees_unknown(session, "eur", MARCH) == 0

    known = storing.get(session, facts.Payment, charge["id"])
    assert known is not None
    applying.apply_facts(session, [comparing.without_invoice(known)])
    session.commit()

    assert session.scalars(select(Payment.owner)).one() is Owner.FOREIGN
    assert income.settled(session, MARCH) == []
    assert income.fees_unknown(session, "eur", MARCH) == 0


def test_our_fee_counts_though_it_was_booked_before_it_was_known_that_it_is_ours(session, take):
    life = Life("late")
    _, charge = monthly(life)
    told = next(event for event in life.events if event["type"] == "charge.succeeded")
    take([told])
    _give(session, life.balance(charge["id"], 500, 33), life.at + 5)
    take(event for event in life.events if event is not told)

    (settled,) = income.settled(session, MARCH)
    (march,) = income.by_month(session, "eur", MARCH)

    assert (settled.amount, settled.fees, settled.net) == (500, 33, 467)
    assert (march.gross, march.fees, march.net) == (500, 33, 467)


def test_fees_of_the_account_stand_by_themselves_and_payouts_are_no_income(session):
    life = Life("account")
    _give(session, life.balance("fee_1", -200, 0, kind="stripe_fee"), life.at)
    _give(session, life.balance("po_1", -9000, 25, kind="payout"), life.at)
    _give(session, life.balance("x_1", -700, 30, kind="climate_order_purchase"), life.at)

    (settled,) = income.settled(session, MARCH)

    assert (settled.gift_currency, settled.fees, settled.net) == ("", 225, -225)


def test_a_patron_with_two_customers_is_one_and_gifts_without_a_checkout_are_told_apart(session, take):
    first, second = Life("one", email="cleo@example.org"), Life("two", email="cleo@example.org")
    once(first)
    monthly(second)

    take([*first.events, *second.events])

    (row,) = stories.earnings(session, By.ARTICLE, "eur", MARCH)
    assert (row.patrons, row.gross, row.once, row.recurring) == (1, 3000, 2500, 500)


def test_a_payment_that_pays_two_invoices_counts_once(session, take):
    life = Life("double")
    subscription, charge = monthly(life)
    other = life.invoice(subscription)
    life.tell("invoice_payment.paid", life.joint(other, charge["payment_intent"]))
    take(life.events)

    (row,) = stories.earnings(session, By.ARTICLE, "eur", MARCH)

    assert (row.gross, row.recurring) == (500, 500)
