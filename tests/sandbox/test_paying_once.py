"""A single payment through the Checkout page: what is told, what is kept, what is refused."""

import pytest
import requests
import stripe

from membership.sandbox.server import Sandbox
from tests.sandbox import person


def test_a_paid_session_leads_to_the_success_page(client: stripe.StripeClient) -> None:
    opened = person.session(client, interval=None)

    answer = person.pay(opened)

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"http://127.0.0.1:1/thanks?session={opened.id}"
    paid = client.v1.checkout.sessions.retrieve(opened.id)
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)


def test_events_come_in_the_order_of_their_causes(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    person.product(client)
    opened = person.session(client, interval=None, customer_creation="always")

    person.pay(opened)

    assert person.told(sandbox)[1:] == [
        "customer.created",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]


def test_metadata_of_the_intent_is_on_the_charge_and_that_of_the_session_is_not(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    data = {"metadata": {"app": "membership", "checkout": "7"}}
    opened = person.session(client, interval=None, metadata={"seen": "page"}, payment_intent_data=data)

    person.pay(opened)

    charge = person.last(sandbox, "charge.succeeded")["data"]["object"]
    assert charge["metadata"] == {"app": "membership", "checkout": "7"}
    assert "invoice" not in charge
    assert "refunds" not in charge
    assert charge["balance_transaction"].startswith("txn_")


def test_without_customer_creation_there_is_no_customer(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    opened = person.session(client, interval=None)

    person.pay(opened)

    assert client.v1.checkout.sessions.retrieve(opened.id).customer is None
    assert sandbox.all("customer") == []


@pytest.mark.parametrize(
    ("number", "decline_code"),
    [("4000000000000002", "generic_decline"), ("4000000000009995", "insufficient_funds")],
)
def test_a_declined_card_leaves_the_session_open(
    sandbox: Sandbox, client: stripe.StripeClient, number: str, decline_code: str
) -> None:
    opened = person.session(client, interval=None)

    answer = person.pay(opened, number=number)

    assert answer.status_code == 402
    assert 'role="alert"' in answer.text
    assert client.v1.checkout.sessions.retrieve(opened.id).status == "open"
    failed = person.last(sandbox, "payment_intent.payment_failed")["data"]["object"]
    assert failed["last_payment_error"]["decline_code"] == decline_code
    assert person.last(sandbox, "charge.failed")["data"]["object"]["outcome"]["type"] == "issuer_declined"


def test_a_second_card_pays_the_same_intent(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    opened = person.session(client, interval=None)
    person.pay(opened, number="4000000000000002")

    person.pay(opened)

    (intent,) = sandbox.all("payment_intent")
    assert intent["status"] == "succeeded"
    assert sorted(charge["status"] for charge in sandbox.all("charge")) == ["failed", "succeeded"]


def test_a_session_is_paid_once_however_often_the_button_is_pressed(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    opened = person.session(client, interval=None)

    person.pay(opened)
    again = person.pay(opened)

    assert again.status_code == 303
    assert len(sandbox.all("charge")) == 1


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"number": "4242 4242 4242 4243"}, "This is not a card number."),
        ({"number": ""}, "Enter a card number."),
        ({"expiry": "13/34"}, "Enter month and year"),
        ({"expiry": "01/20"}, "This card has expired."),
        ({"cvc": "12"}, "The security code has three or four digits."),
        ({"email": "cleo"}, "This is not an e-mail address."),
        ({"name": " "}, "Enter the name."),
    ],
)
def test_a_slip_is_said_beside_its_field_and_charges_nothing(
    sandbox: Sandbox, client: stripe.StripeClient, typed: dict[str, str], message: str
) -> None:
    opened = person.session(client, interval=None)

    answer = person.pay(opened, **typed)

    assert answer.status_code == 422
    assert message in answer.text
    assert sandbox.all("charge") == []


def test_an_expired_session_takes_no_payment(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    opened = person.session(client, interval=None)
    client.v1.checkout.sessions.expire(opened.id)

    answer = person.pay(opened)

    assert answer.status_code == 410
    assert person.told(sandbox)[-1] == "checkout.session.expired"
    assert sandbox.all("charge") == []


def test_a_session_runs_out_after_a_day(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    opened = person.session(client, interval=None)

    sandbox.advance("1 day")

    assert client.v1.checkout.sessions.retrieve(opened.id).status == "expired"


def test_the_page_offers_a_way_back_and_asks_nobody_else(client: stripe.StripeClient) -> None:
    opened = person.session(client, interval=None, submit_type="donate", customer_email="cleo@example.org")
    assert opened.url

    page = requests.get(opened.url, timeout=10)

    assert "http://127.0.0.1:1/support" in page.text
    assert "Donate €5.00" in page.text
    assert "cleo@example.org" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in page.headers
