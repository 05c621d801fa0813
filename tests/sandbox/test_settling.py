"""The balance: fees by where the card is from, exchange rates, when money is available."""

from decimal import Decimal
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from membership.sandbox import balance
from membership.sandbox.rules import Rules
from membership.sandbox.server import Sandbox
from tests.sandbox import person


def _pay(client: stripe.StripeClient, method: str, amount: int = 1_000, currency: str = "eur") -> str:
    params: Any = {"amount": amount, "currency": currency, "payment_method": method, "confirm": True}
    return str(client.v1.payment_intents.create(params).latest_charge)


@pytest.mark.parametrize(
    ("method", "fee"),
    [
        ("pm_card_de", 40),  # 1.5 % + 0.25
        ("pm_card_fr", 40),
        ("pm_card_gb", 54),  # 2.9 % + 0.25
        ("pm_card_visa", 58),  # 3.25 % + 0.25, half a cent rounded up
        ("pm_card_ua", 58),
    ],
)
def test_the_fee_follows_the_cards_country(
    sandbox: Sandbox, client: stripe.StripeClient, method: str, fee: int
) -> None:
    _pay(client, method)

    (moved,) = sandbox.all("balance_transaction")
    assert (moved["amount"], moved["fee"], moved["net"]) == (1_000, fee, 1_000 - fee)
    assert [detail["amount"] for detail in moved["fee_details"]] == [fee]


@pytest.mark.parametrize(
    ("amount", "currency", "settled"),
    [(1_000, "usd", 864), (10_000, "uah", 206), (500, "jpy", 278), (999, "gbp", 1_141)],
)
def test_other_currencies_settle_with_a_rate(
    sandbox: Sandbox, client: stripe.StripeClient, amount: int, currency: str, settled: int
) -> None:
    charge = client.v1.charges.retrieve(
        _pay(client, "pm_card_de", amount, currency), {"expand": ["balance_transaction"]}
    )

    moved = charge.balance_transaction
    assert isinstance(moved, stripe.BalanceTransaction)
    assert (charge.currency, moved.currency, moved.amount) == (currency, "eur", settled)
    assert Decimal(str(moved.exchange_rate)) == Decimal(Rules().rates[currency])
    assert sandbox.get(moved.id)["source"] == charge.id


@pytest.mark.parametrize("settings", [{"rules": Rules(currency="usd", country="US", fee_fixed=30)}])
def test_another_account_settles_in_another_currency(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    _pay(client, "pm_card_us", 1_000, "usd")
    _pay(client, "pm_card_de", 1_000, "eur")

    foreign, own = sandbox.all("balance_transaction")
    assert (own["currency"], own["exchange_rate"], own["fee"]) == ("usd", None, 45)
    assert (foreign["currency"], foreign["amount"]) == ("usd", 1_157)


def test_money_is_pending_for_a_week(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    _pay(client, "pm_card_de")
    (before,) = client.v1.balance_transactions.list().data
    pending = client.v1.balance.retrieve()

    sandbox.advance("7 days")

    (after,) = client.v1.balance_transactions.list().data
    available = client.v1.balance.retrieve()
    assert (before.status, after.status) == ("pending", "available")
    assert (pending.pending[0].amount, pending.available[0].amount) == (960, 0)
    assert (available.pending[0].amount, available.available[0].amount) == (0, 960)


@pytest.mark.parametrize("settings", [{"rules": Rules(settles_after=120)}])
def test_an_account_may_learn_its_fees_later(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    charge = _pay(client, "pm_card_de")
    first = client.v1.charges.retrieve(charge).balance_transaction

    sandbox.advance("2 minutes")

    assert first is None
    assert person.told(sandbox)[-1] == "charge.updated"
    assert person.last(sandbox, "charge.updated")["data"]["previous_attributes"] == {
        "balance_transaction": None
    }
    assert str(client.v1.charges.retrieve(charge).balance_transaction).startswith("txn_")


def test_fees_and_payouts_tied_to_no_charge(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    sandbox.take_account_fee(120)
    sandbox.pay_out(500)

    out, fee = client.v1.balance_transactions.list().data

    assert (fee.type, fee.net, fee.source, fee.reporting_category) == ("stripe_fee", -120, None, "fee")
    assert (out.type, out.net, out.reporting_category) == ("payout", -500, "payout")


def test_movements_are_listed_by_source_and_kind(client: stripe.StripeClient) -> None:
    charge = _pay(client, "pm_card_de")
    _pay(client, "pm_card_de")
    client.v1.refunds.create({"charge": charge, "amount": 100})

    assert len(client.v1.balance_transactions.list({"source": charge}).data) == 1
    assert len(client.v1.balance_transactions.list({"type": "charge"}).data) == 2
    assert len(client.v1.balance_transactions.list({"type": "refund"}).data) == 1
    assert client.v1.balance_transactions.list({"currency": "usd"}).data == []


@given(amount=st.integers(1, 99_999_999), currency=st.sampled_from(sorted(Rules().rates)))
def test_a_part_is_never_worth_more_than_the_whole(amount: int, currency: str) -> None:
    rules = Rules()
    whole = balance.settled(rules, amount, currency)

    assert isinstance(whole, int)
    assert balance.settled(rules, -amount, currency) == -whole
    assert 0 <= balance.settled(rules, amount // 2, currency) <= whole
