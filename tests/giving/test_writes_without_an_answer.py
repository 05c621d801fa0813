"""Writes to Stripe whose answer was lost: read back, told apart from those never made, and never sent again."""

import re
from typing import Literal

import pytest
from sqlalchemy import select

from membership.giving import unanswered
from membership.giving.models import CallState, OutgoingCall
from tests.giving.sandboxed import account, hear
from tests.giving.signed_in import Giver, giver

__all__ = ["account", "giver", "hear"]


def _states(giver: Giver) -> list[CallState]:
    giver.session.rollback()
    query = select(OutgoingCall.state).where(OutgoingCall.kind.startswith("subscription."))
    return list(giver.session.scalars(query.order_by(OutgoingCall.id)))


def _cut(giver: Giver, where: Literal["cut_before", "cut_after"], *, times: int = 3) -> None:
    giver.account.sandbox.faults.add(
        where, path=f"/v1/subscriptions/{giver.subscription_id}", method="POST", times=times
    )


@pytest.mark.parametrize(("action", "fields"), [("amount", {"amount": "7"}), ("cancellation", {})])
def test_a_change_that_was_made_is_found_made(giver: Giver, action: str, fields: dict[str, str]):
    _cut(giver, "cut_after")
    giver.do(action, **fields)
    giver.account.sandbox.faults.clear()
    assert _states(giver) == [CallState.UNKNOWN]

    giver.account.sandbox.advance("5 minutes")
    unanswered.settle_all(giver.session)

    assert _states(giver) == [CallState.DONE]
    assert re.search(r"€7\.00|set to end", giver.page())


def test_a_change_that_never_arrived_is_not_taken_for_made(giver: Giver):
    _cut(giver, "cut_before")
    giver.do("cancellation")
    giver.account.sandbox.faults.clear()

    giver.account.sandbox.advance("5 minutes")
    unanswered.settle_all(giver.session)
    assert _states(giver) in ([CallState.UNKNOWN], [CallState.PENDING])
    giver.account.sandbox.advance("2 hours")
    unanswered.settle_all(giver.session)

    assert _states(giver) == [CallState.REFUSED]
    assert "set to end" not in giver.page()


def test_what_a_later_change_has_written_over_nobody_can_know(giver: Giver):
    _cut(giver, "cut_after")
    giver.do("amount", amount="7")
    giver.account.sandbox.faults.clear()
    giver.do("amount", amount="8")

    giver.account.sandbox.advance("5 minutes")
    unanswered.settle_all(giver.session)

    assert _states(giver) == [CallState.LOST, CallState.DONE]
    assert giver.at_stripe()["items"]["data"][0]["price"]["unit_amount"] == 800
