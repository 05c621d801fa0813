"""Bank debits: on their way for days, then there or not, once and on every renewal."""

import pytest
import stripe

from membership.sandbox.server import Sandbox
from tests.sandbox import person
from tests.sandbox.person import DAY, HOUR

ARRIVES, FAILS = "DE89370400440532013000", "DE62370400440532013001"


def test_the_session_is_complete_but_unpaid(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    opened = person.session(client, interval=None)

    person.pay(opened, way="debit", iban=ARRIVES)

    done = client.v1.checkout.sessions.retrieve(opened.id)
    assert (done.status, done.payment_status) == ("complete", "unpaid")
    assert person.told(sandbox)[-3:] == [
        "charge.pending",
        "payment_intent.processing",
        "checkout.session.completed",
    ]
    assert sandbox.all("balance_transaction") == []


@pytest.mark.parametrize(
    ("iban", "events", "paid"),
    [
        (
            ARRIVES,
            ["charge.succeeded", "payment_intent.succeeded", "checkout.session.async_payment_succeeded"],
            "paid",
        ),
        (
            FAILS,
            ["charge.failed", "payment_intent.payment_failed", "checkout.session.async_payment_failed"],
            "unpaid",
        ),
    ],
)
def test_five_days_later_it_is_decided(
    sandbox: Sandbox, client: stripe.StripeClient, iban: str, events: list[str], paid: str
) -> None:
    opened = person.session(client, interval=None)
    person.pay(opened, way="debit", iban=iban)
    before = len(sandbox.events())

    sandbox.advance("5 days")

    assert person.told(sandbox, before) == events
    assert client.v1.checkout.sessions.retrieve(opened.id).payment_status == paid


def test_a_button_decides_it_at_once(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    opened = person.session(client, interval=None)
    person.pay(opened, way="debit", iban=ARRIVES)

    sandbox.settle_debit(sandbox.all("charge")[0]["id"], succeeds=False)
    sandbox.advance("6 days")

    assert [charge["status"] for charge in sandbox.all("charge")] == ["failed"]


def test_a_subscription_is_active_while_its_debit_is_on_its_way(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    person.pay(person.session(client), way="debit", iban=ARRIVES)

    (subscription,) = sandbox.all("subscription")
    assert subscription["status"] == "active"
    assert sandbox.all("invoice")[0]["status"] == "open"

    sandbox.advance("5 days")

    assert sandbox.all("invoice")[0]["status"] == "paid"
    assert person.told(sandbox)[-1] == "checkout.session.async_payment_succeeded"


def test_renewals_are_debits_too_and_leave_it_active(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    person.pay(person.session(client), way="debit", iban=ARRIVES)
    (subscription,) = sandbox.all("subscription")
    end = subscription["items"]["data"][0]["current_period_end"]

    sandbox.advance_to(end + HOUR)
    renewal = sandbox.all("invoice")[0]
    sandbox.advance_to(end + HOUR + 5 * DAY)

    assert (renewal["status"], renewal["attempt_count"]) == ("open", 1)
    assert sandbox.get(renewal["id"])["status"] == "paid"
    assert sandbox.get(subscription["id"])["status"] == "active"
    assert len(sandbox.events("checkout.session.async_payment_succeeded")) == 1


def test_a_debit_that_fails_makes_the_subscription_past_due(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    person.pay(person.session(client), way="debit", iban=FAILS)

    sandbox.advance("5 days")

    assert sandbox.all("subscription")[0]["status"] == "past_due"
    assert sandbox.all("invoice")[0]["attempt_count"] == 1
    assert len(sandbox.events("checkout.session.async_payment_failed")) == 1


def test_a_debit_has_a_flat_fee_a_mandate_and_pending_refunds(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    opened = person.session(client, interval=None)
    person.pay(opened, way="debit", iban=ARRIVES)
    sandbox.advance("5 days")
    (charge,) = sandbox.all("charge")

    sent_back = client.v1.refunds.create({"charge": charge["id"]})

    (_, taken) = sandbox.all("balance_transaction")
    assert (taken["amount"], taken["fee"], taken["type"]) == (500, 35, "payment")
    assert (
        client.v1.mandates.retrieve(charge["payment_method_details"]["sepa_debit"]["mandate"]).status
        == "active"
    )
    assert sent_back.status == "pending"

    sandbox.advance("4 days")

    assert client.v1.refunds.retrieve(sent_back.id).status == "succeeded"
