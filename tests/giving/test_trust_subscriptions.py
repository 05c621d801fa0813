"""What else may become of a gift that renews: holds, several items, other calendars, switches, debts (section S)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy import func, select

from membership import clock
from membership.gateway import client as gateway
from membership.giving import applying, deriving, reconciling
from membership.giving.ledger import Book, LedgerEntry, LedgerLine
from membership.giving.models import Event, EventState, Owner, Payment, StripeCustomer, Subscription
from membership.giving.movements import Movement
from membership.mail.models import OutgoingMail
from membership.patrons import granting, standing
from membership.patrons.models import Coverage, EndedBy, Grant, Patron, Source
from membership.patrons.standing import Standing
from tests.giving.books import derived, fold, told_by
from tests.giving.sandboxed import account, hear
from tests.giving.stripe_words import Life, monthly, pay

__all__ = ["account", "hear"]
DAY = 86_400


def _standing(session, at: datetime) -> Standing:
    session.rollback()
    return standing.at(session.scalars(select(Coverage)).all(), at)


def _sum(session, book: Book) -> int:
    session.rollback()
    query = select(func.coalesce(func.sum(LedgerLine.amount), 0)).where(LedgerLine.book == book)
    return int(session.scalar(query))


def _count(session, model: type) -> int:
    session.rollback()
    return int(session.scalar(select(func.count()).select_from(model)) or 0)


def test_s13_a_hold_that_is_let_go_books_nothing_and_breaks_nothing(account, session, hear):
    customer = account.customer("cleo@example.org")
    params = {
        "amount": 1500,
        "currency": "eur",
        "customer": customer,
        "payment_method": "pm_card_visa",
        "confirm": True,
        "capture_method": "manual",
        "metadata": {"app": "membership", "months": "3"},
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
    }
    held = account.client.v1.payment_intents.create(cast("Any", params))
    hear()
    account.client.v1.payment_intents.cancel(held.id)
    hear()

    assert _count(session, LedgerEntry) == 0
    assert _count(session, Payment) == 0
    assert set(session.scalars(select(Event.state))) <= {
        EventState.APPLIED,
        EventState.IGNORED,
        EventState.FOREIGN,
    }
    assert _count(session, OutgoingMail) == 0


def test_s17_after_a_lost_dispute_and_an_end_a_new_gift_counts_and_old_debts_are_not_charged(
    account, session, hear
):
    customer = account.customer("cleo@example.org")
    first = account.subscribe(customer)
    hear()
    charge = session.scalars(select(Payment.id)).one()
    session.rollback()
    account.sandbox.advance("2 days")
    account.sandbox.close_dispute(account.sandbox.open_dispute(charge), "lost")
    account.client.v1.subscriptions.cancel(first)
    hear()
    assert _standing(session, clock.now()) is not Standing.ACTIVE

    account.sandbox.advance("1 day")
    account.subscribe(customer, 800)
    hear()
    account.sandbox.advance("5 days")
    hear()

    assert _standing(session, clock.now()) is Standing.ACTIVE
    assert (_sum(session, Book.GIFTS), _sum(session, Book.DISPUTED)) == (-1300, 500)
    kinds = [row.kind.value for row in session.scalars(select(Movement).order_by(Movement.at, Movement.id))]
    assert kinds == ["new", "lost_voluntary", "returned"]


def test_s19_a_switch_to_yearly_is_one_movement_and_one_coverage(account, session, hear):
    customer = account.customer("cleo@example.org")
    subscription = account.subscribe(customer, 500)
    hear()
    account.sandbox.advance("10 days")
    item = account.sandbox.get(subscription)["items"]["data"][0]
    price = {
        "currency": "eur",
        "product": item["price"]["product"],
        "unit_amount": 6000,
        "recurring": {"interval": "year"},
    }
    account.client.v1.subscriptions.update(
        subscription,
        cast("Any", {"items": [{"id": item["id"], "price_data": price}], "proration_behavior": "none"}),
    )
    hear()
    account.sandbox.advance("2 days")
    hear()

    session.rollback()
    moves = session.scalars(select(Movement).order_by(Movement.at, Movement.id)).all()
    assert (
        sum(move.twelfths for move in moves) == 6000
    )  # a year's 60.00 is 5.00 a month: nothing gained, nothing lost
    live = select(func.count()).select_from(Subscription).where(Subscription.status == "active")
    assert session.scalar(live) == 1
    assert _standing(session, clock.now() + timedelta(days=300)) is Standing.ACTIVE


def test_s19_another_currency_is_lost_in_one_and_returned_in_the_other_never_added():
    life = Life("moves")
    subscription, _ = monthly(life, 500)
    life.wait(5 * DAY)
    item = subscription["items"]["data"][0]
    item["price"]["currency"] = "uah"
    item["price"]["unit_amount"] = 20_000
    life.tell("customer.subscription.updated", subscription | {"currency": "uah"})

    moves = derived(fold(told_by(life.events))).movements

    assert [(move.kind.value, move.currency, move.twelfths) for move in moves] == [
        ("new", "eur", 6_000),
        ("lost_voluntary", "eur", -6_000),
        ("returned", "uah", 240_000),
    ]
    assert len({move.at for move in moves[1:]}) == 1


def test_s20_a_bill_of_nothing_books_no_payment_and_gives_no_rights():
    life = Life("free")
    subscription = life.subscription(500)
    life.tell("customer.subscription.created", subscription)
    invoice = life.invoice(subscription) | {"amount_due": 0, "amount_paid": 0}
    life.tell("invoice.paid", invoice)

    facts = fold(told_by(life.events))
    found = derived(facts)

    assert facts.payments == ()
    assert found.coverage == []
    assert found.movements == []


def test_s20_through_the_database_nobody_becomes_a_patron_by_it(session, take):
    life = Life("free")
    subscription = life.subscription(500)
    life.tell("customer.subscription.created", subscription)
    life.tell("invoice.paid", life.invoice(subscription) | {"amount_due": 0, "amount_paid": 0})

    clock.set_now(datetime.fromtimestamp(life.at, UTC) + timedelta(hours=1))  # so that it would be news

    take(life.events)

    assert (_count(session, Patron), _count(session, LedgerEntry), _count(session, OutgoingMail)) == (0, 0, 0)


def test_s24_several_items_and_quantities_add_up_and_cover_by_any_of_them(session, take):
    life = Life("many")
    subscription = life.subscription(500)
    item = subscription["items"]["data"][0]
    second = life.item(700, "month", item["current_period_start"], item["current_period_end"])
    metered = life.item(0, "month", item["current_period_start"], item["current_period_end"])
    second |= {"id": "si_second", "quantity": 3}
    metered |= {"id": "si_metered", "quantity": None}
    metered["price"] = metered["price"] | {"unit_amount": None}
    subscription["items"]["data"] += [second, metered]
    life.tell("customer.subscription.created", subscription)
    invoice = life.invoice(subscription) | {"amount_due": 2600, "amount_paid": 2600}
    charge = life.charge(2600, intent="pi_many")
    life.tell("charge.succeeded", charge)
    life.tell("invoice_payment.paid", life.joint(invoice, "pi_many"))
    life.tell("invoice.paid", invoice)

    take(life.events)

    assert session.scalars(select(Subscription.amount)).one() == 500 + 3 * 700
    assert session.scalars(select(Payment.owner)).one() is Owner.OURS
    paid = session.scalars(select(Coverage).where(Coverage.source == Source.PAID)).one()
    assert paid.ends_at == datetime.fromtimestamp(item["current_period_end"], UTC)


def test_s26_a_grant_beside_a_paid_gift_only_adds(account, session, hear):
    subscription = account.subscribe(account.customer("cleo@example.org"))
    hear()
    patron = session.scalars(select(Patron)).one()
    now = clock.now()
    money = _sum(session, Book.GIFTS)
    patron = session.scalars(select(Patron)).one()
    award = granting.Award(
        patron_id=patron.id,
        starts_at=now + timedelta(days=10),
        ends_at=now + timedelta(days=60),
        reason="She photographs for us.",
    )
    granting.make_many(session, [award])
    session.commit()
    account.client.v1.subscriptions.update(subscription, {"cancel_at_period_end": True})
    hear()
    account.sandbox.advance("40 days")
    hear()

    assert _standing(session, now + timedelta(days=5)) is Standing.ACTIVE  # by what is paid
    assert _standing(session, now + timedelta(days=45)) is Standing.ACTIVE  # by the grant alone
    assert _standing(session, now + timedelta(days=61)) is not Standing.ACTIVE
    assert _sum(session, Book.GIFTS) == money
    assert _count(session, Grant) == 1


LENGTHS = [
    # what Stripe says the periods are: the 31st, a leap day, the night of the change of clocks in Kyiv
    (datetime(2026, 1, 31, 22, 30, tzinfo=UTC), datetime(2026, 2, 28, 22, 30, tzinfo=UTC), "month"),
    (datetime(2028, 1, 31, 10, tzinfo=UTC), datetime(2028, 2, 29, 10, tzinfo=UTC), "month"),
    (datetime(2028, 2, 29, 10, tzinfo=UTC), datetime(2029, 2, 28, 10, tzinfo=UTC), "year"),
    (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 4, 29, 0, 30, tzinfo=UTC), "month"),
    (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 11, 25, 0, 30, tzinfo=UTC), "month"),
]


@pytest.mark.parametrize(("starts", "ends", "interval"), LENGTHS)
def test_s27_s28_periods_are_stripes_instants_and_end_at_the_instant_itself(
    session, take, starts, ends, interval
):
    life = Life("calendar")
    life.at = int(starts.timestamp())
    subscription = life.subscription(500, interval=interval)
    item = subscription["items"]["data"][0]
    item["current_period_end"] = int(ends.timestamp())
    subscription |= {"cancel_at": int(ends.timestamp())}
    life.tell("customer.subscription.created", subscription)
    pay(life, subscription)
    clock.set_now(starts + timedelta(hours=1))

    take(life.events)

    row = session.scalars(select(Coverage)).one()
    assert (row.starts_at, row.ends_at) == (starts, ends)
    assert _standing(session, ends - timedelta(microseconds=1)) is Standing.ACTIVE
    assert _standing(session, ends) is Standing.FORMER
    active = select(func.count()).select_from(Patron)  # the engine counts as Python does
    assert session.scalar(active.where(standing.is_active(ends - timedelta(microseconds=1)))) == 1
    assert session.scalar(active.where(standing.is_active(ends))) == 0


@pytest.mark.parametrize(
    ("at", "months", "then"),
    [
        (datetime(2026, 1, 31, tzinfo=UTC), 1, datetime(2026, 2, 28, tzinfo=UTC)),
        (datetime(2028, 1, 31, tzinfo=UTC), 1, datetime(2028, 2, 29, tzinfo=UTC)),
        (datetime(2028, 2, 29, tzinfo=UTC), 12, datetime(2029, 2, 28, tzinfo=UTC)),
        (datetime(2026, 12, 31, tzinfo=UTC), 2, datetime(2027, 2, 28, tzinfo=UTC)),
    ],
)
def test_s27_a_one_time_gift_covers_calendar_months_whatever_their_length(at, months, then):
    assert clock.add_months(at, months) == then


def test_s29_a_subscription_made_anew_elsewhere_counts_once():
    """Moving to another price, staff end the old one and begin a new one in the same minute."""
    life = Life("moved")
    old, _ = monthly(life, 500)
    life.wait(10 * DAY)
    new = life.subscription(500)
    life.tell("customer.subscription.created", new)
    pay(life, new)
    old |= {
        "status": "canceled",
        "canceled_at": life.at,
        "ended_at": life.at,
        "cancellation_details": {"reason": "cancellation_requested", "feedback": None, "comment": None},
    }
    life.tell("customer.subscription.deleted", old)

    moves = derived(fold(told_by(life.events))).movements

    assert [move.kind.value for move in moves] == ["new", "up", "down"]
    assert sum(move.twelfths for move in moves) == 500 * 12


@pytest.mark.parametrize("grace_days", [30, 21])
@pytest.mark.parametrize("status", ["past_due", "unpaid"])
def test_s05_s07_a_renewal_that_fails_has_exactly_the_days_of_grace(status, grace_days):
    life = Life("grace")
    subscription, _ = monthly(life)
    life.renew(subscription)
    life.at = subscription["items"]["data"][0]["current_period_start"] + 3600
    failed_at = datetime.fromtimestamp(life.at, UTC)
    life.tell("charge.failed", life.failed_charge(500, intent="pi_fails"))
    open_bill = life.invoice(subscription, reason="subscription_cycle", status="open")
    life.tell("invoice.payment_failed", open_bill)
    life.tell("customer.subscription.updated", subscription | {"status": status})

    found = deriving.derive(fold(told_by(life.events)), grace_days=grace_days)

    (grace,) = [stretch for stretch in found.coverage if stretch.source is Source.GRACE]
    assert (grace.starts_at, grace.ended_by) == (failed_at, EndedBy.FAILURE)
    assert grace.ends_at - grace.starts_at == timedelta(days=grace_days)
    assert max(stretch.ends_at for stretch in found.coverage) == grace.ends_at
    assert [(move.kind.value, move.at) for move in found.movements[1:]] == [("lost_failed", grace.ends_at)]
    assert [failing.ends_at for failing in found.failing] == [grace.ends_at]


@pytest.mark.parametrize("mark", ["ghost_migrated_to", "migrated_to"])
def test_s29_one_that_a_migration_has_flagged_is_the_past_of_the_new_one(mark):
    """Another program ended the old one, and began the new one where what was paid ends."""
    life = Life("moved")
    old, _ = monthly(life, 500)
    life.wait(10 * DAY)
    new = life.subscription(500) | {"status": "trialing"}
    life.tell("customer.subscription.created", new)
    old |= {
        "status": "canceled",
        "canceled_at": life.at,
        "ended_at": life.at,
        "metadata": {**old["metadata"], mark: new["id"]},
    }
    life.tell("customer.subscription.deleted", old)
    life.wait(21 * DAY)
    new |= {"status": "active"}
    pay(life, new)
    life.tell("customer.subscription.updated", new)

    found = derived(fold(told_by(life.events)))

    assert [(move.kind.value, move.subscription_id) for move in found.movements] == [("new", new["id"])]
    assert sum(move.twelfths for move in found.movements) == 500 * 12
    assert len({stretch.ended_by for stretch in found.coverage}) == 1


def test_s29_an_account_adopted_by_reconciling_counts_each_gift_once(account, session, hear):
    customer = account.customer("cleo@example.org")
    account.subscribe(customer)
    hear()
    account.sandbox.advance("2 hours")
    reconciling.reconcile(session, gateway.current(), since=None)
    applying.apply_all(session)

    session.rollback()
    assert sum(session.scalars(select(Movement.twelfths))) == 500 * 12


def test_s09_a_renewal_that_needs_the_banks_question_is_failing_and_its_mail_leads_to_stripes_page(
    account, session, hear
):
    customer = account.customer("cleo@example.org")
    subscription = account.subscribe(customer)
    hear()
    account.use_card(customer, "pm_card_authenticationRequired")
    end = account.sandbox.get(subscription)["items"]["data"][0]["current_period_end"]
    account.sandbox.advance_to(end + 2 * 3600)
    hear()

    session.rollback()
    assert session.scalars(select(Subscription.status)).one() == "past_due"
    assert _standing(session, clock.now()) is Standing.ACTIVE
    mail = session.scalars(
        select(OutgoingMail).where(OutgoingMail.kind == "giving/payment_failed").order_by(OutgoingMail.id)
    ).first()
    assert mail is not None
    assert re.search(r"http://localhost/(care/|patron/gifts/)\S+", mail.text)


def test_s10_s12_what_a_full_refund_ended_comes_back_when_the_refund_fails(account, session, hear):
    account.subscribe(account.customer("cleo@example.org"))
    hear()
    charge = session.scalars(select(Payment.id)).one()
    session.rollback()
    account.sandbox.advance("1 days")
    refund = account.sandbox.refund(charge)
    hear()
    account.sandbox.advance("1 hours")
    assert _standing(session, clock.now()) is Standing.FORMER
    assert session.scalars(select(Coverage.ended_by).where(Coverage.source == Source.PAID)).one() is (
        EndedBy.REFUND
    )

    account.sandbox.fail_refund(refund)
    hear()
    account.sandbox.advance("1 hours")

    assert _standing(session, clock.now()) is Standing.ACTIVE


def test_s23_one_customer_is_never_of_two_patrons(account, session, hear):
    account.subscribe(account.customer("cleo@example.org"))
    account.subscribe(account.customer("dov@example.org"))
    hear()

    session.rollback()
    owners = session.execute(select(StripeCustomer.id, StripeCustomer.patron_id)).all()
    assert len(owners) == len({customer for customer, _ in owners}) == 2
    assert len({patron for _, patron in owners}) == 2
