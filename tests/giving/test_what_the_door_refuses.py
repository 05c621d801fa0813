"""What is not let in at `POST /stripe/events`: what Stripe has not signed, not now, or what is no event (W01-W35)."""

import json
import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from membership import clock
from membership.giving.models import Event
from membership.settings import SANDBOX_WEBHOOK_SECRET
from tests.giving.conftest import signed
from tests.giving.stripe_words import Json, Life, once

WRONG = "0" * 64


def _event(name: str = "door") -> Json:
    life = Life(name)
    once(life)
    return life.events[0]


def _stored(session) -> int:
    session.rollback()
    return int(session.scalar(select(func.count()).select_from(Event)))


def test_w01_a_delivery_without_signature_is_refused(client, session):
    with capture_logs() as told:
        answer = client.post("/stripe/events", data=json.dumps(_event()).encode())

    assert (answer.status_code, answer.text) == (400, "refused\n")
    assert answer.headers["Cache-Control"] == "no-store"
    assert [(line["event"], line["reason"]) for line in told] == [("webhook_rejected", "missing")]
    assert _stored(session) == 0


@pytest.mark.parametrize(
    "signatures",
    [
        "t={now},v1=",
        "t={now},v0={true}",
        "t={now}",
        "t={now},v1={cut}",
        "t={now},v1={foreign}",
        "t={now}," + ",".join([f"v1={WRONG}"] * 200),
        "t={now}," + ",".join([f"v1={WRONG}"] * 8) + ",v1={true}",
        "t={now},v1=" + "0" * 65_000,
        "t={now},v1=" + WRONG + ",v0=" + "0" * 4_096 + ",v1={true}",
        "v1={true}",
        "t={now},t={now},v1={true}",
        "t={now};v1={true}",
    ],
)
def test_w02_a_malformed_or_foreign_signature_is_refused(client, session, signatures):
    body = json.dumps(_event()).encode()
    header = _filled(signatures, body)

    answer = client.post("/stripe/events", data=body, headers={"Stripe-Signature": header})

    assert (answer.status_code, answer.text) == (400, "refused\n")
    assert _stored(session) == 0


def test_w02_the_true_signature_among_the_first_eight_holds(client):
    body = json.dumps(_event()).encode()
    header = _filled("t={now}," + ",".join([f"v1={WRONG}"] * 7) + ",v1={true}", body)

    assert client.post("/stripe/events", data=body, headers={"Stripe-Signature": header}).status_code == 200


def _filled(signatures: str, body: bytes) -> str:
    """A header of now, with the true signature of a body, one cut short or one made with another secret."""
    true, foreign = (
        signed(body, secret=secret)["Stripe-Signature"].partition("v1=")[2]
        for secret in (SANDBOX_WEBHOOK_SECRET, "whsec_other")
    )
    return signatures.format(now=int(clock.now().timestamp()), true=true, cut=true[:-1], foreign=foreign)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body + b" ",
        lambda body: body + b"\n",
        lambda body: body.replace(b'"amount": 2500', b'"amount": 2501'),
        lambda body: body.replace(b'"amount": 2500', b'"amount":2500'),
        lambda body: json.dumps(json.loads(body), sort_keys=True).encode(),
        lambda body: json.dumps(json.loads(body), separators=(",", ":")).encode(),
    ],
    ids=["a blank", "a line", "a byte", "a blank within", "the order of keys", "written anew"],
)
def test_w03_a_body_changed_by_one_byte_is_refused(client, session, change: Callable[[bytes], bytes]):
    body = json.dumps(_event()).encode()
    changed = change(body)
    assert changed != body

    answer = client.post("/stripe/events", data=changed, headers=signed(body))

    assert answer.status_code == 400
    assert _stored(session) == 0


@pytest.mark.parametrize(("age", "status"), [(300, 200), (301, 400), (-300, 200), (-301, 400)])
def test_w04_w05_a_signature_holds_for_five_minutes_both_ways(deliver, age, status):
    at = int(clock.now().timestamp()) - age

    assert deliver(_event(), sign={"at": at}).status_code == status


@pytest.mark.parametrize(
    "at", ["-1", "1e9", "٣٣٣٣", "9" * 30, "", "nan", "+{now}", " {now}", "{now}.0", "-{now}", "1_{now}"]
)
def test_w05_a_time_that_is_no_plain_number_is_refused_although_it_is_signed(deliver, session, at):
    told = at.format(now=int(clock.now().timestamp()))

    assert deliver(_event(), sign={"at": told}).status_code == 400
    assert _stored(session) == 0


def test_w07_a_replay_after_five_minutes_is_refused_although_the_event_is_known(deliver, client, clock):
    event = _event()
    body = json.dumps(event).encode()
    headers = signed(body)
    assert deliver(event).status_code == 200

    clock.move(timedelta(seconds=301))

    assert client.post("/stripe/events", data=body, headers=headers).status_code == 400


def test_w20_a_body_over_one_mebibyte_is_refused(client, session):
    body = b" " * (1024 * 1024 + 1)

    answer = client.post("/stripe/events", data=body, headers=signed(body))

    assert answer.status_code == 413
    assert _stored(session) == 0


def test_w20_a_body_of_one_mebibyte_exactly_is_taken(deliver, session):
    event = _event() | {"pad": ""}
    event["pad"] = "x" * (1024 * 1024 - len(json.dumps(event)))
    assert len(json.dumps(event).encode()) == 1024 * 1024

    assert deliver(event).status_code == 200
    assert _stored(session) == 1


def _with(**fields: Any) -> bytes:
    return json.dumps(_event() | fields).encode()


def _object_with(**fields: Any) -> bytes:
    event = _event()
    event["data"]["object"] |= fields
    return json.dumps(event).encode()


def _without(name: str) -> bytes:
    event = _event()
    del event[name]
    return json.dumps(event).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"[]",
        b"null",
        b"[" * 10_000,
        b"[" + _with() + b"]",
        _with().replace(b'"id": ', b'"id": "evt_twice", "id": ', 1),
        _with().replace(b'"amount": ', b'"amount": 1, "amount": ', 1),
        _object_with(amount_refunded=math.nan),
        _object_with(amount_refunded=math.inf),
        _object_with(metadata=json.loads('{"a":' * 200 + "1" + "}" * 200)),
        json.dumps(_event()).encode("utf-16"),
        json.dumps(_event()).encode("utf-8-sig"),
        _object_with(description="Кіт").replace(rb"\u041a\u0456\u0442", "Кіт".encode("cp1251")),
        *[_without(name) for name in ("id", "type", "created", "livemode")],
        _with(id=7),
        _with(id="evt_\0"),
        _with(created="now"),
        _with(livemode=None),
    ],
)
def test_w21_signed_nonsense_is_refused_with_an_alarm_and_nothing_is_stored(deliver, session, body):
    with capture_logs() as told:
        answer = deliver(body)

    assert (answer.status_code, answer.text) == (400, "refused\n")
    assert [(line["event"], line["log_level"]) for line in told] == [("signed_nonsense", "error")]
    assert _stored(session) == 0


def test_w21_what_the_nonsense_was_made_from_is_an_event(deliver):
    for body in (_with(), _object_with(description="Кіт")):
        assert deliver(body).status_code == 200


def test_w22_a_compressed_body_is_refused_unopened(deliver, session):
    answer = deliver(_event(), headers={"Content-Encoding": "gzip"})

    assert answer.status_code == 415
    assert _stored(session) == 0


@pytest.fixture
def two_secrets(settings_env):
    """Two secrets, as while one is rotated."""
    settings_env["MEMBERSHIP_STRIPE_WEBHOOK_SECRETS"] = f"whsec_new,{SANDBOX_WEBHOOK_SECRET}"


@pytest.mark.usefixtures("two_secrets")
def test_w35_both_secrets_hold_while_one_is_rotated(deliver):
    assert deliver(_event("a"), sign={"secret": "whsec_new"}).status_code == 200
    assert deliver(_event("b")).status_code == 200
    assert deliver(_event("c"), sign={"secret": "whsec_older"}).status_code == 400
