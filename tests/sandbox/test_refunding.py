"""Refunds: in part, in full, on their way, coming back; and what the balance shows of them."""

import pytest
import stripe

from membership.sandbox.server import Sandbox
from tests.sandbox import person


@pytest.fixture
def charge(client: stripe.StripeClient) -> str:
    """A charge of 10.00 EUR."""
    return _charge(client, "pm_card_de")


def _charge(client: stripe.StripeClient, method: str, amount: int = 1_000, currency: str = "eur") -> str:
    intent = client.v1.payment_intents.create(
        {"amount": amount, "currency": currency, "payment_method": method, "confirm": True}
    )
    return str(intent.latest_charge)


def test_events_of_a_refund(sandbox: Sandbox, client: stripe.StripeClient, charge: str) -> None:
    before = len(sandbox.events())

    client.v1.refunds.create({"charge": charge, "metadata": {"intent": "7"}})

    assert person.told(sandbox, before) == [
        "refund.created",
        "charge.refunded",
        "refund.updated",
        "charge.refund.updated",
    ]
    refunded = person.last(sandbox, "charge.refunded")["data"]
    assert refunded["previous_attributes"] == {"amount_refunded": 0, "refunded": False}
    assert refunded["object"]["amount_refunded"] == 1_000


def test_parts_add_up_and_no_more_than_that(client: stripe.StripeClient, charge: str) -> None:
    client.v1.refunds.create({"charge": charge, "amount": 400})
    client.v1.refunds.create({"charge": charge, "amount": 600})

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"charge": charge, "amount": 1})

    assert refused.value.code == "charge_already_refunded"
    assert client.v1.charges.retrieve(charge).refunded is True


def test_more_than_is_left_is_refused(sandbox: Sandbox, client: stripe.StripeClient, charge: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        client.v1.refunds.create({"charge": charge, "amount": 1_001})

    assert sandbox.all("refund") == []


def test_the_fee_is_kept(sandbox: Sandbox, client: stripe.StripeClient, charge: str) -> None:
    client.v1.refunds.create({"charge": charge})

    amounts = [
        (row["type"], row["amount"], row["fee"], row["net"]) for row in sandbox.all("balance_transaction")
    ]
    assert amounts == [("refund", -1_000, 0, -1_000), ("charge", 1_000, 40, 960)]


def test_a_refund_that_comes_back_gives_the_money_back(
    sandbox: Sandbox, client: stripe.StripeClient, charge: str
) -> None:
    made = client.v1.refunds.create({"charge": charge})
    before = len(sandbox.events())

    sandbox.fail_refund(made.id)

    failed = client.v1.refunds.retrieve(made.id, {"expand": ["failure_balance_transaction"]})
    assert (failed.status, failed.failure_reason) == ("failed", "lost_or_stolen_card")
    assert isinstance(failed.failure_balance_transaction, stripe.BalanceTransaction)
    assert failed.failure_balance_transaction.amount == 1_000
    assert person.told(sandbox, before) == ["refund.failed", "refund.updated", "charge.refund.updated"]
    assert client.v1.charges.retrieve(charge).amount_refunded == 0


@pytest.mark.parametrize(
    ("method", "first", "later"),
    [("pm_card_pendingRefund", "pending", "succeeded"), ("pm_card_refundFail", "succeeded", "failed")],
)
def test_some_cards_take_refunds_later_or_not_at_all(
    sandbox: Sandbox, client: stripe.StripeClient, method: str, first: str, later: str
) -> None:
    made = client.v1.refunds.create({"charge": _charge(client, method)})

    sandbox.advance("4 days")

    assert made.status == first
    assert client.v1.refunds.retrieve(made.id).status == later


def test_parts_of_a_foreign_charge_add_up_in_the_balance(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    charge = _charge(client, "pm_card_us", 1_001, "usd")
    for amount in (333, 333, 335):
        client.v1.refunds.create({"charge": charge, "amount": amount})

    moved = [row["amount"] for row in sandbox.all("balance_transaction")]

    assert sum(moved) == 0


def test_a_charge_that_failed_cannot_be_refunded(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError):
        _charge(client, "pm_card_chargeDeclined")

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"charge": sandbox.all("charge")[0]["id"]})


def test_refunds_are_listed_by_charge_and_by_intent(client: stripe.StripeClient, charge: str) -> None:
    made = client.v1.refunds.create({"charge": charge, "amount": 100})
    intent = str(client.v1.charges.retrieve(charge).payment_intent)

    assert [row.id for row in client.v1.refunds.list({"charge": charge}).data] == [made.id]
    assert [row.id for row in client.v1.refunds.list({"payment_intent": intent}).data] == [made.id]
    expanded = client.v1.charges.retrieve(charge, {"expand": ["refunds"]})
    assert expanded.refunds
    assert [row.id for row in expanded.refunds.data] == [made.id]
