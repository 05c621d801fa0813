"""Subscriptions at the sandbox, from the first payment to the last: rights, movements, ledger, mails (S01 to S30)."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, cast

import pytest
from sqlalchemy import func, select

from membership import clock
from membership.accounts.models import Account as AccountRow
from membership.gateway import client
from membership.giving import history, receiving, reconciling
from membership.giving.ledger import Book, LedgerLine
from membership.giving.models import (
    Dispute,
    Event,
    EventState,
    Invoice,
    ObjectToRead,
    Payment,
    StripeCustomer,
    Subscription,
    SubscriptionState,
)
from membership.giving.movements import Movement
from membership.mail.models import MailState, OutgoingMail
from membership.patrons import standing
from membership.patrons.models import Coverage, Patron, Visibility
from membership.patrons.standing import Standing
from tests.giving.sandboxed import account, begun, hear

__all__ = ["account", "begun", "hear"]
DAY = 86_400


def _now(account) -> datetime:
    return datetime.fromtimestamp(account.sandbox.now(), UTC)


def _standing(session, at: datetime) -> Standing:
    session.rollback()
    return standing.at(session.scalars(select(Coverage)).all(), at)


def _movements(session) -> list[str]:
    session.rollback()
    return [row.kind.value for row in session.scalars(select(Movement).order_by(Movement.at, Movement.id))]


def _sum(session, book: Book) -> int:
    session.rollback()
    total = session.scalar(select(func.sum(LedgerLine.amount)).where(LedgerLine.book == book))
    return int(total or 0)


def _mails(session, kind: str) -> list[OutgoingMail]:
    session.rollback()
    query = select(OutgoingMail).where(OutgoingMail.kind == f"giving/{kind}")
    return list(session.scalars(query.order_by(OutgoingMail.id)))


def _period_end(account, subscription: str) -> datetime:
    item = account.sandbox.get(subscription)["items"]["data"][0]
    return datetime.fromtimestamp(item["current_period_end"], UTC)


def _update(account, subscription: str, **params: Any) -> None:
    account.client.v1.subscriptions.update(subscription, cast("Any", params))


def _monthly(item, amount):
    """Another price a month for what an item sells."""
    recurring = {"interval": "month"}
    return {
        "currency": "eur",
        "product": item["price"]["product"],
        "unit_amount": amount,
        "recurring": recurring,
    }


def test_s01_canceled_at_the_end_keeps_its_rights_until_the_paid_end(account, session, hear, begun):
    _update(account, begun, cancel_at_period_end=True)
    hear()
    end = _period_end(account, begun)

    account.sandbox.advance("40 days")
    hear()

    assert _standing(session, end - timedelta(seconds=1)) is Standing.ACTIVE
    assert _standing(session, end) is Standing.FORMER
    assert _movements(session) == ["new", "lost_voluntary"]
    assert len(_mails(session, "gift_canceled")) == 1


def test_s02_resumed_before_the_end_it_goes_on_without_gap(account, session, hear, begun):
    _update(account, begun, cancel_at_period_end=True)
    hear()
    account.sandbox.advance("1 days")
    _update(account, begun, cancel_at_period_end=False)
    hear()
    end = _period_end(account, begun)
    account.sandbox.advance("40 days")
    hear()

    assert _standing(session, end) is Standing.ACTIVE
    assert _movements(session) == ["new"]
    assert len(_mails(session, "gift_resumed")) == 1


def test_s03_a_date_to_cancel_at_is_as_good_as_the_end_of_the_period(account, session, hear, begun):
    end = _period_end(account, begun)
    _update(account, begun, cancel_at=int(end.timestamp()))
    hear()
    account.sandbox.advance("40 days")
    hear()

    assert _standing(session, end - timedelta(seconds=1)) is Standing.ACTIVE
    assert _standing(session, end) is Standing.FORMER
    assert _movements(session) == ["new", "lost_voluntary"]
    assert len(_mails(session, "gift_canceled")) == 1


@pytest.mark.parametrize("days", [-10, 10])
def test_s03_a_date_within_a_period_ends_the_gift_then_and_the_rights_with_what_is_paid(
    account, session, hear, begun, days
):
    told_at = _period_end(account, begun) + timedelta(days=days)
    _update(account, begun, cancel_at=int(told_at.timestamp()))
    hear()
    for _week in range(10):
        account.sandbox.advance("7 days")
        hear()

    paid_until = max(session.scalars(select(Invoice.period_ends_at)).all())
    assert session.scalars(select(Subscription.ended_at)).one() == told_at
    assert _standing(session, paid_until - timedelta(seconds=1)) is Standing.ACTIVE
    assert _standing(session, paid_until) is Standing.FORMER
    lost = session.scalars(select(Movement).where(Movement.kind == "lost_voluntary")).one()
    assert lost.at == told_at
    assert _movements(session) == ["new", "lost_voluntary"]
    assert len(_mails(session, "gift_canceled")) == 1


def test_s05_s07_a_renewal_that_fails_keeps_its_rights_for_thirty_days_and_writes_five_times(
    account, session, hear, begun
):
    account.use_card(account.sandbox.get(begun)["customer"], "pm_card_chargeCustomerFail")
    end = _period_end(account, begun)
    account.sandbox.advance_to(int(end.timestamp()) + 2 * 3600)
    hear()
    failed_at = end + timedelta(hours=1)
    for _ in range(34):
        account.sandbox.advance(DAY)
        hear()

    last = session.scalars(select(Coverage.ends_at).order_by(Coverage.ends_at.desc())).first()
    assert _standing(session, failed_at + timedelta(days=2)) is Standing.ACTIVE
    assert last is not None
    assert _standing(session, last) is Standing.LAPSED
    assert _movements(session) == ["new", "lost_failed"]
    written = [(mail.queued_at - failed_at).days for mail in _mails(session, "payment_failed")]
    assert written == [0, 3, 7, 21]
    assert len(_mails(session, "membership_ended")) == 1


def test_s06_paid_on_a_retry_there_is_no_gap_and_no_further_mail(account, session, hear, begun):
    customer = account.sandbox.get(begun)["customer"]
    account.use_card(customer, "pm_card_chargeCustomerFail")
    end = _period_end(account, begun)
    account.sandbox.advance_to(int(end.timestamp()) + 2 * 3600)
    hear()
    account.use_card(customer, "pm_card_visa")
    account.sandbox.advance("10 days")
    hear()

    rows = session.scalars(select(Coverage).order_by(Coverage.starts_at)).all()
    gaps = [a.ends_at for a, b in pairwise(rows) if a.ends_at < b.starts_at]
    assert gaps == []
    assert _movements(session) == ["new"]
    assert [m.state for m in _mails(session, "payment_failed")].count(MailState.QUEUED) == 0


def test_s08_a_first_payment_that_fails_gives_nothing_and_thanks_nobody(account, session, hear):
    account.subscribe(account.customer("eve@example.org", "pm_card_chargeCustomerFail"))
    hear()
    account.sandbox.advance("3 days")
    hear()

    assert session.scalar(select(func.count()).select_from(Patron)) == 0
    assert session.scalar(select(func.count()).select_from(OutgoingMail)) == 0


def test_s10_a_full_refund_ends_the_rights_and_is_booked(account, session, hear, begun):
    charge = session.scalars(select(Payment.id)).one()
    session.rollback()
    account.sandbox.refund(charge)
    hear()
    account.sandbox.advance("1 hours")

    assert _standing(session, _now(account)) is Standing.FORMER
    assert (_sum(session, Book.GIFTS), _sum(session, Book.REFUNDED)) == (-500, 500)
    assert len(_mails(session, "refund_made")) == 1


def test_s11_s12_a_partial_refund_keeps_the_rights_and_one_that_fails_is_taken_back(
    account, session, hear, begun
):
    charge = session.scalars(select(Payment.id)).one()
    session.rollback()
    refund = account.sandbox.refund(charge, 200)
    hear()
    assert (_standing(session, _now(account)), _sum(session, Book.REFUNDED)) == (Standing.ACTIVE, 200)

    account.sandbox.fail_refund(refund)
    hear()

    assert _sum(session, Book.REFUNDED) == 0
    assert _sum(session, Book.CLEARING) == 0
    assert len(_mails(session, "refund_failed")) == 1


def test_s14_s15_a_dispute_takes_the_rights_and_a_won_one_gives_them_back(account, session, hear, begun):
    charge = session.scalars(select(Payment.id)).one()
    session.rollback()
    dispute = account.sandbox.open_dispute(charge)
    hear()
    account.sandbox.advance("1 hours")
    assert (_standing(session, _now(account)), _sum(session, Book.DISPUTED)) == (Standing.LAPSED, 500)

    account.sandbox.close_dispute(dispute, "won")
    hear()
    account.sandbox.advance("1 hours")

    assert (_standing(session, _now(account)), _sum(session, Book.DISPUTED)) == (Standing.ACTIVE, 0)
    assert _sum(session, Book.CLEARING) == 0


def test_s15_a_dispute_of_a_part_withdraws_that_part_and_a_won_one_brings_it_back(
    account, session, hear, begun
):
    charge = session.scalars(select(Payment.id)).one()
    session.rollback()
    dispute = account.sandbox.open_dispute(charge, amount=200)
    hear()

    assert (_sum(session, Book.GIFTS), _sum(session, Book.DISPUTED)) == (-500, 200)
    assert history.of_patron(session, session.scalars(select(Patron.id)).one())[0].kept.amount == 300

    account.sandbox.close_dispute(dispute, "won")
    hear()

    assert (_sum(session, Book.DISPUTED), _sum(session, Book.CLEARING)) == (0, 0)


def test_s15_a_lost_dispute_is_final(account, session, hear, begun):
    charge = session.scalars(select(Payment.id)).one()
    session.rollback()
    dispute = account.sandbox.open_dispute(charge)
    account.sandbox.close_dispute(dispute, "lost")
    hear()

    assert session.scalars(select(Dispute.status)).one() == "lost"
    assert _sum(session, Book.DISPUTED) == 500


def test_s16_an_inquiry_moves_no_money_and_no_rights(account, session, hear, begun):
    charge = session.scalars(select(Payment.id)).one()
    session.rollback()
    account.sandbox.open_dispute(charge, is_inquiry=True)
    hear()

    assert (_standing(session, _now(account)), _sum(session, Book.DISPUTED)) == (Standing.ACTIVE, 0)


def test_s18_another_amount_moves_the_recurring_sum_when_the_price_changes(account, session, hear, begun):
    item = account.sandbox.get(begun)["items"]["data"][0]
    _update(
        account,
        begun,
        items=[{"id": item["id"], "price_data": _monthly(item, 800)}],
        proration_behavior="none",
    )
    hear()

    changed = session.scalars(select(Movement).where(Movement.kind == "up")).one()
    assert changed.twelfths == 300 * 12
    assert abs(changed.at - _now(account)) < timedelta(minutes=5)


def test_s18_a_change_that_is_charged_at_once_books_what_stripes_bill_says(account, session, hear, begun):
    account.sandbox.advance("10 days")
    item = account.sandbox.get(begun)["items"]["data"][0]
    changed_at = _now(account)
    _update(
        account,
        begun,
        items=[{"id": item["id"], "price_data": _monthly(item, 800)}],
        proration_behavior="always_invoice",
    )
    hear()

    bill = account.sandbox.all("invoice")[0]
    assert 0 < bill["amount_paid"] < 300
    assert _sum(session, Book.GIFTS) == -(500 + bill["amount_paid"])
    moved = session.scalars(select(Movement).where(Movement.kind == "up")).one()
    assert (moved.twelfths, moved.at) == (300 * 12, changed_at)
    told = session.scalars(select(SubscriptionState.amount).order_by(SubscriptionState.as_of)).all()
    assert (told[0], told[-1]) == (500, 800)
    given = history.of_patron(session, session.scalars(select(Patron.id)).one())
    assert sorted(payment.money.amount for payment in given) == [bill["amount_paid"], 500]


def test_s21_a_customer_deleted_at_stripe_ends_and_stays_in_the_books(account, session, hear, begun):
    customer = account.sandbox.get(begun)["customer"]
    account.client.v1.customers.delete(customer)
    hear()

    assert session.get_one(StripeCustomer, customer).is_deleted
    assert session.scalars(select(Subscription.status)).one() == "canceled"
    assert session.scalar(select(func.count()).select_from(Payment)) == 1
    patron = session.scalars(select(Patron)).one()
    assert session.get_one(AccountRow, patron.account_id).email == "cleo@example.org"

    account.sandbox.advance("3 days")
    account.sandbox.refund(session.scalars(select(Payment.id)).one())
    told = {event["id"] for event in hear()}

    states = session.execute(select(Event.type, Event.state).where(Event.id.in_(told))).all()
    assert {(kind, state) for kind, state in states if kind == "refund.created"} == {
        ("refund.created", EventState.APPLIED)
    }
    assert {state for _, state in states} <= {EventState.APPLIED, EventState.IGNORED}
    assert (_sum(session, Book.GIFTS), _sum(session, Book.REFUNDED)) == (-500, 500)


def test_s22_an_address_changed_at_stripe_is_for_bills_only(account, session, hear, begun):
    customer = account.sandbox.get(begun)["customer"]
    account.client.v1.customers.update(customer, {"email": "thief@example.org"})
    hear()

    kept = session.get_one(StripeCustomer, customer)
    patron = session.get_one(Patron, kept.patron_id)
    assert kept.email == "thief@example.org"
    assert session.get_one(AccountRow, patron.account_id).email == "cleo@example.org"


def test_s22_staff_see_both_addresses_unless_the_patron_is_hidden(account, session, hear, begun, as_, pia):
    customer = account.sandbox.get(begun)["customer"]
    patron = session.scalars(select(Patron)).one()
    record, browser = f"/staff/patrons/{patron.public_id}", as_(pia)

    assert "bills go to" not in browser.get(record).text

    account.client.v1.customers.update(customer, {"email": "thief@example.org"})
    hear()
    page = browser.get(record).text
    assert "cleo@example.org" in page
    assert "(bills go to thief@example.org)" in page

    session.get_one(Patron, patron.id).visibility = Visibility.SECRET
    session.commit()
    hidden = browser.get(record).text
    revealed = browser.post(f"{record}/name", data={"reason": "She asked us to call."}).text
    assert customer in hidden
    assert "thief@example.org" not in hidden
    assert "(bills go to thief@example.org)" in revealed


def test_s23_two_customers_with_one_address_are_one_patron(account, session, hear, begun):
    account.pay(account.customer("cleo@example.org"), 1500)
    hear()

    assert session.scalar(select(func.count()).select_from(Patron)) == 1
    assert session.scalars(select(StripeCustomer.patron_id)).all().count(None) == 0


def test_s25_a_paused_gift_ends_its_rights_with_what_is_paid(account, session, hear, begun):
    end = _period_end(account, begun)
    _update(account, begun, pause_collection={"behavior": "void"})
    hear()
    account.sandbox.advance("45 days")
    hear()

    assert _standing(session, end - timedelta(seconds=1)) is Standing.ACTIVE
    assert _standing(session, end) is not Standing.ACTIVE
    assert _movements(session) == ["new", "paused"]


def test_s30_of_two_subscriptions_only_the_one_that_was_ended_ends(account, session, hear, begun):
    customer = account.sandbox.get(begun)["customer"]
    second = account.subscribe(customer, 900)
    hear()
    account.sandbox.advance("1 day")  # a gift that begins and ends within one second moves nothing
    account.client.v1.subscriptions.cancel(second)
    hear()

    statuses = {row.id: row.status for row in session.scalars(select(Subscription))}
    assert statuses == {begun: "active", second: "canceled"}
    assert _movements(session) == ["new", "up", "down"]


def test_c03_a_second_gift_that_renews_is_pointed_out_once(account, session, hear, begun):
    account.subscribe(account.sandbox.get(begun)["customer"], 900)
    hear()

    assert len(_mails(session, "second_subscription")) == 1
    assert _movements(session) == ["new", "up"]
    assert _sum(session, Book.GIFTS) == -1400


def test_c22_a_fraud_warning_marks_the_payment_for_staff(account, session, hear, begun):
    charge = session.scalars(select(Payment.id)).one()
    session.rollback()
    account.sandbox.warn_of_fraud(charge)
    hear()

    assert session.get_one(Payment, charge).has_fraud_warning


def test_c22_w24_a_fraud_warning_of_another_api_version_is_read_and_marks_the_payment(
    account, session, hear, begun
):
    charge = session.scalars(select(Payment.id)).one()
    session.rollback()
    account.sandbox.warn_of_fraud(charge)
    (warned,) = account.new_events()
    receiving.store(session, warned | {"api_version": "2024-06-20"}, at=clock.now(), is_live=False)
    session.commit()
    hear()
    hear()

    assert session.get_one(Payment, charge).has_fraud_warning
    assert session.scalars(select(ObjectToRead)).all() == []


def test_no_life_leaves_money_in_clearing_or_a_difference_to_stripe(account, session, hear, begun):
    account.sandbox.advance("70 days")
    hear()

    found = reconciling.reconcile(session, client.current(), since=None)

    assert found.count == 0
    assert _sum(session, Book.CLEARING) == 0
    assert clock.now() > _period_end(account, begun) - timedelta(days=31)
