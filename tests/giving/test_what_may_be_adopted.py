"""Which subscriptions of an account may become ours: what is chosen and plain; each other one is left with a reason."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from membership.gateway.client import Answer, Gateway
from membership.giving import candidates
from membership.giving.candidates import Choice
from membership.giving.fields import Thing

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AHEAD, AGO = int(NOW.timestamp()) + 86_400, int(NOW.timestamp()) - 86_400


def _price(**changes: Any) -> dict[str, Any]:
    return {
        "id": "price_1",
        "currency": "eur",
        "product": "prod_1",
        "unit_amount": 500,
        "recurring": {"interval": "month", "interval_count": 1},
        **changes,
    }


def _subscription(*prices: dict[str, Any], **changes: Any) -> dict[str, Any]:
    items = [
        {
            "id": f"si_{n}",
            "quantity": 1,
            "price": price,
            "current_period_start": AGO,
            "current_period_end": AHEAD,
        }
        for n, price in enumerate(prices or (_price(),))
    ]
    return {
        "id": "sub_1",
        "object": "subscription",
        "status": "active",
        "customer": "cus_1",
        "created": AGO,
        "metadata": {},
        "items": {"object": "list", "data": items},
        **changes,
    }


class _Pages:
    """A gateway with one page of subscriptions."""

    def __init__(self, *bodies: dict[str, Any]) -> None:
        self.bodies = list(bodies)

    def call(self, _ask: object) -> Any:
        return Answer(body={"data": self.bodies, "has_more": False}, as_of=NOW)


def _survey(*bodies: dict[str, Any]) -> candidates.Survey:
    gateway = cast("Gateway", _Pages(*bodies))
    choice = Choice(everything=True)
    return candidates.survey(gateway, choice, now=NOW, done=set(), progress=lambda _what, _count: None)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"status": "past_due"},
        {"status": "trialing"},
        {"status": "paused"},
        {"cancel_at_period_end": True},
        {"status": "canceled", "canceled_at": AGO, "ended_at": AGO},
    ],
)
def test_what_runs_or_is_paid_for_is_adopted(changes):
    found = _survey(_subscription(**changes))

    assert [one.id for one in found.candidates] == ["sub_1"]
    assert found.left == []


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (_subscription(status="incomplete"), "never came"),
        (_subscription(_price(), _price(id="price_2")), "several prices"),
        (_subscription(_price(recurring={"interval": "month", "interval_count": 3})), "every 3 months"),
        (_subscription(_price(recurring={"interval": "week", "interval_count": 1})), "every 1 weeks"),
        (_subscription(_price(unit_amount=None)), "no fixed amount"),
        (_subscription(_price(unit_amount=0)), "costs nothing"),
        (_subscription(metadata={"app": "shop"}), "another program's mark"),
        (_subscription(items={"object": "list", "data": []}), "does not say"),
        (_subscription(_price(currency="EURO")), "says no currency"),
    ],
)
def test_what_cannot_be_a_gift_here_is_left_and_named(body, why):
    found = _survey(body)

    assert found.candidates == []
    assert [(one.name, why in one.reason) for one in found.left] == [("sub_1", True)]


def test_what_has_run_out_is_left_unless_another_one_goes_on_for_it():
    over = _subscription(id="sub_old", status="canceled", canceled_at=AGO, ended_at=AGO)
    over["items"]["data"][0]["current_period_end"] = AGO
    migrated = over | {"id": "sub_moved", "metadata": {"ghost_migrated_to": "sub_1"}}

    found = _survey(over, migrated, _subscription())

    assert [one.id for one in found.candidates] == ["sub_1", "sub_moved"]
    assert [(one.name, "run out" in one.reason) for one in found.left] == [("sub_old", True)]


def test_ours_is_ours_already_and_what_was_marked_but_not_booked_is_done():
    ours = _subscription(id="sub_ours", metadata={"app": "membership"})
    begun = _subscription(metadata={"app": "membership", "adopted": str(AGO)})

    found = _survey(ours, begun)

    assert [one.id for one in found.candidates] == ["sub_1"]
    assert found.unchanged == 1


@pytest.mark.parametrize(
    ("choice", "is_taken"),
    [
        (Choice(), False),
        (Choice(everything=True), True),
        (Choice(products=frozenset({"prod_1"})), True),
        (Choice(products=frozenset({"prod_2"})), False),
        (Choice(prices=frozenset({"price_1"})), True),
        (Choice(customers=frozenset({"cus_1"})), True),
        (Choice(customers=frozenset({"cus_2"})), False),
        (Choice(customers=frozenset({"cus_1"}), products=frozenset({"prod_2"})), False),
    ],
)
def test_only_what_was_chosen_is_taken(choice, is_taken):
    assert choice.takes(Thing("subscription", _subscription())) is is_taken
