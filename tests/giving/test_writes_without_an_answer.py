"""Writes to Stripe whose answer was lost: read back, told apart from those never made, and never sent again."""

import re
from typing import Literal

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from membership.giving import unanswered
from membership.giving.models import CallState, OutgoingCall
from tests.giving.giver import choose, send
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


@pytest.fixture
def calls(session):
    """What is known of each write, oldest first."""

    def states() -> list[tuple[CallState, str]]:
        session.rollback()
        rows = session.scalars(select(OutgoingCall).order_by(OutgoingCall.id)).all()
        found = [(row.state, row.error) for row in rows]
        session.rollback()
        return found

    return states


def test_c27_a_search_that_stripe_refuses_is_no_search_and_the_checkout_is_not_made_twice(
    account, client, session, calls
):
    form = choose(client, amount="5")
    account.sandbox.faults.add("cut_after", path="/v1/checkout/sessions", method="POST", times=3)
    assert send(client, form).status_code == 503
    account.sandbox.faults.clear()
    account.sandbox.faults.add("revoked", path="/v1/checkout/sessions", method="GET", times=50)
    account.sandbox.advance("2 hours")

    with capture_logs() as logs:
        assert unanswered.settle_all(session) == 0

    assert [state for state, _ in calls()] == [CallState.UNKNOWN]
    assert [line["waits"] for line in logs if line["event"] == "unanswered_call_unread"] == [True]
    account.sandbox.faults.clear()
    assert unanswered.settle_all(session) == 1
    assert calls() == [(CallState.DONE, "")]
    assert send(client, form).headers["Location"] == account.sandbox.all("checkout.session")[0]["url"]
    assert len(account.sandbox.all("checkout.session")) == 1


def test_c27_a_session_that_a_much_later_try_has_made_is_found(account, client, session, calls):
    form = choose(client, amount="5")
    for trouble in ("cut_before", "cut_after"):
        account.sandbox.faults.add(trouble, path="/v1/checkout/sessions", method="POST", times=3)
        assert send(client, form).status_code == 503
        account.sandbox.faults.clear()
        account.sandbox.advance("2 hours")

    unanswered.settle_all(session)

    assert calls() == [(CallState.DONE, "")]
    (opened,) = account.sandbox.all("checkout.session")
    assert send(client, form).headers["Location"] == opened["url"]
    assert len(account.sandbox.all("checkout.session")) == 1


def test_a_closing_whose_answer_was_lost_is_done_only_if_the_session_is_closed(
    account, client, session, calls
):
    form = choose(client, amount="5")
    send(client, form)
    account.sandbox.faults.add("cut_before", path="/v1/checkout/sessions", method="POST", times=3)
    assert send(client, form, amount="8").status_code == 503
    account.sandbox.faults.clear()

    account.sandbox.advance("5 minutes")
    assert unanswered.settle_all(session) == 0
    assert calls()[-1][0] in {CallState.UNKNOWN, CallState.PENDING}
    (opened,) = account.sandbox.all("checkout.session")
    account.client.v1.checkout.sessions.expire(opened["id"])
    assert unanswered.settle_all(session) == 1
    assert calls()[-1] == (CallState.DONE, "")
