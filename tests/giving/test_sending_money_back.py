"""Refunds by publishers: intended before the call, sent once, shown as on the way until Stripe's event."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from membership.giving import refunding, unanswered
from membership.giving.models import CallState, OutgoingCall, Payment
from membership.mail.models import OutgoingMail
from membership.newsroom.models import AuditEntry
from tests.giving.giver import give
from tests.giving.sandboxed import account, hear

__all__ = ["account", "hear"]


@pytest.fixture
def payment(account, client, session, hear) -> Payment:
    """A one-time payment of 20.00 EUR."""
    give(client, amount="20", interval="once")
    hear()
    found: Payment = session.scalars(select(Payment)).one()
    return found


def page_of(browser, payment_id: str) -> str:
    answer = browser.get(f"/staff/giving/payments/{payment_id}")
    assert answer.status_code == 200
    return str(answer.text)


def refund(browser, payment_id: str, amount: str, **changes: Any):
    key = re.search(r'name="form_key"[^>]*value="([^"]+)"', page_of(browser, payment_id))
    assert key is not None
    form = {"amount": amount, "reason": "requested_by_customer", "form_key": key.group(1), **changes}
    return browser.post(f"/staff/giving/payments/{payment_id}/refunds", data=form)


def test_a_part_goes_back_once_and_the_patron_is_told(account, payment, as_, pia, session, hear):
    browser = as_(pia)
    answer = refund(browser, payment.id, "5")

    assert answer.status_code == 303
    assert "on its way" in page_of(browser, payment.id)
    hear()
    page = page_of(browser, payment.id)
    assert "on its way" not in page
    assert "At most €15.00." in page
    assert [row["amount"] for row in account.sandbox.all("refund")] == [500]
    subjects = session.scalars(select(OutgoingMail.subject).filter_by(kind="giving/refund_made"))
    assert list(subjects) == ["€5.00 is on its way back to you"]


@pytest.mark.parametrize(("interval", "is_warned"), [("month", True), ("once", False)])
def test_s14_of_a_gift_that_renews_a_dispute_says_that_it_goes_on(
    account, client, session, hear, as_, pia, interval, is_warned
):
    give(client, amount="20", interval=interval)
    hear()
    charge = session.scalars(select(Payment.id)).one()
    session.rollback()
    warning = "its next charge is tried as usual"
    assert warning not in page_of(as_(pia), charge)

    dispute = account.sandbox.open_dispute(charge)
    hear()
    assert (warning in page_of(as_(pia), charge)) is is_warned

    account.sandbox.close_dispute(dispute, "won")
    hear()
    assert warning not in page_of(as_(pia), charge)


def test_before_the_event_comes_no_more_than_the_rest_can_be_sent(account, payment, as_, pia):
    browser = as_(pia)
    refund(browser, payment.id, "15")

    answer = refund(browser, payment.id, "6")

    assert answer.status_code == 422
    assert "At most €5.00 of this payment can go back." in answer.text
    assert len(account.sandbox.all("refund")) == 1


def test_a_form_sent_twice_is_one_refund(account, payment, as_, pia):
    browser = as_(pia)
    key = "k" * 32

    refund(browser, payment.id, "5", form_key=key)
    refund(browser, payment.id, "5", form_key=key)

    assert len(account.sandbox.all("refund")) == 1


def test_two_equal_parts_are_two_refunds(account, payment, as_, pia, hear):
    browser = as_(pia)
    refund(browser, payment.id, "5")
    hear()
    refund(browser, payment.id, "5")

    assert [row["amount"] for row in account.sandbox.all("refund")] == [500, 500]


@pytest.mark.parametrize("typed", ["0", "-5", "20.01", "NaN", "", "5.555"])
def test_a_bad_amount_sends_nothing(account, payment, as_, pia, typed: str):
    assert refund(as_(pia), payment.id, typed).status_code == 422
    assert account.sandbox.all("refund") == []


def test_only_publishers_who_see_patrons_may(account, payment, as_, ada, ben, cleo, client, session):
    path = f"/staff/giving/payments/{payment.id}/refunds"
    form = {"amount": "5", "reason": "duplicate", "form_key": "k" * 32}

    assert as_(ada).post(path, data=form).status_code == 403
    assert as_(ben).get(f"/staff/giving/payments/{payment.id}").status_code == 403
    assert as_(cleo).post(path, data=form).status_code == 404
    assert client.post(path, data=form).status_code == 303
    assert account.sandbox.all("refund") == []


def test_opening_and_asking_are_in_the_audit_trail(account, payment, as_, pia, session):
    refund(as_(pia), payment.id, "5")

    session.rollback()
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.action for entry in entries] == ["payment.opened", "payment.refund_asked"]
    assert entries[1].details["amount"] == 500
    assert "olena" not in str([entry.details for entry in entries])


def test_an_unknown_outcome_is_read_back_not_sent_again(account, payment, as_, pia, session):
    account.sandbox.faults.add("cut_after", path="/v1/refunds", method="POST", times=3)

    answer = refund(as_(pia), payment.id, "5")
    account.sandbox.faults.clear()

    assert answer.status_code == 303
    call = session.scalars(select(OutgoingCall).filter_by(kind=refunding.KIND)).one()
    assert call.state is CallState.UNKNOWN
    account.sandbox.advance(180)
    unanswered.settle_all(session)
    session.expire_all()
    assert session.get_one(OutgoingCall, call.id).state is CallState.DONE
    assert len(account.sandbox.all("refund")) == 1


def test_c27_while_refunds_cannot_be_searched_their_money_is_promised_and_never_sent_twice(
    account, payment, as_, pia, session
):
    account.sandbox.faults.add("cut_after", path="/v1/refunds", method="POST", times=3)
    refund(as_(pia), payment.id, "15")
    account.sandbox.faults.clear()
    account.sandbox.faults.add("revoked", path="/v1/refunds", method="GET", times=50)

    account.sandbox.advance("2 hours")
    unanswered.settle_all(session)

    assert (
        session.scalars(select(OutgoingCall.state).filter_by(kind=refunding.KIND)).one() is CallState.UNKNOWN
    )
    assert refunding.left(session, session.get_one(Payment, payment.id)).amount == 500


def test_what_never_reached_stripe_is_given_up_and_frees_the_money(account, payment, as_, pia, session):
    account.sandbox.faults.add("cut_before", path="/v1/refunds", method="POST", times=3)
    refund(as_(pia), payment.id, "20")
    account.sandbox.faults.clear()

    account.sandbox.advance("2 hours")
    unanswered.settle_all(session)

    assert (
        session.scalars(select(OutgoingCall.state).filter_by(kind=refunding.KIND)).one() is CallState.REFUSED
    )
    assert refunding.left(session, session.get_one(Payment, payment.id)).amount == 2000


def test_sending_all_back_ends_what_it_paid_for(account, payment, as_, pia, session, hear):
    refund(as_(pia), payment.id, "20")
    hear()

    page = page_of(as_(pia), payment.id)

    assert "Nothing is left of this payment to send back." in page
    listed = as_(pia).get("/staff/giving?state=refunded").text
    assert "refunded" in listed


@pytest.mark.parametrize("what", ["id", "payment_intent_id", "customer_id"])
def test_the_patron_is_found_by_stripes_ids_with_all_payments(payment, as_, pia, what: str):
    browser = as_(pia)

    found = browser.get("/staff/patrons", query_string={"words": getattr(payment, what)}).text
    address = re.search(r'href="(/staff/patrons/(?!elsewhere)[0-9a-z]+)"', found)

    assert address is not None
    record = browser.get(address.group(1)).text
    assert "€20.00" in record
    assert payment.customer_id in record
    assert "olena@example.org" in record


@pytest.mark.parametrize(
    "query", ["", "state=disputed", "state=warned&currency=eur", "state=x&currency=zzz&before=ch_none"]
)
def test_payments_are_listed_as_asked_for(payment, as_, pia, query: str):
    answer = as_(pia).get(f"/staff/giving?{query}")

    assert answer.status_code == 200
    assert ("€20.00" in answer.text) is ("disputed" not in query and "warned" not in query)


@pytest.mark.parametrize(
    "path",
    ["/staff/giving/subscriptions", "/staff/giving/subscriptions?state=ending", "/staff/giving/failing"],
)
def test_empty_lists_say_so(as_, pia, path: str):
    answer = as_(pia).get(path)

    assert answer.status_code == 200
    assert "Nothing" in answer.text
