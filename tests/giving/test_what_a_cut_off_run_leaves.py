"""Runs that were cut off, or looked at a part only, claim nothing that they have not seen; reads keep only news."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from membership import clock
from membership.gateway import client, reading
from membership.giving import applying, fees, parsing, reading_list, reconciling
from membership.giving.facts import ToRead
from membership.giving.ledger import SealedMonth
from membership.giving.models import (
    BalanceTransaction,
    ObjectToRead,
    Owner,
    Payment,
    ReconcileRun,
    SubscriptionState,
)
from membership.newsroom import due
from membership.newsroom.models import DueRow
from tests.giving.sandboxed import account, hear
from tests.giving.stripe_words import Life, monthly, once

__all__ = ["account", "hear"]


def _read_now(session, thing, at: int) -> None:
    applying.apply_facts(session, parsing.from_object(thing, datetime.fromtimestamp(at, UTC)))
    session.commit()


def _owner(session, amount: int) -> Owner:
    session.rollback()
    owner: Owner = session.scalars(select(Payment.owner).where(Payment.amount == amount)).one()
    return owner


def test_a_run_that_goes_on_in_the_middle_of_a_list_seals_no_month_and_the_next_whole_one_does(
    account, session, hear
):
    for _ in range(2):
        account.pay(account.customer("cleo@example.org"), 1500)
    hear()
    account.sandbox.advance("40 days")
    last = max(session.scalars(select(Payment.id)))
    session.add(ReconcileRun(started_at=clock.now(), since=None, step="charge", after=last))
    session.commit()

    cut_off = reconciling.reconcile(session, client.current(), since=None)
    assert (cut_off.count, cut_off.is_whole, cut_off.sealed) == (0, False, [])
    assert session.scalars(select(SealedMonth)).all() == []
    session.rollback()

    whole = reconciling.reconcile(session, client.current(), since=None)
    assert whole.is_whole
    assert len(whole.sealed) > 0


def test_a_run_since_a_day_declares_nobodys_money_foreign_since_older_joints_were_not_read(
    account, session, hear
):
    account.pay(account.customer("shop@example.org"), 9900, ours=False)
    hear()
    account.sandbox.advance("3 hours")

    reconciling.reconcile(session, client.current(), since=clock.now() - timedelta(days=2))
    assert _owner(session, 9900) is Owner.UNKNOWN
    session.rollback()

    reconciling.reconcile(session, client.current(), since=None)
    assert _owner(session, 9900) is Owner.FOREIGN


def test_a_run_that_goes_on_among_charges_still_tells_whose_they_are(account, session, hear):
    account.pay(account.customer("shop@example.org"), 9900, ours=False)
    hear()
    account.sandbox.advance("3 hours")
    charge = session.scalars(select(Payment.id)).one()
    session.add(ReconcileRun(started_at=clock.now(), since=None, step="charge", after=charge))
    session.commit()

    reconciling.reconcile(session, client.current(), since=None)

    assert _owner(session, 9900) is Owner.FOREIGN


def test_fees_below_a_round_that_was_cut_off_are_read_by_the_next(account, session, hear):
    fees.read_until(session, clock.now())
    session.commit()
    account.sandbox.advance("2 days")
    account.pay(account.customer("cleo@example.org"), 1500)
    account.sandbox.advance("2 days")
    account.pay(account.customer("dov@example.org"), 1600)
    newest, *_older = reading.page(client.current(), "balance_transaction").objects
    _read_now(session, newest, int(clock.now().timestamp()))

    fees.read(session)

    amounts = select(BalanceTransaction.amount).where(BalanceTransaction.type == "charge")
    assert sorted(session.scalars(amounts)) == [1500, 1600]


def test_a_refund_that_moved_nothing_keeps_nobody_looking_for_its_fee(session, take):
    life = Life("idle")
    charge = once(life)
    take(life.events)
    for thing in list(life.objects.values()):
        if thing["object"] == "balance_transaction":
            _read_now(session, thing, life.at + 9)
    for status in ("canceled", "requires_action"):
        life.wait(60)
        take([life.tell("refund.updated", life.refund(charge, 500) | {"status": status})])

    assert fees.unread_since(session) is None


@pytest.mark.parametrize("times", [1, 5])
def test_reading_a_subscription_again_keeps_only_what_is_new(session, take, times):
    life = Life("calm")
    subscription, _ = monthly(life)
    take(life.events)
    before = session.scalar(select(func.count()).select_from(SubscriptionState))

    for day in range(times):
        _read_now(session, subscription, life.at + (day + 1) * 86_400)
    assert session.scalar(select(func.count()).select_from(SubscriptionState)) == before

    raised = subscription | {
        "items": {"object": "list", "data": [life.item(900, "month", life.at, life.at + 9)]}
    }
    _read_now(session, raised, life.at + 30 * 86_400)
    assert session.scalar(select(func.count()).select_from(SubscriptionState)) == before + 1


def test_what_is_asked_for_or_due_twice_is_one_row(session):
    when = clock.now() + timedelta(days=1)
    for _ in range(2):
        reading_list.add(session, ToRead(type="charge", id="ch_1", reason="stale"))
        due.at(session, when, kind="giving.patron", key="1")
    session.commit()

    assert session.scalar(select(func.count()).select_from(ObjectToRead)) == 1
    assert session.scalars(select(DueRow.at)).all() == [when]
