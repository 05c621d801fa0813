"""Calls that Stripe would refuse are refused here, in its words."""

from typing import Any

import pytest
import requests
import stripe

from membership.sandbox.server import LiveKeyError, NotLoopbackError, Sandbox, serve
from tests.sandbox import person


def _post(sandbox: Sandbox, path: str, form: dict[str, str], **headers: str) -> requests.Response:
    named = {"Authorization": f"Bearer {sandbox.secret_key}", **headers}
    return requests.post(f"{sandbox.url}{path}", data=form, headers=named, timeout=10)


@pytest.mark.parametrize(
    ("path", "form", "code", "param"),
    [
        ("/v1/customers", {"colour": "red"}, "parameter_unknown", "colour"),
        ("/v1/customers", {"address[planet]": "Mars"}, "parameter_unknown", "address[planet]"),
        ("/v1/refunds", {"charge": "ch_x", "amount": "5.00"}, "parameter_invalid_integer", "amount"),
        ("/v1/products", {}, "parameter_missing", "name"),
        ("/v1/products", {"name": ""}, "parameter_invalid_empty", "name"),
        ("/v1/payment_intents", {"amount": "-5", "currency": "eur"}, "parameter_invalid_integer", "amount"),
        ("/v1/payment_intents", {"amount": "10", "currency": "eur"}, "amount_too_small", "amount"),
        ("/v1/payment_intents", {"amount": "100000000", "currency": "eur"}, "amount_too_large", "amount"),
        ("/v1/payment_intents", {"amount": "500", "currency": "xxx"}, None, "currency"),
        (
            "/v1/payment_intents",
            {"amount": "500", "currency": "eur", "payment_method_types[]": "card"},
            "payment_method_types_no_longer_supported",
            "payment_method_types",
        ),
        ("/v1/checkout/sessions", {"mode": "gift"}, None, "mode"),
        (
            "/v1/checkout/sessions",
            {"payment_method_types[]": "card"},
            "parameter_unknown",
            "payment_method_types",
        ),
        ("/v1/checkout/sessions", {"mode": "payment"}, "parameter_missing", "line_items"),
        ("/v1/refunds", {"charge": "ch_nobody"}, "resource_missing", "charge"),
        ("/v1/customers", {"metadata[a]": "x" * 501}, None, "metadata[a]"),
    ],
)
def test_a_bad_parameter_is_named(
    sandbox: Sandbox, path: str, form: dict[str, str], code: str | None, param: str
) -> None:
    answer = _post(sandbox, path, form)

    error = answer.json()["error"]
    assert answer.status_code in (400, 404)
    assert (error["type"], error.get("code"), error["param"]) == ("invalid_request_error", code, param)
    assert answer.headers["Request-Id"].startswith("req_")


@pytest.mark.parametrize(
    "more",
    [
        {"subscription_data": {"metadata": {"a": "b"}}},
        {"submit_type": "subscribe"},
        {"customer": "cus_nobody"},
        {"customer_email": "a@example.org", "customer": "cus_nobody"},
        {"success_url": "javascript:alert(1)"},
        {"expires_at": 1},
    ],
)
def test_a_session_that_contradicts_itself_is_refused(
    sandbox: Sandbox, client: stripe.StripeClient, more: dict[str, Any]
) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        person.session(client, interval=None, **more)

    assert sandbox.all("checkout.session") == []


def test_an_archived_product_is_not_sold(client: stripe.StripeClient) -> None:
    client.v1.products.update(person.product(client), {"active": False})

    with pytest.raises(stripe.InvalidRequestError, match="inactive"):
        person.session(client)


def test_a_discount_is_refused_rather_than_ignored(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        person.session(client, discounts=[{"coupon": "half"}])

    assert refused.value.code == "parameter_unknown"


def test_a_refused_call_leaves_nothing_behind(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({"payment_method": "pm_nobody", "email": "cleo@example.org"})

    assert sandbox.all("customer") == []
    assert sandbox.events() == []


@pytest.mark.parametrize("key", ["", "sk_test_other", "sk_live_1234567890", "пароль"])
def test_another_key_is_not_taken(sandbox: Sandbox, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}".encode()} if key else {}

    answer = requests.get(f"{sandbox.url}/v1/customers", headers=headers, timeout=10)

    assert answer.status_code == 401
    assert "sk_live_1234567890" not in answer.text


def test_another_version_is_not_spoken(sandbox: Sandbox) -> None:
    answer = _post(sandbox, "/v1/customers", {}, **{"Stripe-Version": "2024-06-20"})

    assert answer.status_code == 400


def test_an_unknown_address_is_told(sandbox: Sandbox) -> None:
    answer = _post(sandbox, "/v1/payouts", {})

    assert answer.status_code == 404
    assert "Unrecognized request URL" in answer.json()["error"]["message"]


@pytest.mark.parametrize("name", ["a[b", "[b]", "a]b", "a[b]c"])
def test_a_name_that_is_not_well_formed_is_refused(sandbox: Sandbox, name: str) -> None:
    assert _post(sandbox, "/v1/customers", {name: "1"}).status_code == 400


def test_a_declined_charge_stays_and_its_error_has_all_its_parts(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_intents.create(
            {"amount": 500, "currency": "eur", "payment_method": "pm_card_chargeDeclined", "confirm": True}
        )

    error = refused.value.error
    assert error
    assert (refused.value.http_status, error.code, error.decline_code) == (
        402,
        "card_declined",
        "generic_decline",
    )
    assert error.payment_intent
    assert error.charge == sandbox.all("charge")[0]["id"]


@pytest.mark.parametrize("key", ["sk_live_abc", "rk_live_abc", "pk_test_abc", ""])
def test_live_keys_are_refused_at_the_start(key: str) -> None:
    with pytest.raises(LiveKeyError):
        Sandbox(secret_key=key)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])  # noqa: S104 - refused is what is tested
def test_only_this_machine_is_bound(host: str) -> None:
    with pytest.raises(NotLoopbackError):
        serve(Sandbox(), host=host, port=0)
