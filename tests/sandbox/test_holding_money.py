"""Charges that only hold money: taken later, or let go without a movement."""

from typing import Any

import pytest
import stripe

from membership.sandbox.server import Sandbox
from tests.sandbox import person


@pytest.fixture
def held(client: stripe.StripeClient) -> stripe.PaymentIntent:
    """10.00 EUR held on a card."""
    params: Any = {
        "amount": 1_000,
        "currency": "eur",
        "payment_method": "pm_card_de",
        "confirm": True,
        "capture_method": "manual",
    }
    return client.v1.payment_intents.create(params)


def test_held_money_has_not_moved(
    sandbox: Sandbox, client: stripe.StripeClient, held: stripe.PaymentIntent
) -> None:
    charge = client.v1.charges.retrieve(str(held.latest_charge))

    assert (held.status, held.amount_capturable) == ("requires_capture", 1_000)
    assert (charge.status, charge.captured, charge.amount_captured) == ("succeeded", False, 0)
    assert sandbox.all("balance_transaction") == []


def test_it_is_taken_later(sandbox: Sandbox, client: stripe.StripeClient, held: stripe.PaymentIntent) -> None:
    taken = client.v1.payment_intents.capture(held.id)

    assert (taken.status, taken.amount_received) == ("succeeded", 1_000)
    assert [row["amount"] for row in sandbox.all("balance_transaction")] == [1_000]
    assert person.told(sandbox)[-2:] == ["charge.captured", "payment_intent.succeeded"]


def test_let_go_it_looks_refunded_and_nothing_moved(
    sandbox: Sandbox, client: stripe.StripeClient, held: stripe.PaymentIntent
) -> None:
    client.v1.payment_intents.cancel(held.id)

    charge = client.v1.charges.retrieve(str(held.latest_charge))
    assert (charge.refunded, charge.captured, charge.balance_transaction) == (True, False, None)
    assert sandbox.all("balance_transaction") == []
    assert person.told(sandbox)[-2:] == ["charge.refunded", "payment_intent.canceled"]
