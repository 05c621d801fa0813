"""Calling Stripe when it is well, slow, busy, down, or cut off: one answer, or an error that says what is known."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from membership.gateway import checkouts, portal, products, reading, speaking
from membership.gateway.checkouts import Order
from membership.gateway.client import API_VERSION, MOST_CALLS_AT_ONCE, Gateway
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.money import Money
from membership.sandbox.server import Sandbox, running_sandbox
from membership.settings import Settings
from membership.web import languages

Trouble = Literal["error", "busy", "html", "cut_before", "cut_after", "half"]
SESSIONS = "/v1/checkout/sessions"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Stripe's stand-in on a port of its own."""
    with running_sandbox(seed=3) as running:
        yield running


def gateway_to(sandbox: Sandbox, *, key: str = "", deadline_s: float = 15) -> Gateway:
    settings = Settings(stripe_secret_key=key or sandbox.secret_key, stripe_api_base=sandbox.url)
    return Gateway(settings, deadline_s=deadline_s)


@pytest.fixture
def gateway(sandbox: Sandbox) -> Gateway:
    """A gateway to it, which knows the products."""
    made = gateway_to(sandbox)
    for interval in products.IDS:
        products.ensure(made, interval, "Support")
    return made


def an_order(sandbox: Sandbox, *, interval: str = "month", amount: int = 500, language: str = "en") -> Order:
    return Order(
        public_id="co1",
        money=Money(amount, "eur"),
        interval=interval,
        product_id=products.IDS[interval],
        language=language,
        success_url="http://127.0.0.1:1/support/thanks?session={CHECKOUT_SESSION_ID}",
        cancel_url="http://127.0.0.1:1/support",
        expires_at=datetime.fromtimestamp(sandbox.now(), UTC) + timedelta(hours=23),
        email="cleo@example.org",
        metadata={"app": "membership", "checkout": "co1"},
    )


@pytest.mark.parametrize(
    ("interval", "mode"), [("once", "payment"), ("month", "subscription"), ("year", "subscription")]
)
def test_a_session_is_what_was_ordered(sandbox: Sandbox, gateway: Gateway, interval: str, mode: str):
    answer = checkouts.open_session(gateway, an_order(sandbox, interval=interval), key="k1")

    assert answer.body["mode"] == mode
    assert answer.body["amount_total"] == 500
    assert answer.body["currency"] == "eur"
    assert answer.body["client_reference_id"] == "co1"
    assert answer.body["metadata"]["app"] == "membership"
    assert answer.as_of == datetime.fromtimestamp(int(answer.as_of.timestamp()), UTC)


@pytest.mark.parametrize("language", languages.AVAILABLE)
def test_a_reader_of_any_language_of_ours_is_let_through_to_pay(
    sandbox: Sandbox, gateway: Gateway, language: str
):
    answer = checkouts.open_session(gateway, an_order(sandbox, language=language), key="k1")

    assert answer.body["locale"] == (language if language in speaking.SPOKEN else "auto")


@pytest.mark.parametrize("language", languages.AVAILABLE)
def test_a_patron_of_any_language_of_ours_is_let_through_to_change_the_card(
    sandbox: Sandbox, gateway: Gateway, language: str
):
    customer = gateway.call(lambda client: client.v1.customers.create({"email": "cleo@example.org"}))

    answer = portal.open_card_update(
        gateway, customer.id, return_url="http://127.0.0.1:1/patron", language=language, key="k1"
    )

    assert answer.body["url"]


def test_answers_are_plain_json_of_the_pinned_version(sandbox: Sandbox, gateway: Gateway):
    checkouts.open_session(gateway, an_order(sandbox), key="k1")

    assert type(reading.page(gateway, "checkout.session").objects[0]["metadata"]) is not object
    assert {type(page.objects) for page in reading.pages(gateway, "event")} == {list}
    assert API_VERSION == "2026-10-28.endive"


@pytest.mark.parametrize("trouble", ["error", "cut_before", "cut_after"])
def test_one_trouble_is_overcome_within_the_call(sandbox: Sandbox, gateway: Gateway, trouble: Trouble):
    sandbox.faults.add(trouble, path=SESSIONS, method="POST")

    checkouts.open_session(gateway, an_order(sandbox), key="k1")

    assert len(sandbox.all("checkout.session")) == 1


@pytest.mark.parametrize(
    ("trouble", "is_unknown"),
    [
        ("error", True),
        ("html", True),
        ("cut_before", True),
        ("cut_after", True),
        ("half", True),
        ("busy", False),
    ],
)
def test_lasting_trouble_is_unavailable_and_the_same_key_later_gives_one_session(
    sandbox: Sandbox, gateway: Gateway, trouble: Trouble, is_unknown: bool
):
    order = an_order(sandbox)
    sandbox.faults.add(trouble, path=SESSIONS, method="POST", times=3)

    with pytest.raises(GatewayUnavailable) as raised:
        checkouts.open_session(gateway, order, key="k1")
    sandbox.faults.clear()
    checkouts.open_session(gateway, order, key="k1")

    assert raised.value.is_unknown is is_unknown
    assert len(sandbox.all("checkout.session")) == 1


def test_the_session_of_a_lost_answer_is_found_by_our_reference(sandbox: Sandbox, gateway: Gateway):
    sandbox.faults.add("cut_after", path=SESSIONS, method="POST", times=3)
    with pytest.raises(GatewayUnavailable):
        checkouts.open_session(gateway, an_order(sandbox), key="k1")
    sandbox.faults.clear()
    now = datetime.fromtimestamp(sandbox.now(), UTC)

    span = {"made_after": now - timedelta(minutes=5), "made_before": now + timedelta(minutes=5)}
    found = checkouts.find(gateway, "co1", **span)

    assert found is not None
    assert found.id == sandbox.all("checkout.session")[0]["id"]
    assert checkouts.find(gateway, "co2", **span) is None


def test_a_slow_answer_ends_at_the_deadline(sandbox: Sandbox):
    hurried = gateway_to(sandbox, deadline_s=0.4)
    sandbox.faults.add("slow", seconds=2, path="/v1/products", method="GET")

    begun = time.monotonic()
    with pytest.raises(GatewayUnavailable) as raised:
        products.ensure(hurried, "month", "Support")

    assert time.monotonic() - begun < 1.5
    assert raised.value.is_unknown


def test_when_all_threads_are_held_further_calls_fail_at_once(sandbox: Sandbox):
    hurried = gateway_to(sandbox, deadline_s=0.1)
    sandbox.faults.add("slow", seconds=1, path="/v1/products", method="GET", times=MOST_CALLS_AT_ONCE)
    for _held in range(MOST_CALLS_AT_ONCE):
        with pytest.raises(GatewayUnavailable, match="deadline"):
            products.ensure(hurried, "month", "Support")

    with pytest.raises(GatewayUnavailable, match="busy") as raised:
        products.ensure(hurried, "month", "Support")

    assert not raised.value.is_unknown


def test_a_wrong_key_is_refused_as_ours_to_mend(sandbox: Sandbox):
    with pytest.raises(GatewayRefused) as raised:
        products.ensure(gateway_to(sandbox, key="sk_test_other"), "month", "Support")

    assert raised.value.is_ours


def test_a_key_used_for_something_else_is_refused_and_makes_nothing(sandbox: Sandbox, gateway: Gateway):
    checkouts.open_session(gateway, an_order(sandbox), key="k1")

    with pytest.raises(GatewayRefused, match="idempotency_error"):
        checkouts.open_session(gateway, an_order(sandbox, amount=700), key="k1")

    assert len(sandbox.all("checkout.session")) == 1


def test_nobody_listening_is_unavailable():
    nowhere = Gateway(Settings(stripe_secret_key="sk_test_x", stripe_api_base="http://127.0.0.1:9"))

    with pytest.raises(GatewayUnavailable):
        products.ensure(nowhere, "month", "Support")


def test_a_product_is_made_whatever_the_letters_of_the_newsrooms_name(sandbox: Sandbox):
    for interval in products.IDS:
        products.ensure(gateway_to(sandbox), interval, "Щомісячна підтримка видання «Річка»")

    assert {product["name"] for product in sandbox.all("product")} == {"Щомісячна підтримка видання «Річка»"}


def test_products_are_made_once_whoever_asks(sandbox: Sandbox):
    for _process in range(3):
        products.ensure(gateway_to(sandbox), "month", "Monthly support")

    assert [product["id"] for product in sandbox.all("product")] == [products.IDS["month"]]


def test_no_error_text_carries_what_was_sent(
    sandbox: Sandbox, gateway: Gateway, caplog: pytest.LogCaptureFixture
):
    order = an_order(sandbox, amount=1)

    with pytest.raises(GatewayRefused) as raised:
        checkouts.open_session(gateway, order, key="k1")

    assert "cleo@example.org" not in str(raised.value) + caplog.text
