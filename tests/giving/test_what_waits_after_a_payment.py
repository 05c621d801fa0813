"""Refunds and disputes as staff see them: in words, with what to do and until when, and on the desk while they wait."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from membership.giving import refunding
from membership.giving.models import Payment, Refund
from membership.money import Money
from tests.giving.giver import give
from tests.giving.sandboxed import account, hear

__all__ = ["account", "hear"]
FAILED = "Refunds that failed: the money is still here"
WARNED = "Payments whose card the bank has warned about"
DISPUTED = "Disputes that wait for an answer"


@pytest.fixture
def payment(account, client, session, hear) -> Payment:
    """A one-time payment of 20.00 EUR."""
    give(client, amount="20", interval="once")
    hear()
    found: Payment = session.scalars(select(Payment)).one()
    return found


def page_of(browser, payment: Payment) -> str:
    answer = browser.get(f"/staff/giving/payments/{payment.id}")
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.text)


def refund(browser, payment: Payment, amount: str) -> Any:
    key = re.search(r'name="form_key"[^>]*value="([^"]+)"', page_of(browser, payment))
    assert key is not None
    form = {"amount": amount, "reason": "requested_by_customer", "form_key": key.group(1)}
    return browser.post(f"/staff/giving/payments/{payment.id}/refunds", data=form)


def test_a_refund_that_failed_stays_on_the_desk_until_it_is_sent_again(
    payment, account, as_, pia, session, hear
):
    browser = as_(pia)
    refund(browser, payment, "5")
    hear()
    assert FAILED not in browser.get("/staff").text
    account.sandbox.fail_refund(session.scalars(select(Refund.id)).one())
    hear()

    assert FAILED in browser.get("/staff").text
    assert "€20.00" in browser.get("/staff/giving?state=refund_failed").text
    assert ">failed<" in page_of(browser, payment)
    assert "At most €20.00." in page_of(browser, payment)

    refund(browser, payment, "5")
    hear()
    assert FAILED not in browser.get("/staff").text
    assert "No payments" in browser.get("/staff/giving?state=refund_failed").text


def test_an_inquiry_takes_nothing_and_says_until_when_to_answer(payment, account, as_, pia, hear):
    account.sandbox.open_dispute(payment.id, is_inquiry=True)
    hear()
    page = page_of(as_(pia), payment)

    assert "Inquiry; nothing has been taken" in page
    assert "the bank asks" in page
    assert "Answer it at Stripe until" in page
    assert "At most €20.00." in page
    assert DISPUTED in as_(pia).get("/staff").text


@pytest.mark.parametrize(
    ("outcome", "word", "left"), [("won", ">won<", "At most €20.00."), ("lost", ">lost<", "Nothing is left")]
)
def test_a_dispute_is_told_from_beginning_to_end(
    payment, account, as_, pia, hear, outcome: Any, word: str, left: str
):
    browser = as_(pia)
    dispute = account.sandbox.open_dispute(payment.id)
    hear()
    opened = page_of(browser, payment)
    assert "wants an answer" in opened
    assert "The owner of the card says it was not them" in opened
    assert "Nothing is left of this payment to send back." in opened

    account.sandbox.close_dispute(dispute, outcome)
    hear()
    closed = page_of(browser, payment)
    assert word in closed
    assert left in closed
    assert "Answer it at Stripe" not in closed
    assert DISPUTED not in browser.get("/staff").text


def test_an_inquiry_that_becomes_a_dispute_says_so(payment, account, as_, pia, hear):
    dispute = account.sandbox.open_dispute(payment.id, is_inquiry=True)
    hear()
    account.sandbox.escalate_inquiry(dispute)
    hear()

    page = page_of(as_(pia), payment)
    assert "wants an answer" in page
    assert "Nothing is left of this payment to send back." in page


def test_a_warning_of_fraud_waits_until_the_money_went_back(payment, account, as_, pia, hear):
    browser = as_(pia)
    account.sandbox.warn_of_fraud(payment.id)
    hear()

    assert WARNED in browser.get("/staff").text
    assert "The bank has warned that this card may be stolen." in page_of(browser, payment)

    refund(browser, payment, "20")
    hear()
    assert WARNED not in browser.get("/staff").text


def test_a_refund_that_waits_for_bank_details_is_promised_money(payment, session):
    session.add(
        Refund(
            id="re_waits",
            as_of=payment.settled_at,
            charge_id=payment.id,
            amount=1500,
            currency="eur",
            status="requires_action",
            created=payment.settled_at,
        )
    )
    session.commit()

    assert refunding.left(session, payment) == Money(500, "eur")
