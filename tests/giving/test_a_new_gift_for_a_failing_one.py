"""Retries and new checkouts in any sequence: never two live gifts of one patron that nobody has noticed."""

from typing import Any

import pytest
from sqlalchemy import select

from membership.accounts.models import Account as SignInAccount
from membership.giving import replacing
from membership.giving.models import Replacement, ReplacementState, Subscription
from tests.giving.caring import Carer, carer
from tests.giving.giver import choose, give, pay, send
from tests.giving.sandboxed import account, hear
from tests.giving.test_mending_a_failed_renewal import give_card, let_fail, open_bill

__all__ = ["account", "carer", "hear"]

OTHER_CARD = {"number": "5555 5555 5555 4444"}


def give_again(carer: Carer, hear, **typed: Any) -> str:
    """Begin a new gift by the same typed address; gives its subscription."""
    carer.account.sandbox.advance(2)
    answer = send(carer.browser, choose(carer.browser, amount="7", interval="month"))
    pay(answer.headers["Location"], **typed)
    hear()
    carer.session.rollback()
    new = carer.session.scalars(select(Subscription.id).where(Subscription.id != carer.subscription_id)).one()
    return str(new)


def work(carer: Carer, hear) -> None:
    """Let the worker look at what is replaced, and hear of what it did."""
    replacing.settle_all(carer.session)
    hear()


def live_at_stripe(carer: Carer) -> list[str]:
    return sorted(s["id"] for s in carer.account.sandbox.all("subscription") if s["status"] != "canceled")


def state(carer: Carer) -> ReplacementState:
    carer.session.rollback()
    return carer.session.scalars(select(Replacement)).one().state


def test_paid_with_the_same_card_the_failing_one_is_voided_and_ended(carer: Carer, hear):
    let_fail(carer, hear)
    bill = open_bill(carer)
    new = give_again(carer, hear)
    work(carer, hear)

    assert live_at_stripe(carer) == [new]
    assert carer.account.sandbox.get(bill)["status"] == "void"
    assert len(carer.mails("gift_replaced")) == 1
    assert carer.mails("gift_canceled") == []
    assert carer.mails("second_subscription") == []
    assert state(carer) is ReplacementState.DONE


def test_paid_with_another_card_both_sides_are_told_first(carer: Carer, hear, as_, pia):
    let_fail(carer, hear)
    give_again(carer, hear, **OTHER_CARD)
    work(carer, hear)

    assert len(live_at_stripe(carer)) == 2
    assert len(carer.mails("second_subscription")) == 1
    assert state(carer) is ReplacementState.WAITING
    assert "Two gifts of one patron at a time" in as_(pia).get("/staff").text


def test_once_the_mailbox_has_answered_the_failing_one_is_ended(carer: Carer, hear, as_):
    let_fail(carer, hear)
    new = give_again(carer, hear, **OTHER_CARD)
    work(carer, hear)
    as_(carer.session.scalars(select(SignInAccount).filter_by(role=None)).one())
    work(carer, hear)

    assert live_at_stripe(carer) == [new]
    assert len(carer.mails("gift_replaced")) == 1


def test_who_has_signed_in_and_gives_anew_is_surely_the_same(carer: Carer, hear, as_):
    let_fail(carer, hear)
    carer.browser = as_(carer.session.scalars(select(SignInAccount)).one())

    answer = send(carer.browser, choose(carer.browser, amount="7", interval="month"))

    assert answer.status_code == 409  # led to mend what there is
    assert "/card" in answer.text


def test_if_the_retry_succeeds_before_the_old_one_is_ended_nothing_is_ended_and_both_sides_hear(
    carer: Carer, hear, as_, pia
):
    let_fail(carer, hear)
    bill = open_bill(carer)
    give_again(carer, hear)
    give_card(carer, "pm_card_visa")
    carer.account.sandbox.advance(2)
    carer.account.client.v1.invoices.pay(bill)
    hear()
    work(carer, hear)

    assert len(live_at_stripe(carer)) == 2
    assert len(carer.mails("second_subscription")) == 1
    assert state(carer) is ReplacementState.OVERTAKEN
    assert "Two gifts of one patron at a time" in as_(pia).get("/staff").text


def test_if_the_retry_succeeds_at_stripe_unheard_the_old_one_is_not_ended(carer: Carer, hear):
    let_fail(carer, hear)
    bill = open_bill(carer)
    give_again(carer, hear)
    give_card(carer, "pm_card_visa")
    carer.account.sandbox.advance(2)
    carer.account.client.v1.invoices.pay(bill)
    work(carer, hear)

    assert len(live_at_stripe(carer)) == 2
    assert len(carer.mails("second_subscription")) == 1
    assert carer.at_stripe()["status"] == "active"


@pytest.mark.parametrize("trouble", ["error", "cut_after"])
def test_while_stripe_is_out_of_reach_the_worker_tries_again(carer: Carer, hear, trouble):
    let_fail(carer, hear)
    new = give_again(carer, hear)
    carer.account.sandbox.faults.add(trouble, path="/v1/invoices", method="POST", times=3)
    work(carer, hear)
    carer.account.sandbox.faults.clear()
    work(carer, hear)

    assert live_at_stripe(carer) == [new]
    assert len(carer.mails("gift_replaced")) == 1


def test_a_paused_gift_gives_way_too(carer: Carer, hear):
    carer.account.client.v1.subscriptions.update(
        carer.subscription_id, {"pause_collection": {"behavior": "void"}}
    )
    hear()
    new = give_again(carer, hear)
    work(carer, hear)

    assert live_at_stripe(carer) == [new]


def test_a_one_time_gift_beside_a_failing_one_replaces_nothing(carer: Carer, hear):
    let_fail(carer, hear)
    give(carer.browser, amount="20", interval="once")
    hear()
    work(carer, hear)

    assert live_at_stripe(carer) == [carer.subscription_id]
    assert carer.session.scalars(select(Replacement)).all() == []
