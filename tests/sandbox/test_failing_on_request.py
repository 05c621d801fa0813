"""Trouble at the API on order: each kind once, before or after the work was done."""

import pytest
import stripe

from membership.sandbox.faults import Kind
from membership.sandbox.server import Sandbox


@pytest.mark.parametrize(
    ("kind", "error", "status"),
    [
        ("error", stripe.APIError, 500),
        ("busy", stripe.RateLimitError, 429),
        ("revoked", stripe.AuthenticationError, 401),
        ("html", stripe.APIError, 502),
    ],
)
def test_an_answer_that_says_no(
    sandbox: Sandbox, client: stripe.StripeClient, kind: Kind, error: type[stripe.StripeError], status: int
) -> None:
    sandbox.faults.add(kind, seconds=7)

    with pytest.raises(error) as raised:
        client.v1.customers.create({})

    assert raised.value.http_status == status
    assert sandbox.all("customer") == []
    if kind == "busy":
        assert raised.value.headers
        assert raised.value.headers["Retry-After"] == "7"


@pytest.mark.parametrize(("kind", "done"), [("cut_before", 0), ("cut_after", 1), ("half", 1)])
def test_a_line_that_is_cut(sandbox: Sandbox, client: stripe.StripeClient, kind: Kind, done: int) -> None:
    sandbox.faults.add(kind)

    with pytest.raises((stripe.APIConnectionError, stripe.APIError)):
        client.v1.customers.create({})

    assert len(sandbox.all("customer")) == done


def test_after_a_cut_the_same_key_finds_what_was_done(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    options: stripe.RequestOptions = {"idempotency_key": "customer:7"}
    sandbox.faults.add("cut_after")
    with pytest.raises(stripe.APIConnectionError):
        client.v1.customers.create({}, options)

    made = client.v1.customers.create({}, options)

    assert [row["id"] for row in sandbox.all("customer")] == [made.id]


def test_only_the_named_calls_go_wrong_and_only_so_often(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    sandbox.faults.add("error", times=2, path="/v1/customers", method="POST")

    client.v1.products.list()
    client.v1.customers.list()
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            client.v1.customers.create({})

    assert client.v1.customers.create({}).id


def test_a_slow_answer_comes_in_the_end(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    sandbox.faults.add("slow", seconds=0.2)

    assert client.v1.customers.create({}).id


def test_an_error_in_the_middle_is_remembered_when_asked_for(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    options: stripe.RequestOptions = {"idempotency_key": "customer:7"}
    sandbox.faults.add("error", is_remembered=True)

    for _ in range(2):
        with pytest.raises(stripe.APIError):
            client.v1.customers.create({}, options)

    assert sandbox.all("customer") == []


def test_an_unknown_trouble_is_a_mistake_of_the_test(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="flood"):
        sandbox.faults.add("flood")  # type: ignore[arg-type]  # a kind that does not exist is the point
