"""Checkouts and calls to Stripe that go otherwise than planned (docs/trust.md, section C)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from membership import clock
from membership.gateway import products
from membership.giving import checking
from membership.giving.ledger import Book, LedgerLine
from membership.giving.models import CallState, Checkout, CheckoutState, OutgoingCall, Payment, Subscription
from membership.mail.models import OutgoingMail
from membership.newsroom.findings import Severity
from membership.patrons.models import Coverage, Patron
from membership.web.redirects import safe_path
from tests.giving.giver import choose, form_of, give, pay, send
from tests.giving.sandboxed import account, hear
from tests.giving.test_changing_a_gift import giver

__all__ = ["account", "giver", "hear"]
SEPA = {"way": "debit", "iban": "DE89370400440532013000"}
FAILING = {"way": "debit", "iban": "DE62370400440532013001"}


def test_c05_an_expired_session_grants_nothing_and_mails_nobody(account, client, session, hear):
    send(client, choose(client, amount="5"))
    account.sandbox.advance("25 hours")
    hear()

    session.rollback()
    assert session.scalars(select(Checkout.state)).one() is CheckoutState.EXPIRED
    assert session.scalar(select(func.count()).select_from(Patron)) == 0
    assert session.scalar(select(func.count()).select_from(OutgoingMail)) == 0


def test_c15_the_books_take_what_stripe_charged_and_not_what_was_asked_for(account, client, session, hear):
    send(client, choose(client, amount="5", interval="once"))
    checkout = session.scalars(select(Checkout)).one()
    metadata = {"app": "membership", "checkout": checkout.public_id, "months": "4"}
    session.rollback()
    params = {
        "amount": 450,
        "currency": "eur",
        "customer": account.customer("olena@example.org"),
        "payment_method": "pm_card_visa",
        "confirm": True,
        "metadata": metadata,
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
    }
    account.client.v1.payment_intents.create(cast("Any", params))
    hear()

    session.rollback()
    assert session.scalars(select(Payment.amount)).one() == 450
    gifts = select(func.sum(LedgerLine.amount)).where(LedgerLine.book == Book.GIFTS)
    assert session.scalar(gifts) == -450


HOSTILE = [
    "//evil.example",
    "https:evil",
    "/\\evil",
    "\t//evil",
    "javascript:alert(1)",
    "/a\r\nSet-Cookie: x=1",
    "https://ours.example@evil",
    "/" + "a" * 5_000,
    "https://gіft.example",
    "",
    None,
]


@pytest.mark.parametrize("candidate", HOSTILE)
def test_c17_no_way_back_leads_to_another_site(candidate):
    assert safe_path(candidate, default="/") == "/"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1"])
def test_c18_no_address_sent_out_is_built_from_the_host_of_a_request(account, client, session, hear, host):
    headers = {"Host": host, "X-Forwarded-Host": host}
    answer = client.post("/support/checkouts", data=choose(client, amount="5"), headers=headers)
    pay(answer.headers["Location"])
    hear()

    session.rollback()
    told = " ".join(mail.text + mail.html for mail in session.scalars(select(OutgoingMail)))
    opened = account.sandbox.all("checkout.session")[0]
    assert "http://localhost/" in told
    assert host not in told
    assert opened["success_url"].startswith("http://localhost/")
    assert opened["cancel_url"].startswith("http://localhost/")


def test_c24_when_stripe_asks_for_less_a_request_asks_once(account, client):
    account.sandbox.faults.add("busy", path="/v1/checkout/sessions", method="POST", times=10)
    form = choose(client, amount="5")

    answer = send(client, form)

    asked = 10 - sum(fault.times for fault in account.sandbox.faults.waiting)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "30"
    assert asked == 1


def test_c25_while_stripe_is_slow_other_pages_are_not(account, app, client):
    form = choose(client, amount="5")
    account.sandbox.faults.add("slow", seconds=3, path="/v1/checkout/sessions", method="POST")

    with ThreadPoolExecutor(1) as beside:
        slow = beside.submit(lambda: send(app.test_client(), form))
        answers = [app.test_client().get("/support").status_code for _ in range(5)]
        was_first = not slow.done()

    assert answers == [200] * 5
    assert was_first


def test_c33_what_was_taken_off_sale_at_stripe_stops_that_kind_of_gift_alone(account, client, session):
    send(client, choose(client, amount="5", interval="month"))
    account.client.v1.products.update(products.IDS["month"], {"active": False})

    monthly = send(client, choose(client, amount="6", interval="month"), email="eve@example.org")
    once = send(client, choose(client, amount="6", interval="once"), email="eve@example.org")

    assert monthly.status_code == 503
    assert form_of(monthly)["amount"]
    assert once.status_code == 303


def test_c36_the_card_of_a_customer_deleted_at_stripe_is_told_kindly(giver):
    customer = giver.at_stripe()["customer"]
    giver.account.client.v1.customers.delete(customer)

    answer = giver.do("card")

    assert answer.status_code == 503
    assert "Our payment service has refused this" in answer.text
    assert "Nothing has been changed and nothing charged." in answer.text
    assert "Back to your support" in answer.text
    assert 'href="mailto:desk@example.org"' in answer.text


def test_c35_somebody_elses_customer_cannot_be_named(giver):
    other = giver.account.customer("eve@example.org")

    answer = giver.do("card", customer=other, return_url="https://evil.example")

    opened = giver.account.sandbox.all("billing_portal.session")[0]
    assert answer.status_code == 303
    assert opened["customer"] == giver.at_stripe()["customer"] != other
    assert opened["return_url"] == "http://localhost/patron"


@pytest.mark.parametrize("interval", ["once", "month"])
def test_c09_a_bank_debit_gives_nothing_until_it_has_settled(account, client, session, hear, interval):
    answer = send(client, choose(client, amount="25", interval=interval))
    pay(answer.headers["Location"], **SEPA)
    hear()

    assert session.scalar(select(func.count()).select_from(Patron)) == 0
    assert session.scalar(select(func.count()).select_from(OutgoingMail)) == 0
    session.rollback()

    account.sandbox.advance("8 days")
    hear()

    assert session.scalar(select(func.count()).select_from(Patron)) == 1
    kinds = session.scalars(select(OutgoingMail.kind)).all()
    assert kinds.count("giving/welcome") == 1
    first = min(session.scalars(select(Coverage.starts_at)))
    assert first > clock.now() - timedelta(days=8)


@pytest.mark.parametrize("interval", ["once", "month"])
def test_c09_a_bank_debit_that_does_not_come_thanks_nobody_and_leads_back(
    account, client, session, hear, interval
):
    form = choose(client, amount="25", interval=interval)
    thanks = pay(send(client, form).headers["Location"], **FAILING)
    hear()
    account.sandbox.settle_debit(account.sandbox.all("charge")[0]["id"], succeeds=False)
    hear()

    session.rollback()
    assert session.scalars(select(Checkout.state)).one() is CheckoutState.FAILED
    assert "Your bank did not confirm the payment" in client.get(thanks).text
    assert send(client, form).headers["Location"] == account.sandbox.all("checkout.session")[0]["url"]
    assert len(account.sandbox.all("checkout.session")) == 2
    assert "Your bank did not confirm the payment" in client.get(thanks).text
    account.sandbox.advance("15 days")
    hear()

    session.rollback()
    kinds = session.scalars(select(OutgoingMail.kind)).all()
    assert kinds.count("giving/payment_not_made") == 1
    assert session.scalar(select(func.count()).select_from(Coverage)) == 0
    assert session.scalar(select(func.count()).select_from(Payment)) == 0
    assert "giving/welcome" not in kinds
    assert "giving/receipt" not in kinds
    assert not {s for s in session.scalars(select(Subscription.status)) if s in {"active", "trialing"}}
    assert not [f for check in checking.CHECKS for f in check(session) if f.check == "N23"]


def test_c31_c32_paying_with_an_address_of_somebody_else_shows_the_payer_nothing(
    account, client, session, hear, cleo
):
    give(client, amount="5", interval="once", email=cleo.email)
    hear()

    assert client.get("/patron").status_code in {302, 303}
    assert session.scalar(select(func.count()).select_from(Payment)) == 1
    mails = session.scalars(select(OutgoingMail)).all()
    assert {mail.recipient for mail in mails} == {cleo.email}
    (mail,) = [mail for mail in mails if mail.kind.startswith("giving/")]
    assert "Not you?" in mail.text
    assert "Not you?" in mail.html


def test_c32_who_gives_already_is_asked_too_whether_it_was_somebody_else(
    account, app, client, session, hear, cleo
):
    give(client, amount="5", interval="once", email=cleo.email)
    hear()

    give(app.test_client(), amount="7", interval="once", email=cleo.email)
    hear()

    session.rollback()
    mail = session.scalars(select(OutgoingMail).filter_by(kind="giving/receipt")).one()
    assert mail.recipient == cleo.email
    assert "Not you?" in mail.text
    assert "Not you?" in mail.html


def test_c32_a_renewal_asks_nobody_who_they_are(account, client, session, hear):
    give(client, amount="5", interval="month")
    hear()
    account.sandbox.advance("32 days")
    hear()

    session.rollback()
    mail = session.scalars(select(OutgoingMail).filter_by(kind="giving/receipt")).one()
    assert "Not you?" not in mail.text + mail.html


def test_c30_a_revoked_key_is_tried_once_and_told_to_who_runs_the_site(account, client, session):
    form = choose(client, amount="5")
    account.sandbox.faults.add("revoked", path="/v1/checkout/sessions", method="POST", times=3)

    with capture_logs() as logs:
        answer = send(client, form)

    assert answer.status_code == 503
    assert [fault.times for fault in account.sandbox.faults.waiting] == [2]
    assert [line["log_level"] for line in logs if line["event"] == "stripe_write_wrong"] == ["error"]
    assert [finding.severity for finding in checking.our_key_holds(session)] == [Severity.RED]
    session.rollback()
    account.sandbox.faults.clear()
    assert send(client, form).status_code == 303
    assert checking.our_key_holds(session) == []


def test_c28_a_key_that_was_used_for_something_else_opens_nothing(account, client, session):
    form = choose(client, amount="5")
    account.sandbox.faults.add("cut_before", path="/v1/checkout/sessions", method="POST", times=3)
    send(client, form)
    account.sandbox.faults.clear()
    key = session.scalars(select(OutgoingCall.idempotency_key)).one()
    session.rollback()
    account.client.v1.customers.create({"email": "a@example.org"}, {"idempotency_key": key})

    with capture_logs() as logs:
        answers = [send(client, form).status_code for _ in range(2)]

    assert answers == [503, 503]
    assert account.sandbox.all("checkout.session") == []
    assert [(call.idempotency_key, call.state) for call in session.scalars(select(OutgoingCall))] == [
        (key, CallState.REFUSED)
    ]
    assert [line["log_level"] for line in logs if line["event"] == "stripe_write_wrong"] == ["error"] * 2
