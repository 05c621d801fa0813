"""The same key does the same thing once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from membership.sandbox.server import Sandbox
from tests.sandbox import person


def test_the_same_key_gives_the_same_answer(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    options: stripe.RequestOptions = {"idempotency_key": "customer:7"}

    first = client.v1.customers.create({"email": "cleo@example.org"}, options)
    second = client.v1.customers.create({"email": "cleo@example.org"}, options)

    assert first.id == second.id
    assert len(sandbox.all("customer")) == 1
    assert second.last_response
    assert second.last_response.headers["Idempotent-Replayed"] == "true"


def test_the_same_key_with_other_parameters_is_refused(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    options: stripe.RequestOptions = {"idempotency_key": "customer:7"}
    client.v1.customers.create({"email": "cleo@example.org"}, options)

    with pytest.raises(stripe.IdempotencyError):
        client.v1.customers.create({"email": "dov@example.org"}, options)

    assert len(sandbox.all("customer")) == 1


def test_a_declined_charge_is_declined_again_without_a_second_try(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            client.v1.payment_intents.create(
                {
                    "amount": 500,
                    "currency": "eur",
                    "payment_method": "pm_card_chargeDeclined",
                    "confirm": True,
                },
                {"idempotency_key": "gift:7"},
            )

    assert len(sandbox.all("charge")) == 1


def test_a_call_refused_for_its_parameters_does_not_use_up_the_key(client: stripe.StripeClient) -> None:
    options: stripe.RequestOptions = {"idempotency_key": "product:7"}
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.products.create({}, options)  # type: ignore[typeddict-item]

    assert client.v1.products.create({"name": "Support"}, options).name == "Support"


def test_keys_are_forgotten_after_a_day(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    options: stripe.RequestOptions = {"idempotency_key": "customer:7"}
    client.v1.customers.create({"email": "cleo@example.org"}, options)

    sandbox.advance("25 hours")
    client.v1.customers.create({"email": "cleo@example.org"}, options)

    assert len(sandbox.all("customer")) == 2


def test_an_event_says_which_request_made_it(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    made = client.v1.customers.create({}, {"idempotency_key": "customer:7"})

    request = person.last(sandbox, "customer.created")["request"]
    assert made.last_response
    assert request == {"id": made.last_response.request_id, "idempotency_key": "customer:7"}


def test_many_at_once_with_one_key_do_it_once(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    def create(_: int) -> str:
        return client.v1.customers.create({"name": "Cleo"}, {"idempotency_key": "customer:7"}).id

    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(create, range(24)))

    assert [row["id"] for row in sandbox.all("customer")] == list(made)


def test_a_button_pressed_many_times_at_once_charges_once(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    opened = person.session(client, interval=None)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: person.pay(opened).status_code, range(8)))

    assert answers == [303] * 8
    assert len(sandbox.all("charge")) == 1
