"""`POST /stripe/events`: what becomes of what is let in; Stripe gets a 200 for all that is its own (W06-W38)."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import LargeBinary, func, select, type_coerce
from structlog.testing import capture_logs

from membership import clock
from membership.accounts.models import SignInSession
from membership.app import create_app
from membership.cli import membership
from membership.db import Base, db
from membership.gateway.client import API_VERSION
from membership.giving import applying, checking, receiving
from membership.giving.ledger import LedgerEntry
from membership.giving.models import Event, EventState, Invoice, ObjectToRead, Payment, Subscription
from membership.mail.models import OutgoingMail
from membership.newsroom import due
from membership.newsroom.findings import Severity
from membership.patrons.models import Patron
from membership.settings import SANDBOX_WEBHOOK_SECRET, Settings
from tests.giving.conftest import signed
from tests.giving.stripe_words import Json, Life, monthly, once


def _event(name: str = "door") -> Json:
    life = Life(name)
    once(life)
    return life.events[0]


def _state(session, event: Json) -> EventState:
    session.rollback()
    kept: Event = session.get_one(Event, event["id"])
    return kept.state


def _soon_after(event: Json) -> datetime:
    """An instant at which an event is still news, so that a patron is told."""
    return datetime.fromtimestamp(event["created"], UTC) + timedelta(minutes=1)


def test_w06_an_exact_replay_is_counted_and_applied_once(deliver, session, clock):
    event = _event()
    clock.set(_soon_after(event))

    answers = [deliver(event) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[1].text == "duplicate\n"
    assert session.get_one(Event, event["id"]).deliveries == 3
    assert session.scalar(select(func.count()).select_from(LedgerEntry)) == 1
    assert session.scalars(select(OutgoingMail.kind)).all() == ["giving/welcome"]


def test_w08_another_body_under_a_known_id_is_kept_as_evidence_and_changes_nothing(deliver, session):
    event = _event()
    others = [json.loads(json.dumps(event)) for _ in range(2)]
    for number, other in enumerate(others):
        other["data"]["object"]["amount_captured"] = 999_999 + number
    deliver(event)
    assert checking.events_are_settled(session) == []

    answers = [deliver(other) for other in others]

    session.rollback()
    kept = session.get_one(Event, event["id"])
    assert [(answer.status_code, answer.text) for answer in answers] == [(200, "conflict\n")] * 2
    assert (kept.has_conflict, kept.deliveries) == (True, 3)
    assert (json.loads(kept.body), json.loads(kept.conflict_body)) == (event, others[0])
    assert (
        b"amount_captured" not in session.scalars(select(type_coerce(Event.conflict_body, LargeBinary))).one()
    )
    assert session.scalars(select(Payment.amount)).one() == 2500
    assert [(f.severity, f.ids) for f in checking.events_are_settled(session)] == [
        (Severity.RED, (event["id"],))
    ]


def test_w08_of_what_we_read_nothing_of_only_the_evidence_is_kept(deliver, session):
    event = _event() | {"type": "price.created", "data": {"object": {"id": "price_1", "object": "price"}}}
    deliver(event)

    assert deliver(event | {"data": {"object": {"id": "price_2", "object": "price"}}}).text == "conflict\n"

    assert session.get_one(Event, event["id"]).has_conflict
    assert session.scalars(select(ObjectToRead)).all() == []


@pytest.fixture
def four_workers(app, settings_env, tmp_path) -> Iterator[list[Flask]]:
    """The app four times over one database, each with a door and connections of its own, as server processes have."""
    settings = [settings_env | {"MEMBERSHIP_DATA_DIR": str(tmp_path / f"worker{n}")} for n in range(3)]
    others = [create_app(Settings.from_environment(one)) for one in settings]
    yield [app, *others]
    for other in others:
        with other.app_context():
            db.session.remove()
            db.engine.dispose()


def test_w09_twenty_deliveries_at_once_to_four_workers_are_applied_once(four_workers, session, clock):
    event = _event()
    clock.set(_soon_after(event))
    body = json.dumps(event).encode()
    session.rollback()
    statuses: list[int] = []

    def send(worker: Flask) -> None:
        answer = worker.test_client().post("/stripe/events", data=body, headers=signed(body))
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=send, args=(four_workers[number % 4],)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    applying.apply_all(session)

    session.rollback()
    assert statuses == [200] * 20
    kept = session.get_one(Event, event["id"])
    assert (kept.state, kept.deliveries) == (EventState.APPLIED, 20)
    assert session.scalar(select(func.count()).select_from(LedgerEntry)) == 1
    assert session.scalar(select(func.count()).select_from(Patron)) == 1
    assert session.scalars(select(OutgoingMail.kind)).all() == ["giving/welcome"]


@pytest.mark.parametrize(("ours", "patrons"), [(False, 0), (True, 1)])
def test_w17_what_is_not_ours_is_kept_as_foreign_makes_no_patron_and_mails_nobody(
    deliver, session, clock, ours, patrons
):
    life = Life("shop", ours=ours)
    monthly(life, 900)
    once(life)
    clock.set(
        datetime.fromtimestamp(life.at + 60, UTC)
    )  # what is long past would be no news to a patron either

    assert {deliver(event).status_code for event in life.events} == {200}
    due.apply_all(session)

    began = life.events[0]
    assert _state(session, began) is (EventState.APPLIED if ours else EventState.FOREIGN)
    assert session.scalar(select(func.count()).select_from(Patron)) == patrons
    assert bool(session.scalars(select(OutgoingMail.id)).all()) is ours


@pytest.fixture
def is_live(request, settings_env) -> bool:
    """Whether real money moves here."""
    if request.param:
        settings_env |= {
            "MEMBERSHIP_MODE": "production",
            "MEMBERSHIP_SECRET_KEY": "k" * 48,
            "MEMBERSHIP_FIELD_KEYS": Fernet.generate_key().decode(),
            "MEMBERSHIP_MAIL_URL": "file:///nowhere",
            "MEMBERSHIP_STRIPE_SECRET_KEY": "sk_live_abc",
            "MEMBERSHIP_STRIPE_WEBHOOK_SECRETS": SANDBOX_WEBHOOK_SECRET,
            "MEMBERSHIP_STRIPE_LIVE": "1",
        }
    return bool(request.param)


@pytest.mark.parametrize("is_live", [False, True], indirect=True, ids=["test", "live"])
def test_w18_an_event_of_the_other_mode_is_never_applied(is_live, deliver, session):
    event, right = (_event(name) | {"livemode": mode} for name, mode in (("a", not is_live), ("b", is_live)))

    with capture_logs() as told:
        assert (deliver(event).status_code, deliver(right).status_code) == (200, 200)

    assert [line["event_id"] for line in told if line["event"] == "event_of_the_wrong_mode"] == [event["id"]]
    assert _state(session, event) is EventState.WRONG_MODE
    assert _state(session, right) is EventState.APPLIED
    assert session.scalars(select(Payment.id)).all() == [right["data"]["object"]["id"]]
    assert applying.apply_all(session) == 0


def test_w19_an_event_of_a_connected_account_is_foreign(deliver, session):
    event = _event() | {"account": "acct_1"}

    assert deliver(event).status_code == 200

    assert _state(session, event) is EventState.FOREIGN


def test_w23_a_type_we_have_no_use_for_is_kept_and_ignored(deliver, session):
    event = _event() | {"type": "price.created"}

    assert deliver(event).status_code == 200

    assert _state(session, event) is EventState.IGNORED


def test_w24_an_event_of_another_api_version_is_read_again_and_not_trusted(deliver, session):
    life = Life("old")
    subscription, _ = monthly(life)
    old = life.events[0] | {"api_version": "2020-08-27"}
    old["data"]["object"] = subscription | {"current_period_end": 1, "items": None}

    assert deliver(old).status_code == 200

    session.rollback()
    assert session.scalars(select(ObjectToRead.id)).all() == [subscription["id"]]
    assert session.scalars(select(Subscription)).all() == []


def test_w24_a_subscription_without_its_items_is_read_again_and_not_guessed(deliver, session):
    life = Life("bare")
    subscription, _ = monthly(life)
    event = life.events[0]
    event["data"]["object"] = subscription | {"items": None}

    assert deliver(event).status_code == 200

    assert _state(session, event) is EventState.APPLIED
    assert [(row.id, row.reason) for row in session.scalars(select(ObjectToRead))] == [
        (subscription["id"], "items")
    ]
    assert session.scalars(select(Subscription)).all() == []


def test_w24_an_invoice_of_another_api_version_is_read_again_and_not_trusted(deliver, session):
    life = Life("old")
    subscription, _ = monthly(life)
    old = next(event for event in life.events if event["type"] == "invoice.paid")
    old |= {"api_version": "2024-06-20"}
    old["data"]["object"] |= {"subscription": subscription["id"], "parent": None, "paid": True}

    assert deliver(old).status_code == 200

    assert _state(session, old) is EventState.APPLIED
    assert [(row.type, row.id) for row in session.scalars(select(ObjectToRead))] == [
        ("invoice", old["data"]["object"]["id"])
    ]
    assert session.scalars(select(Invoice)).all() == []


def test_w24_the_doctor_names_an_endpoint_of_another_api_version_for_a_day(deliver, session, clock):
    event = _event("new")
    clock.set(datetime.fromtimestamp(event["created"], UTC) + timedelta(hours=1))
    listed = _event("listed") | {
        "api_version": "2024-06-20"
    }  # as Stripe's lists render it for an old account
    receiving.store(session, listed, at=clock.now(), is_live=False)
    session.commit()
    deliver(event)
    assert checking.endpoint_speaks_our_version(session) == []

    old = _event("old") | {"api_version": "2024-06-20"}
    deliver(old)

    (found,) = checking.endpoint_speaks_our_version(session)
    assert (found.check, found.severity, found.ids) == ("N65", Severity.AMBER, (old["id"],))
    assert API_VERSION in found.sentence
    clock.move(timedelta(days=1))
    assert checking.endpoint_speaks_our_version(session) == []


@pytest.mark.parametrize(
    "change",
    [
        {"amount_captured": "2500"},
        {"currency": "EUR"},
        {"amount_captured": 10**30},
        {"amount_captured": 25.5},
        {"created": None},
        {"created": -1},
        {"metadata": []},
        {"customer": 7},
        {"payment_method_details": "card"},
        {"id": None},
        {"id": ""},
    ],
)
def test_w25_a_field_of_another_kind_fails_the_event_names_the_field_only_and_writes_nothing(
    deliver, session, change
):
    event = _event()
    event["data"]["object"] |= change

    assert deliver(event).status_code == 200

    (field,) = change
    assert _state(session, event) is EventState.FAILED
    assert session.scalars(select(Event.error)).one() == (
        f"UnreadableObjectError charge.{field} is missing or of another type"
    )
    assert [(f.severity, f.ids) for f in checking.events_are_settled(session)] == [
        (Severity.AMBER, (event["id"],))
    ]
    assert session.scalar(select(func.count()).select_from(Payment)) == 0
    assert session.scalar(select(func.count()).select_from(LedgerEntry)) == 0


def test_w25_a_subscription_of_no_customer_fails_the_event_and_writes_nothing(deliver, session):
    life = Life("nobody")
    monthly(life)
    event = life.events[0]
    event["data"]["object"]["customer"] = None

    assert deliver(event).status_code == 200

    assert _state(session, event) is EventState.FAILED
    assert "subscription.customer" in session.scalars(select(Event.error)).one()
    for model in (Subscription, Patron):
        assert session.scalar(select(func.count()).select_from(model)) == 0


def test_w29_a_poisonous_event_blocks_nobody_and_is_given_up_after_eight_tries(deliver, session, clock):
    life = Life("poison")
    once(life)
    bad, good = life.events[0], life.events[1]
    bad["data"]["object"]["currency"] = "EUR"

    deliver(bad)
    deliver(good)
    for _ in range(7):
        session.rollback()
        clock.set(session.get_one(Event, bad["id"]).next_try_at)
        session.rollback()
        applying.apply_all(session)

    assert _state(session, good) is EventState.APPLIED
    assert _state(session, bad) is EventState.DEAD
    assert session.get_one(Event, bad["id"]).tries == 8


def test_w29_what_was_given_up_is_tried_again_by_command_and_said_if_it_still_fails(app, deliver, session):
    life = Life("poison")
    once(life)
    still_bad, mended = life.events[0], life.events[1]
    still_bad["data"]["object"]["currency"] = "EUR"
    deliver(mended)
    deliver(still_bad)
    for event in (mended, still_bad):  # as a release left them that could read neither
        session.get_one(Event, event["id"]).state = EventState.DEAD
    session.commit()
    retry = ["events", "retry"]

    one = app.test_cli_runner().invoke(membership, [*retry, mended["id"]])
    all_ = app.test_cli_runner().invoke(membership, retry)

    assert (one.exit_code, all_.exit_code) == (0, 1)
    assert "1 events to try again; 1 applied, 0 still failing." in one.output
    assert "1 still failing." in all_.output
    assert _state(session, mended) is EventState.APPLIED


@pytest.mark.parametrize("method", ["get", "put", "head", "delete", "patch"])
def test_w34_the_door_takes_posts_only_and_sets_no_cookie(client, method):
    answer = getattr(client, method)("/stripe/events")

    assert answer.status_code == 405
    assert "Set-Cookie" not in answer.headers


def test_w34_a_browser_elsewhere_gets_no_session(deliver):
    answer = deliver(_event(), headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


def test_w34_who_has_signed_in_is_nobody_here(session, as_, pia):
    body = json.dumps(_event()).encode()
    browser = as_(pia)
    before = _sessions(session)

    answer = browser.post("/stripe/events", data=body, headers=signed(body))

    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert _sessions(session) == before
    assert len(before) == 1


def _sessions(session) -> list[tuple[int, datetime]]:
    session.rollback()
    return [(row.id, row.seen_at) for row in session.scalars(select(SignInSession))]


def test_w37_what_varies_between_deliveries_makes_no_conflict(deliver, session):
    event = _event()
    again = event | {"pending_webhooks": 0, "request": {"id": "req_2"}, "unknown": True}
    deliver(event)

    assert deliver(again).text == "duplicate\n"

    session.rollback()
    assert not session.get_one(Event, event["id"]).has_conflict


def test_w38_an_event_from_the_future_is_taken(deliver, session):
    event = _event() | {"created": int(clock.now().timestamp()) + 86_400}

    assert deliver(event).status_code == 200

    assert _state(session, event) is EventState.APPLIED


def test_w30_while_nothing_can_be_stored_stripe_is_told_to_come_again(deliver, session):
    event = _event()
    session.rollback()
    table = Base.metadata.tables["event"]
    table.drop(db.engine)

    answer = deliver(event)

    table.create(db.engine)  # so that the next test finds a database to empty
    assert (answer.status_code, answer.text) == (503, "try again\n")  # and not a word of the database
