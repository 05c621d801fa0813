"""Objects from a file: sparse ones are filled, no events, and life goes on from there."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from membership.sandbox.errors import ApiError
from membership.sandbox.server import Sandbox, running_sandbox
from tests.sandbox import contract
from tests.sandbox.person import DAY, HOUR

NOW = int(time.time())
SPARSE: list[dict[str, Any]] = [
    {"id": "cus_1", "object": "customer", "created": NOW - 40 * DAY, "email": "cleo@example.org"},
    {"id": "prod_1", "object": "product", "created": NOW - 90 * DAY, "name": "Support"},
    {"id": "pm_1", "object": "payment_method", "created": NOW - 40 * DAY, "customer": "cus_1", "card": {}},
    {
        "id": "sub_1",
        "object": "subscription",
        "created": NOW - 40 * DAY,
        "customer": "cus_1",
        "status": "active",
        "default_payment_method": "pm_1",
        "latest_invoice": "in_1",
        "items": {
            "data": [
                {
                    "id": "si_1",
                    "current_period_start": NOW - 10 * DAY,
                    "current_period_end": NOW + 20 * DAY,
                    "price": {
                        "id": "price_1",
                        "currency": "eur",
                        "unit_amount": 500,
                        "product": "prod_1",
                        "recurring": {"interval": "month"},
                    },
                }
            ]
        },
    },
    {
        "id": "in_1",
        "object": "invoice",
        "created": NOW - 10 * DAY,
        "customer": "cus_1",
        "currency": "eur",
        "amount_paid": 500,
        "status": "paid",
        "billing_reason": "subscription_cycle",
        "parent": {"subscription_details": {"subscription": "sub_1", "metadata": {"app": "membership"}}},
        "lines": {"data": [{"id": "il_1", "amount": 500, "period": {"start": NOW - 10 * DAY, "end": NOW + 20 * DAY}}]},
    },
    {
        "id": "inpay_1",
        "object": "invoice_payment",
        "created": NOW - 10 * DAY,
        "invoice": "in_1",
        "currency": "eur",
        "amount_paid": 500,
        "payment": {"type": "payment_intent", "payment_intent": "pi_1"},
    },
    {"id": "pi_1", "object": "payment_intent", "created": NOW - 10 * DAY, "amount": 500, "currency": "eur",
     "customer": "cus_1", "latest_charge": "ch_1"},
    {"id": "ch_1", "object": "charge", "created": NOW - 10 * DAY, "amount": 500, "currency": "eur", "customer": "cus_1",
     "payment_intent": "pi_1", "balance_transaction": "txn_1"},
    {"id": "txn_1", "object": "balance_transaction", "created": NOW - 10 * DAY, "amount": 500, "fee": 33,
     "source": "ch_1"},
    {"id": "re_1", "object": "refund", "created": NOW - 9 * DAY, "amount": 100, "charge": "ch_1", "currency": "eur",
     "payment_intent": "pi_1"},
]  # fmt: skip


def _lines(things: list[dict[str, Any]]) -> list[str]:
    return [json.dumps(thing) for thing in things]


@pytest.fixture
def loaded(sandbox: Sandbox) -> Sandbox:
    """A sandbox with one patron's history in it."""
    sandbox.load(_lines(SPARSE))
    return sandbox


def test_loaded_objects_are_whole_and_fit(loaded: Sandbox, client: stripe.StripeClient) -> None:
    charge = client.v1.charges.retrieve("ch_1", {"expand": ["balance_transaction", "refunds"]})
    invoice = client.v1.invoices.retrieve("in_1", {"expand": ["payments"]})
    subscription = client.v1.subscriptions.retrieve("sub_1")

    assert (charge.status, charge.paid, charge.amount_captured) == ("succeeded", True, 500)
    assert isinstance(charge.balance_transaction, stripe.BalanceTransaction)
    assert (charge.balance_transaction.net, charge.balance_transaction.fee_details[0].amount) == (467, 33)
    assert (invoice.total, invoice.amount_remaining) == (500, 0)
    assert subscription.currency == "eur"
    client.v1.payment_methods.retrieve("pm_1")
    client.v1.payment_intents.retrieve("pi_1")
    assert loaded.events() == []


@pytest.mark.parametrize("kind", sorted({thing["object"] for thing in SPARSE}))
def test_every_kind_fits_the_contract_when_filled(loaded: Sandbox, kind: str) -> None:
    if contract.folder() is None:
        pytest.skip("MEMBERSHIP_TEST_DATA names no folder with Stripe's contract")

    for thing in loaded.all(kind):
        assert contract.faults(thing, contract.contract()["components"]["schemas"][kind], kind) == []


def test_a_loaded_subscription_renews(loaded: Sandbox) -> None:
    loaded.advance_to(NOW + 20 * DAY + HOUR)

    assert [event["type"] for event in loaded.events()][-2:] == ["invoice.paid", "invoice.payment_succeeded"]
    assert loaded.all("charge")[0]["customer"] == "cus_1"


def test_a_loaded_charge_can_be_refunded_and_disputed(loaded: Sandbox, client: stripe.StripeClient) -> None:
    client.v1.refunds.create({"charge": "ch_1", "amount": 50})
    loaded.open_dispute("ch_1")

    assert len(client.v1.refunds.list({"charge": "ch_1"}).data) == 2


def test_loading_over_http(sandbox: Sandbox) -> None:
    answer = requests.post(f"{sandbox.url}/_sandbox/load", data="\n".join(_lines(SPARSE)), timeout=10)

    assert answer.json() == {"loaded": len(SPARSE)}
    assert sandbox.get("cus_1")["email"] == "cleo@example.org"


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "null", '{"object": "charge"}', '{"id": "x", "object": "unicorn"}',
     '{"id": "ch_x", "object": "charge", "livemode": true}'],
)  # fmt: skip
def test_a_bad_line_is_named_and_nothing_is_kept(sandbox: Sandbox, line: str) -> None:
    with pytest.raises(ApiError, match="Line 2"):
        sandbox.load([_lines(SPARSE)[0], line])

    assert sandbox.all("customer") == []


def _with_method(method: str | None, **charge: Any) -> list[str]:
    """The history without the payment method itself."""
    told = []
    for thing in SPARSE:
        if thing["id"] == "sub_1":
            told.append({**thing, "default_payment_method": method})
        elif thing["id"] == "ch_1":
            told.append({**thing, **charge})
        elif thing["id"] != "pm_1":
            told.append(thing)
    return _lines(told)


@pytest.mark.parametrize(
    ("charge", "status", "last4"),
    [
        (
            {"payment_method_details": {"type": "card", "card": {"last4": "1881", "country": "FR"}}},
            "succeeded",
            "1881",
        ),
        (
            {"payment_method_details": {"type": "sepa_debit", "sepa_debit": {"last4": "3000"}}},
            "pending",
            "3000",
        ),
        ({"status": "failed"}, "failed", "4242"),
    ],
)
def test_a_history_without_payment_methods_renews_as_it_was_paid_last(
    sandbox: Sandbox, charge: dict[str, Any], status: str, last4: str
) -> None:
    sandbox.load(_with_method(None, **charge))

    sandbox.advance_to(NOW + 20 * DAY + HOUR)

    newest = sandbox.all("charge")[0]
    details = newest["payment_method_details"]
    assert (newest["status"], details[details["type"]]["last4"]) == (status, last4)


def test_a_subscription_the_clock_could_not_move_is_named(sandbox: Sandbox) -> None:
    with pytest.raises(ApiError, match="Subscription sub_x is active but lacks"):
        sandbox.load(
            _lines([{"id": "sub_x", "object": "subscription", "status": "active", "customer": "cus_1"}])
        )

    assert sandbox.all("subscription") == []


def test_a_second_start_goes_on_where_the_first_was(tmp_path: Path) -> None:
    store = str(tmp_path / "sandbox.sqlite")
    with running_sandbox(store=store, seed=1) as first:
        first.load(_lines(SPARSE))
        first.advance("2 days")
        told = first.now()

    with running_sandbox(store=store, seed=1) as second:
        later = second.now()
        second.advance_to(NOW + 20 * DAY + HOUR)
        renewed = second.all("charge")

    assert told <= later <= told + 60
    assert len(renewed) == 2


def test_a_hundred_thousand_objects_load_in_seconds_and_list_at_once(sandbox: Sandbox) -> None:
    charges = (
        json.dumps({"id": f"ch_{n}", "object": "charge", "created": NOW - n, "amount": 500, "currency": "eur",
                    "customer": f"cus_{n % 1000}"})
        for n in range(100_000)
    )  # fmt: skip
    started = time.monotonic()
    sandbox.load(charges)
    loaded_in = time.monotonic() - started
    client = stripe.StripeClient(sandbox.secret_key, base_addresses={"api": sandbox.url})

    started = time.monotonic()
    page = client.v1.charges.list({"customer": "cus_7", "limit": 100, "created": {"gte": NOW - 90_000}})
    listed_in = time.monotonic() - started

    assert len(page.data) == 90
    # Ten times what a quiet machine needs.
    assert loaded_in < 60
    assert listed_in < 5
