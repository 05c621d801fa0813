"""Verifying deliveries: only what Stripe has signed with one of our secrets, lately, is an event."""

import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from membership.gateway.errors import SignatureError
from membership.gateway.events import TOLERANCE_S, verify

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
EVENT = json.dumps({"id": "evt_1", "object": "event", "type": "charge.succeeded"}).encode()


NEW = "whsec_new"


def header(payload: bytes = EVENT, *, at: int = AT, secret: str = NEW) -> str:
    signature = hmac.new(secret.encode(), f"{at}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={at},v1={signature}"


def test_a_signed_event_is_given_as_it_is():
    assert verify(EVENT, header(), ["whsec_new"], NOW)["id"] == "evt_1"


def test_either_secret_fits_while_one_is_rotated():
    secrets = ["whsec_new", "whsec_old"]

    assert verify(EVENT, header(secret="whsec_old"), secrets, NOW)["id"] == "evt_1"
    assert verify(EVENT, header(secret="whsec_new"), secrets, NOW)["id"] == "evt_1"


def test_one_of_several_signatures_is_enough():
    several = header() + ",v1=" + "0" * 64 + ",v0=abc"

    assert verify(EVENT, several, ["whsec_new"], NOW)["id"] == "evt_1"


@pytest.mark.parametrize("age", [TOLERANCE_S, -TOLERANCE_S])
def test_a_time_at_the_edge_of_tolerance_holds(age: int):
    assert verify(EVENT, header(at=AT - age), ["whsec_new"], NOW)["id"] == "evt_1"


@pytest.mark.parametrize(
    ("age", "reason"), [(TOLERANCE_S + 1, "too_old"), (-TOLERANCE_S - 1, "from_the_future")]
)
def test_a_time_beyond_tolerance_is_refused_both_ways(age: int, reason: str):
    with pytest.raises(SignatureError) as refused:
        verify(EVENT, header(at=AT - age), ["whsec_new"], NOW)

    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "forged",
    [
        header(secret="whsec_other"),
        header(EVENT + b" "),
        f"t={AT},v1={'0' * 64}",
        f"t={AT},v0={header()[-64:]}",
        f"t={AT}",
        f"v1={'0' * 64}",
        f"t={AT},t={AT + 1},v1={'0' * 64}",
        "t=now,v1=" + "0" * 64,
        "t=１２３,v1=" + "0" * 64,
        "t=-5,v1=" + "0" * 64,
        "",
        "garbage",
        "t=,v1=",
        "t=" + "9" * 5000,
    ],
)
def test_a_forged_or_malformed_signature_is_refused(forged: str):
    with pytest.raises(SignatureError):
        verify(EVENT, forged, ["whsec_new"], NOW)


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"{", b'"event"', b'{"id": 5, "object": "event"}', b"[" * 5000]
)
def test_signed_nonsense_is_no_event(payload: bytes):
    with pytest.raises(SignatureError) as refused:
        verify(payload, header(payload), ["whsec_new"], NOW)

    assert refused.value.reason == "body"


def test_without_secrets_nothing_fits():
    with pytest.raises(SignatureError):
        verify(EVENT, header(), [], NOW)
