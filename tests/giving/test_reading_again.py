"""What events leave open is read at Stripe again: later each time where it fails, and never in the way of the rest."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from membership import clock
from membership.giving import checking, reading_again, reading_list
from membership.giving.facts import ToRead
from membership.giving.models import ObjectToRead, Payment, ReadingState
from membership.newsroom.findings import Severity
from tests.giving.sandboxed import account, hear

__all__ = ["account", "hear"]


def test_one_that_cannot_be_read_keeps_no_other_waiting_and_is_given_up_visibly(account, session, hear):
    for _gift in range(2):
        account.pay(account.customer("cleo@example.org"), 500)
    hear()
    broken, sound = session.scalars(select(Payment.id).order_by(Payment.id)).all()
    store = account.sandbox.account.store
    store.put(store.get(broken) | {"created": 10**15})
    for charge in (broken, sound):
        reading_list.add(session, ToRead(type="charge", id=charge, reason="stale"))
    session.commit()

    assert reading_again.read_all(session) == 1
    session.rollback()
    assert session.scalars(select(ObjectToRead.id)).all() == [broken]
    waits = []
    for _try in range(reading_again.MOST_TRIES - 1):
        account.sandbox.advance("7 hours")
        with clock.standing_still(clock.now()):
            reading_again.read_all(session)
            waits.append(_wait(session))

    row = session.scalars(select(ObjectToRead)).one()
    assert (row.state, row.tries) == (ReadingState.DEAD, reading_again.MOST_TRIES)
    doubled = [timedelta(minutes=2**tries) for tries in range(1, 9)]
    assert waits == [*doubled, *[timedelta(hours=6)] * 3]
    assert (Severity.RED, (broken,)) in [(f.severity, f.ids) for f in checking.objects_are_read(session)]


@pytest.mark.parametrize("trouble", ["error", "revoked"])
def test_w31_what_was_tried_for_months_waits_six_hours_at_most_and_keeps_no_other_waiting(
    account, session, hear, trouble
):
    for _gift in range(2):
        account.pay(account.customer("cleo@example.org"), 500)
    hear()
    failing, sound = session.scalars(select(Payment.id).order_by(Payment.id)).all()
    for charge in (failing, sound):
        reading_list.add(session, ToRead(type="charge", id=charge, reason="stale"))
    session.execute(update(ObjectToRead).where(ObjectToRead.id == failing).values(tries=60))
    session.commit()
    account.sandbox.faults.add(trouble, times=50, path=f"/v1/charges/{failing}")

    with clock.standing_still(clock.now()):
        assert reading_again.read_all(session) == 1
        assert _wait(session) == timedelta(hours=6)

    row = session.scalars(select(ObjectToRead)).one()
    assert (row.id, row.tries, row.state) == (failing, 61, ReadingState.WAITING)


def test_c24_asked_to_slow_down_no_other_object_is_asked_for_until_the_next_round(account, session, hear):
    for _gift in range(3):
        account.pay(account.customer("cleo@example.org"), 500)
    hear()
    for charge in session.scalars(select(Payment.id)).all():
        reading_list.add(session, ToRead(type="charge", id=charge, reason="stale"))
    session.commit()
    account.sandbox.faults.add("busy", path="/v1/charges", method="GET", times=100)

    assert reading_again.read_all(session) == 0

    assert [fault.times for fault in account.sandbox.faults.waiting] == [99]
    account.sandbox.faults.clear()
    assert reading_again.read_all(session) == 2
    account.sandbox.advance("2 minutes")
    assert reading_again.read_all(session) == 1


def test_what_is_to_be_read_anyway_is_read_for_a_further_reason_too(account, session, hear):
    account.pay(account.customer("cleo@example.org"), 500)
    hear()
    charge = session.scalars(select(Payment.id)).one()
    for reason in ("stale", "fraud_warning", "conflict", "stale"):
        reading_list.add(session, ToRead(type="charge", id=charge, reason=reason))
    assert session.scalars(select(ObjectToRead.reason)).one() == "conflict fraud_warning"
    session.commit()

    assert reading_again.read_all(session) == 1

    session.rollback()
    assert session.scalars(select(Payment.has_fraud_warning)).one()
    assert session.scalars(select(ObjectToRead)).all() == []


def test_w24_a_subscription_that_has_no_items_at_stripe_either_waits_longer_each_time(account, session, hear):
    subscription = account.subscribe(account.customer("cleo@example.org"))
    hear()
    store = account.sandbox.account.store
    bare = store.get(subscription)
    store.put(bare | {"items": bare["items"] | {"data": []}})
    reading_list.add(session, ToRead(type="subscription", id=subscription, reason="items"))
    session.commit()

    with clock.standing_still(clock.now()):
        assert reading_again.read_all(session) == 0
        assert _wait(session) == timedelta(minutes=1)

    row = session.scalars(select(ObjectToRead)).one()
    assert (row.reason, row.tries, row.state) == ("items", 1, ReadingState.WAITING)


def _wait(session) -> timedelta:
    """How long the one object that is left will wait from now."""
    session.rollback()
    row = session.scalars(select(ObjectToRead)).one()
    return timedelta(seconds=round((row.next_try_at - clock.now()).total_seconds()))
