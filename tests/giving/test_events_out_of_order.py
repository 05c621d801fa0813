"""Events that come before what they follow from, after what has overtaken them, or not at all (W10 to W33)."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from membership import clock
from membership.gateway import client
from membership.giving import applying, reading_again, receiving
from membership.giving.ledger import Book, LedgerLine
from membership.giving.models import Dispute, Event, EventState, ObjectToRead, Owner, Payment, Subscription
from membership.mail.models import OutgoingMail
from membership.patrons import standing
from membership.patrons.models import Coverage, Patron
from membership.patrons.standing import Standing
from tests.giving.lives import LIVES
from tests.giving.sandboxed import account, hear
from tests.giving.stripe_words import Life, monthly, once

__all__ = ["account", "hear"]
LATER = datetime(2026, 9, 1, tzinfo=UTC)


def _sum(session, book: Book) -> int:
    session.rollback()
    return int(
        session.scalar(select(func.coalesce(func.sum(LedgerLine.amount), 0)).where(LedgerLine.book == book))
    )


def _standing(session, at: datetime) -> Standing:
    session.rollback()
    return standing.at(session.scalars(select(Coverage)).all(), at)


def _mails(session) -> list[str]:
    session.rollback()
    return list(session.scalars(select(OutgoingMail.kind).order_by(OutgoingMail.id)))


def test_w10_two_events_of_one_object_end_the_same_in_either_order(session, take):
    told = LIVES["canceled_at_the_end"]()

    take(reversed(told.life.events))

    assert session.scalars(select(Subscription.status)).one() == "canceled"


def test_w11_deleted_first_the_patron_is_made_once_and_ends_with_what_was_paid(session, take):
    told = LIVES["canceled_at_the_end"]()
    *before, deleted = told.life.events
    clock.set_now(LATER)

    take([deleted, *before])

    end = datetime.fromtimestamp(deleted["created"], UTC)
    assert session.scalar(select(func.count()).select_from(Patron)) == 1
    assert _standing(session, end - timedelta(seconds=1)) is Standing.ACTIVE
    assert _standing(session, end) is Standing.FORMER
    assert _sum(session, Book.GIFTS) == -500


def test_w12_money_of_which_nothing_else_is_known_is_unassigned_until_it_is(session, take):
    life = Life("early")
    monthly(life)
    charge = next(event for event in life.events if event["type"] == "charge.succeeded")

    take([charge])
    assert _sum(session, Book.UNASSIGNED) == -500
    assert session.scalars(select(Payment.owner)).one() is Owner.UNKNOWN

    take(event for event in life.events if event is not charge)
    assert (_sum(session, Book.UNASSIGNED), _sum(session, Book.GIFTS)) == (0, -500)
    assert session.scalars(select(Payment.owner)).one() is Owner.OURS


def test_w13_a_session_told_long_after_the_end_revives_nothing(session, take):
    told = LIVES["canceled_at_the_end"]()
    life = told.life
    ended_at = datetime.fromtimestamp(life.at, UTC)
    clock.set_now(ended_at)
    take(life.events)
    before = _mails(session)
    late = life.tell(
        "checkout.session.completed",
        life.session(interval="month", subscription=f"sub_{life.name}1"),
        at=life.events[0]["created"],
    )
    clock.set_now(ended_at + timedelta(days=2))

    take([late])

    assert _standing(session, clock.now()) is Standing.FORMER
    assert session.scalars(select(Subscription.status)).one() == "canceled"
    assert session.scalar(select(func.count()).select_from(Patron)) == 1
    assert _mails(session) == before


def test_w14_the_newer_snapshot_stands_and_a_tie_is_read_again(session, take):
    life = Life("tie")
    subscription = life.subscription(500)
    life.wait(10)
    newer = life.tell("customer.subscription.updated", subscription | {"status": "past_due"})
    older = life.tell("customer.subscription.updated", subscription, at=life.at - 5)
    tied = life.tell("customer.subscription.updated", subscription | {"cancel_at": life.at + 900})

    take([newer, older])
    assert session.scalars(select(Subscription.status)).one() == "past_due"
    assert session.scalars(select(ObjectToRead.id)).all() == []

    take([tied])
    assert session.scalars(select(ObjectToRead.id)).all() == [subscription["id"]]


def test_w14_a_tie_ends_with_what_stripe_says(account, session, hear):
    subscription = account.subscribe(account.customer("cleo@example.org"))
    events = hear()
    told = [e for e in events if e["data"]["object"]["id"] == subscription]
    tied = json.loads(json.dumps(told[-1])) | {"id": "evt_zzz", "type": "customer.subscription.updated"}
    tied["data"]["object"] |= {"cancel_at": tied["created"] + 900, "status": "active"}
    receiving.store(session, tied, at=clock.now(), is_live=False)
    session.commit()
    applying.apply_all(session)
    (doubtful,) = session.scalars(select(Subscription))
    assert doubtful.is_stale
    assert doubtful.cancel_at is not None

    account.sandbox.advance("1 minute")
    session.rollback()
    assert reading_again.read_all(session, client.current()) == 1

    session.rollback()
    (certain,) = session.scalars(select(Subscription))
    assert not certain.is_stale
    assert certain.cancel_at is account.sandbox.get(subscription)["cancel_at"] is None
    assert session.scalars(select(ObjectToRead)).all() == []


@pytest.mark.parametrize("is_late", [False, True])
def test_w38_a_snapshot_from_the_future_stands_over_an_older_one_in_either_order(session, take, is_late):
    life = Life("ahead")
    subscription = life.subscription(500)
    now = int(clock.now().timestamp())
    older = life.tell("customer.subscription.updated", subscription, at=now - 5)
    future = life.tell(
        "customer.subscription.updated", subscription | {"status": "past_due"}, at=now + 86_400
    )

    take([older, future] if is_late else [future, older])

    assert session.scalars(select(Subscription.status)).one() == "past_due"
    assert session.scalars(select(ObjectToRead)).all() == []


def test_w15_a_refund_told_before_its_charge_nets_to_nothing(session, take):
    life = Life("hasty")
    charge = once(life)
    refund = life.tell("refund.created", life.refund(charge, 2500))

    take([refund])
    assert _sum(session, Book.REFUNDED) == 0

    take(life.events)
    assert _sum(session, Book.REFUNDED) + _sum(session, Book.GIFTS) == 0


def test_w15_a_refund_told_before_its_charge_is_mailed_once_both_are_known(session, take):
    life = Life("hasty")
    charge = once(life)
    life.wait(60)
    refund = life.tell("refund.created", life.refund(charge, 2500))
    clock.set_now(datetime.fromtimestamp(life.at, UTC) + timedelta(hours=1))

    take([refund])
    assert _mails(session) == []

    take(life.events)
    assert _mails(session) == ["giving/welcome", "giving/refund_made"]

    life.wait(60)
    take([life.tell("charge.updated", charge), life.tell("refund.updated", life.objects["re_hasty1"])])
    assert _mails(session) == ["giving/welcome", "giving/refund_made"]


def test_w16_a_dispute_won_before_it_was_opened_is_won(session, take):
    told = LIVES["dispute_won"]()
    clock.set_now(LATER)

    take(reversed(told.life.events))

    assert session.scalars(select(Dispute.status)).one() == "won"
    assert _sum(session, Book.DISPUTED) == 0
    closed_at = datetime.fromtimestamp(told.life.at, UTC)
    assert _standing(session, closed_at + timedelta(hours=1)) is Standing.ACTIVE


def test_w27_w28_an_event_stored_but_not_applied_is_applied_by_the_sweeper_once(session):
    life = Life("crash")
    once(life)
    for event in life.events:
        receiving.store(session, event, at=clock.now(), is_live=False)
    session.commit()

    assert applying.apply_all(session) == len(life.events)
    assert applying.apply_all(session) == 0
    assert _sum(session, Book.GIFTS) == -2500


def test_w31_while_stripe_is_down_the_reading_waits_and_the_last_state_stands(account, session, hear):
    subscription = account.subscribe(account.customer("cleo@example.org"))
    events = hear()
    before = _standing(session, clock.now())
    old = json.loads(json.dumps(next(e for e in events if e["type"] == "customer.subscription.updated")))
    old |= {"id": "evt_old", "api_version": "2020-08-27"}
    receiving.store(session, old, at=clock.now(), is_live=False)
    session.commit()
    applying.apply_all(session)
    account.sandbox.faults.add("error", times=50)

    now = clock.now()
    with clock.standing_still(now):
        assert reading_again.read_all(session, client.current()) == 0
    waiting = session.scalars(select(ObjectToRead)).one()
    assert (waiting.id, waiting.tries) == (subscription, 1)
    assert waiting.next_try_at - now == timedelta(minutes=1)
    assert _standing(session, clock.now()) is before

    account.sandbox.faults.clear()
    account.sandbox.advance("2 hours")
    assert reading_again.read_all(session, client.current()) == 1
    assert session.scalars(select(ObjectToRead)).all() == []


def test_w37_every_event_ends_in_one_of_the_known_states(account, session, hear):
    account.subscribe(account.customer("cleo@example.org"))
    hear()

    states = set(session.scalars(select(Event.state)))
    assert states
    assert states <= {EventState.APPLIED, EventState.IGNORED, EventState.FOREIGN}
