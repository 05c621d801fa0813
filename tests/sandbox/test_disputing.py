"""Disputes, inquiries and early warnings: what moves, what is told, what the balance shows."""

import pytest
import stripe

from membership.sandbox.server import Sandbox
from tests.sandbox import person


@pytest.fixture
def charge(client: stripe.StripeClient) -> str:
    """A charge of 10.00 EUR."""
    intent = client.v1.payment_intents.create(
        {"amount": 1_000, "currency": "eur", "payment_method": "pm_card_de", "confirm": True}
    )
    return str(intent.latest_charge)


def _net(sandbox: Sandbox) -> int:
    return sum(row["net"] for row in sandbox.all("balance_transaction"))


def test_a_dispute_takes_the_money_and_a_fee(
    sandbox: Sandbox, client: stripe.StripeClient, charge: str
) -> None:
    before, held = len(sandbox.events()), _net(sandbox)

    opened = sandbox.open_dispute(charge)

    assert person.told(sandbox, before) == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    assert _net(sandbox) == held - 1_000 - 2_000
    found = client.v1.disputes.retrieve(opened)
    assert (found.status, found.is_charge_refundable) == ("needs_response", False)
    assert found.balance_transactions[0].reporting_category == "dispute"
    assert client.v1.charges.retrieve(charge).disputed is True


@pytest.mark.parametrize(("outcome", "back"), [("won", 1_000), ("lost", 0)])
def test_the_bank_decides(sandbox: Sandbox, charge: str, outcome: str, back: int) -> None:
    opened = sandbox.open_dispute(charge)
    before, held = len(sandbox.events()), _net(sandbox)

    sandbox.close_dispute(opened, "won" if outcome == "won" else "lost")

    wanted = (
        ["charge.dispute.closed", "charge.dispute.funds_reinstated"] if back else ["charge.dispute.closed"]
    )
    assert person.told(sandbox, before) == wanted
    assert _net(sandbox) == held + back
    assert sandbox.get(opened)["status"] == outcome


def test_an_inquiry_moves_nothing_until_it_becomes_a_dispute(sandbox: Sandbox, charge: str) -> None:
    held = _net(sandbox)

    opened = sandbox.open_dispute(charge, is_inquiry=True)
    after_inquiry = _net(sandbox)
    sandbox.escalate_inquiry(opened)

    assert after_inquiry == held
    assert _net(sandbox) == held - 3_000
    assert sandbox.get(opened)["status"] == "needs_response"
    assert person.told(sandbox)[-2:] == ["charge.dispute.updated", "charge.dispute.funds_withdrawn"]


def test_a_closed_inquiry_leaves_the_charge_as_it_was(
    sandbox: Sandbox, client: stripe.StripeClient, charge: str
) -> None:
    opened = sandbox.open_dispute(charge, is_inquiry=True)

    sandbox.close_dispute(opened, "won")

    assert sandbox.get(opened)["status"] == "warning_closed"
    assert client.v1.charges.retrieve(charge).disputed is False
    assert "charge.dispute.funds_reinstated" not in person.told(sandbox)


def test_part_of_a_charge_can_be_disputed(sandbox: Sandbox, charge: str) -> None:
    held = _net(sandbox)

    sandbox.open_dispute(charge, amount=400)

    assert _net(sandbox) == held - 400 - 2_000


def test_a_disputed_charge_cannot_be_refunded(
    sandbox: Sandbox, client: stripe.StripeClient, charge: str
) -> None:
    sandbox.open_dispute(charge)

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"charge": charge})

    assert refused.value.code == "charge_disputed"


def test_evidence_decides_as_in_stripes_test_mode(
    sandbox: Sandbox, client: stripe.StripeClient, charge: str
) -> None:
    opened = sandbox.open_dispute(charge)

    answered = client.v1.disputes.update(opened, {"evidence": {"uncategorized_text": "winning_evidence"}})

    assert answered.status == "won"


def test_giving_in_loses(sandbox: Sandbox, client: stripe.StripeClient, charge: str) -> None:
    assert client.v1.disputes.close(sandbox.open_dispute(charge)).status == "lost"


def test_a_card_that_is_disputed_at_once(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    client.v1.payment_intents.create(
        {"amount": 1_000, "currency": "eur", "payment_method": "pm_card_createDispute", "confirm": True}
    )

    assert [row["reason"] for row in sandbox.all("dispute")] == ["fraudulent"]


def test_an_early_fraud_warning_moves_nothing(
    sandbox: Sandbox, client: stripe.StripeClient, charge: str
) -> None:
    held = _net(sandbox)

    warned = sandbox.warn_of_fraud(charge)

    found = client.v1.radar.early_fraud_warnings.list({"charge": charge}).data
    assert [row.id for row in found] == [warned]
    assert _net(sandbox) == held
    assert person.told(sandbox)[-1] == "radar.early_fraud_warning.created"
