"""A recurring gift through the Checkout page and through the API: first invoice, first charge, first events."""

import pytest
import stripe

from membership.sandbox.server import Sandbox
from tests.sandbox import person


def test_events_come_in_the_order_of_their_causes(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    opened = person.session(client)
    before = len(sandbox.events())

    person.pay(opened)

    assert person.told(sandbox, before) == [
        "customer.created",
        "customer.subscription.created",
        "invoice.created",
        "invoice.finalized",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice_payment.paid",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
        "payment_method.attached",
        "customer.subscription.updated",
        "checkout.session.completed",
    ]


def test_the_subscription_is_incomplete_until_it_is_paid(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    person.pay(person.session(client))

    created = person.last(sandbox, "customer.subscription.created")["data"]["object"]
    updated = person.last(sandbox, "customer.subscription.updated")["data"]
    assert created["status"] == "incomplete"
    assert updated["object"]["status"] == "active"
    assert updated["previous_attributes"]["status"] == "incomplete"


def test_objects_have_the_shape_of_this_version(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    opened = person.session(client, subscription_data={"metadata": {"app": "membership"}})

    person.pay(opened)

    invoice = person.last(sandbox, "invoice.paid")["data"]["object"]
    subscription = person.last(sandbox, "customer.subscription.updated")["data"]["object"]
    assert not {"subscription", "payment_intent", "charge", "paid"} & invoice.keys()
    assert not {"current_period_end", "plan", "quantity"} & subscription.keys()
    details = invoice["parent"]["subscription_details"]
    assert details == {"subscription": subscription["id"], "metadata": {"app": "membership"}}
    assert invoice["lines"]["data"][0]["parent"]["subscription_item_details"]["proration"] is False


def test_the_intent_of_an_invoice_knows_neither_the_subscription_nor_its_metadata(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    person.pay(person.session(client, subscription_data={"metadata": {"app": "membership"}}))

    intent = person.last(sandbox, "payment_intent.succeeded")["data"]["object"]
    charge = person.last(sandbox, "charge.succeeded")["data"]["object"]
    assert (intent["metadata"], charge["metadata"]) == ({}, {})
    assert intent["description"] == "Subscription creation"


def test_the_invoice_payment_joins_intent_and_invoice(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    person.pay(person.session(client))
    (intent,) = sandbox.all("payment_intent")

    found = client.v1.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": intent["id"]}}
    ).data

    assert [row.invoice for row in found] == [sandbox.all("invoice")[0]["id"]]
    assert found[0].amount_paid == 500


def test_the_card_that_paid_is_kept_for_renewals(client: stripe.StripeClient) -> None:
    opened = person.session(client)

    person.pay(opened)

    done = client.v1.checkout.sessions.retrieve(opened.id, {"expand": ["subscription", "customer"]})
    assert isinstance(done.subscription, stripe.Subscription)
    assert str(done.subscription.default_payment_method).startswith("pm_")
    assert done.customer_details
    assert done.customer_details.email == "cleo@example.org"


def test_an_unpaid_first_invoice_lapses_after_23_hours(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    person.pay(person.session(client), number="4000000000000002")

    sandbox.advance("23 hours")

    assert sandbox.all("subscription")[0]["status"] == "incomplete_expired"
    assert sandbox.all("invoice")[0]["status"] == "void"
    assert "customer.subscription.deleted" not in person.told(sandbox)


def test_three_d_secure_is_a_page_of_its_own(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    opened = person.session(client)

    asked = person.pay(opened, number="4000002500003155")
    passed = person.authenticate(opened)

    assert asked.headers["Location"].endswith("/authenticate")
    assert passed.headers["Location"].startswith("http://127.0.0.1:1/thanks")
    assert sandbox.all("subscription")[0]["status"] == "active"
    assert "payment_intent.requires_action" in person.told(sandbox)


def test_failed_authentication_leaves_the_page_open(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    opened = person.session(client, interval=None)
    person.pay(opened, number="4000000000003220")

    failed = person.authenticate(opened, "fail")

    assert failed.status_code == 402
    intent = person.last(sandbox, "payment_intent.payment_failed")["data"]["object"]
    assert intent["last_payment_error"]["code"] == "payment_intent_authentication_failure"
    assert sandbox.all("charge") == []


@pytest.mark.parametrize(
    ("method", "status"),
    [("pm_card_visa", "active"), ("pm_card_chargeCustomerFail", "incomplete"), ("pm_sepaDebit", "active")],
)
def test_the_api_begins_one_without_a_page(client: stripe.StripeClient, method: str, status: str) -> None:
    customer = person.patron(client, method)

    begun = person.subscribe(client, customer)

    assert begun.status == status


def test_error_if_incomplete_leaves_nothing_behind(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    customer = person.patron(client, "pm_card_chargeCustomerFail")

    with pytest.raises(stripe.CardError) as refused:
        person.subscribe(client, customer, payment_behavior="error_if_incomplete")

    assert refused.value.code == "card_declined"
    assert sandbox.all("subscription") == []


def test_a_trial_charges_nothing_until_it_ends(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    customer = person.patron(client)
    begun = person.subscribe(client, customer, trial_period_days=10)
    assert begun.status == "trialing"
    assert sandbox.all("charge") == []

    sandbox.advance("10 days")
    sandbox.advance("1 hour")

    assert client.v1.subscriptions.retrieve(begun.id).status == "active"
    assert [charge["amount"] for charge in sandbox.all("charge")] == [500]
    assert "customer.subscription.trial_will_end" in person.told(sandbox)
