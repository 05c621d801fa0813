"""Stripe's door under crashes, floods and long silence (docs/trust.md, section W)."""

import json
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BufferedIOBase

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import event as listening
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from werkzeug.test import create_environ, run_wsgi_app

from membership import clock
from membership.db import db
from membership.gateway import client as gateway
from membership.giving import applying, reading_again, receiving, reconciling, stating
from membership.giving.ledger import LedgerEntry
from membership.giving.models import (
    Event,
    EventState,
    ObjectToRead,
    Payment,
    Refund,
    Subscription,
    SubscriptionState,
)
from membership.mail.models import OutgoingMail
from membership.patrons.models import Coverage
from tests.giving.conftest import signed
from tests.giving.kill_while_receiving import killed_at
from tests.giving.sandboxed import Account, account, empty, hear, work
from tests.giving.stripe_words import Json, Life, once

__all__ = ["account", "hear"]
MEBIBYTE = 1024 * 1024


def _event(name: str = "kill") -> Json:
    life = Life(name)
    once(life)
    return life.events[0]


def _count(session, model: type) -> int:
    session.rollback()
    return int(session.scalar(select(func.count()).select_from(model)) or 0)


@pytest.fixture
def one_key(settings_env: dict[str, str]) -> None:
    """A key that two processes share, since what is stored of an event is encrypted."""
    settings_env["MEMBERSHIP_FIELD_KEYS"] = Fernet.generate_key().decode()


@pytest.mark.usefixtures("one_key")
@pytest.mark.parametrize(
    ("point", "stored", "applied"),
    [("received", 0, 0), ("stored", 1, 0), ("applied", 1, 0), ("committed", 1, 1)],
)
def test_w26_w27_w28_killed_at_any_point_the_event_is_applied_once_in_the_end(
    deliver, session, settings_env, point, stored, applied
):
    clock.set_now(None)  # the other process has the machine's clock
    event = _event()
    session.rollback()
    killed_at(point, event, settings_env)
    assert (_count(session, Event), _count(session, Payment)) == (stored, applied)

    # No answer went out, so Stripe delivers again; or the worker's round comes first.
    applying.apply_all(session)
    assert deliver(event).status_code == 200
    assert session.get_one(Event, event["id"]).state is EventState.APPLIED
    assert (_count(session, Payment), _count(session, LedgerEntry)) == (1, 1)


class _Watched(BufferedIOBase):
    """A request body that notes how much of it was read."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.taken = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        count = self.left if size is None or size < 0 else min(size, self.left)
        self.left -= count
        self.taken += count
        return b" " * count


def _offer(app: Flask, body: _Watched, headers: dict[str, str]) -> int:
    """Deliver a body that is read as it comes; gives the status."""
    environ = create_environ("/stripe/events", method="POST", headers=headers)
    environ |= {"wsgi.input": body, "wsgi.input_terminated": True}
    status: str = run_wsgi_app(app, environ)[1]
    return int(status[:3])


@contextmanager
def _statements() -> Iterator[list[str]]:
    """The statements that reach the database meanwhile."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        seen.append(statement)

    listening.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        listening.remove(db.engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    "header", [None, "nonsense", "t=1", "t=x,v1=00", "v1=" + "0" * 64, "t=1,v1=" + "0" * 64]
)
def test_w36_a_delivery_whose_header_cannot_hold_is_refused_with_its_body_unread(app, session, header):
    body = _Watched(900_000)
    headers = {} if header is None else {"Stripe-Signature": header}

    with _statements() as seen:
        status = _offer(app, body, headers | {"Content-Length": "900000"})

    assert status == 400
    assert body.taken == 0
    assert seen == []


def test_w36_a_flood_of_forged_deliveries_asks_nothing_of_the_database_and_keeps_no_true_one_out(
    client, deliver, session
):
    now = int(clock.now().timestamp())
    forged = {"Stripe-Signature": f"t={now},v1=" + "0" * 64}

    with _statements() as seen:
        answers = {
            client.post("/stripe/events", data=b'{"object":"event"}', headers=forged).status_code
            for _ in range(2_000)
        }

    assert answers == {400}
    assert seen == []
    assert deliver(_event("true")).status_code == 200


def test_w20_of_a_body_without_length_no_more_than_the_limit_is_read(app, session):
    body = _Watched(50 * MEBIBYTE)

    assert _offer(app, body, signed(b"") | {"Transfer-Encoding": "chunked"}) == 413
    assert body.taken <= MEBIBYTE + 64 * 1024
    assert _count(session, Event) == 0


def test_w20_fifty_bodies_that_are_too_large_keep_memory_flat(app, session):
    session.rollback()
    statuses: list[int] = []

    def send() -> None:
        statuses.append(_offer(app, _Watched(10 * MEBIBYTE), signed(b"")))

    tracemalloc.start()
    threads = [threading.Thread(target=send) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert statuses == [413] * 50
    assert peak < 150 * MEBIBYTE  # far less than the 500 that were offered


def test_w09_in_a_burst_stripe_is_answered_first_and_the_worker_applies_all_together(deliver, session):
    lives = [Life(f"burst{number}") for number in range(30)]
    for life in lives:
        once(life)
    events = [event for life in lives for event in life.events]

    answers = {deliver(event).status_code for event in [*events, *events[::7]]}
    applying.apply_all(session)

    session.rollback()
    assert answers == {200}
    assert set(session.scalars(select(Event.state))) == {EventState.APPLIED}
    assert (_count(session, Payment), _count(session, LedgerEntry)) == (30, 30)


def test_w29_one_event_that_cannot_be_applied_is_found_among_many_and_holds_up_none(session):
    lives = [Life(f"among{number}") for number in range(12)]
    for life in lives:
        once(life)
    bad = next(event for event in lives[5].events if event["type"] == "charge.succeeded")
    bad["data"]["object"]["created"] = 10**17  # beyond any calendar
    for life in lives:
        for event in life.events:
            receiving.store(session, event, at=clock.now(), is_live=False)
    session.commit()

    applying.apply_all(session)

    session.rollback()
    states = {event.id: event.state for event in session.scalars(select(Event))}
    assert states.pop(bad["id"]) is EventState.FAILED
    assert set(states.values()) == {EventState.APPLIED}
    assert _count(session, Payment) >= 11


def test_w29_a_failure_of_the_database_in_the_midst_of_many_leaves_none_half_applied(session):
    lives = [Life(f"midst{number}") for number in range(6)]
    for life in lives:
        once(life)
        for event in life.events:
            receiving.store(session, event, at=clock.now(), is_live=False)
    session.commit()
    failures: list[str] = []

    def fail_once(_connection, _cursor, statement, *_rest) -> None:
        if not failures and statement.startswith("INSERT INTO ledger_line"):
            failures.append(statement)
            raise IntegrityError(statement, {}, Exception("a constraint of tomorrow"))

    listening.listen(db.engine, "before_cursor_execute", fail_once)
    try:
        applying.apply_all(session)
    finally:
        listening.remove(db.engine, "before_cursor_execute", fail_once)

    session.rollback()
    assert failures
    assert set(session.scalars(select(Event.state))) == {EventState.APPLIED}
    assert (_count(session, Payment), _count(session, LedgerEntry)) == (6, 6)


def test_w32_reconciling_many_at_once_tells_each_patron_of_their_own_gift_alone(account, session, hear):
    gifts = {}
    for name in ("ada", "ben", "cleo"):
        gifts[name] = account.subscribe(account.customer(f"{name}@example.org"))
    hear()
    reconciling.reconcile(session, gateway.current(), since=None)
    account.sandbox.advance("2 days")
    for subscription in gifts.values():
        account.client.v1.subscriptions.update(subscription, {"cancel_at_period_end": True})
    account.new_events()  # never delivered
    account.sandbox.advance("1 hours")

    reconciling.reconcile(session, gateway.current(), since=None)
    work(session)

    session.rollback()
    mails = session.scalars(select(OutgoingMail).where(OutgoingMail.kind == "giving/gift_canceled")).all()
    assert sorted(mail.recipient for mail in mails) == sorted(f"{name}@example.org" for name in gifts)


def _three_months(account: Account) -> None:
    """Two months in which all kinds of things happen, and forty days since."""
    cleo = account.customer("cleo@example.org")
    account.subscribe(cleo)
    leaving = account.subscribe(account.customer("eve@example.org"), 700)
    account.pay(account.customer("dov@example.org"), 1500)
    account.sandbox.advance("20 days")
    account.client.v1.subscriptions.update(leaving, {"cancel_at_period_end": True})
    account.sandbox.refund(account.pay(cleo, 2000), 800)
    lost = account.pay(cleo, 2600)
    account.sandbox.advance("2 days")
    account.sandbox.close_dispute(account.sandbox.open_dispute(lost), "lost")
    account.sandbox.advance("75 days")


def _books(session) -> Json:
    told = stating.state(session, clock.now())
    told.pop("at")
    session.rollback()
    return told


def test_w33_where_events_no_longer_reach_the_objects_alone_give_the_same_books(account, session, hear):
    _three_months(account)
    hear()
    reconciling.reconcile(session, gateway.current(), since=None)
    wanted = _books(session)
    empty(session)
    oldest = clock.now() - timedelta(days=30)

    found = reconciling.reconcile(session, gateway.current(), since=None)
    work(session)

    told = session.scalars(select(Event.created)).all()
    assert all(created >= oldest - timedelta(hours=1) for created in told)
    assert found.count > 0
    got = _books(session)
    for part in ("patrons", "payments", "refunds", "disputes", "ledger", "subscriptions"):
        assert got[part] == wanted[part], part
    assert _count(session, OutgoingMail) == 0  # all of it is long past


def test_w33_a_refund_and_an_end_of_long_ago_that_only_the_objects_tell_are_mailed_to_nobody(
    account, session, hear
):
    subscription = account.subscribe(account.customer("cleo@example.org"))
    hear()
    before = _count(session, OutgoingMail)
    account.sandbox.advance("2 days")
    account.sandbox.refund(session.scalars(select(Payment.id)).one())
    account.client.v1.subscriptions.update(subscription, {"cancel_at_period_end": True})
    account.sandbox.advance("75 days")
    account.new_events()  # never delivered

    reconciling.reconcile(session, gateway.current(), since=None)
    work(session)

    session.rollback()
    assert session.scalars(select(Subscription.status)).one() == "canceled"
    assert session.scalars(select(Refund.amount)).one() == 500
    assert _count(session, OutgoingMail) == before


def test_w32_days_that_were_missed_are_closed_and_nobody_is_mailed_of_what_is_long_past(
    account, session, hear
):
    _three_months(account)
    hear()
    before = _count(session, OutgoingMail)
    quiet_since = clock.now()
    intent = account.pay(account.customer("ada@example.org"), 2500)
    account.sandbox.advance("9 days")
    account.sandbox.refund(intent)
    account.sandbox.advance("8 days")
    account.new_events()  # never delivered

    reconciling.reconcile(session, gateway.current(), since=quiet_since - timedelta(days=1))
    work(session)

    assert session.scalar(select(func.count()).select_from(Payment).where(Payment.amount == 2500)) == 1
    assert _count(session, OutgoingMail) == before
    assert reconciling.reconcile(session, gateway.current(), since=None).count == 0


def _tell(session, *events: Json, applied: bool = True) -> None:
    """Let events come in, each applied before the next."""
    for event in events:
        receiving.store(session, event, at=clock.now(), is_live=False)
        session.commit()
        if applied:
            applying.apply_all(session)


def test_w08_both_objects_are_read_that_two_bodies_under_one_id_are_about(session):
    first, other = _event("aaa"), _event("bbb")

    _tell(session, first, other | {"id": first["id"]})

    told = {event["data"]["object"]["id"] for event in (first, other)}
    assert set(session.scalars(select(ObjectToRead.id).filter_by(reason="conflict"))) >= told


def _covered(session) -> list[tuple[object, ...]]:
    session.rollback()
    rows = session.scalars(select(Coverage).order_by(Coverage.starts_at, Coverage.source)).all()
    told: list[tuple[object, ...]] = [(row.source, row.starts_at, row.ends_at, row.ended_by) for row in rows]
    session.rollback()
    return told


@pytest.mark.parametrize("is_forged_first", [True, False])
@pytest.mark.parametrize("applied", [True, False])
def test_w08_after_the_reading_all_is_as_stripe_has_it_whichever_body_came_first(
    account, session, hear, is_forged_first, applied
):
    subscription = account.subscribe(account.customer("cleo@example.org"))
    newest = [event for event in hear() if event["data"]["object"]["id"] == subscription][-1]
    before, covered = _books(session), _covered(session)
    account.sandbox.advance("10 days")
    now = account.sandbox.now()
    true = json.loads(json.dumps(newest)) | {
        "id": "evt_two",
        "type": "customer.subscription.updated",
        "created": now,
    }
    forged = json.loads(json.dumps(true)) | {"type": "customer.subscription.deleted"}
    forged["data"]["object"] |= {"status": "canceled", "ended_at": now, "canceled_at": now}
    forged["data"]["object"]["items"]["data"][0]["price"]["unit_amount"] = 9_900

    _tell(session, *((forged, true) if is_forged_first else (true, forged)), applied=applied)
    if not applied:
        assert reading_again.read_all(session) == 0  # what is applied later would cover what was read
        applying.apply_all(session)
    account.sandbox.advance("1 minute")
    assert reading_again.read_all(session) == 1

    session.rollback()
    row = session.scalars(select(Subscription)).one()
    assert (row.status, row.ended_at, row.amount, row.terminal) == ("active", None, 500, 0)
    assert set(session.scalars(select(SubscriptionState.amount))) == {500}
    assert _covered(session) == covered
    after = _books(session)
    for part in ("patrons", "payments", "ledger", "movements"):
        assert after[part] == before[part], part
    assert session.scalars(select(ObjectToRead)).all() == []
    account.client.v1.subscriptions.cancel(subscription)
    hear()
    session.rollback()
    assert session.scalars(select(Subscription.status)).one() == "canceled"  # what comes later holds
