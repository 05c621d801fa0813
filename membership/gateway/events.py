"""Whether a delivery truly comes from Stripe, now."""

import hashlib
import hmac
import json
from collections.abc import Iterable
from datetime import datetime

from membership.gateway.client import Json
from membership.gateway.errors import SignatureError

TOLERANCE_S = 300
"""How far a signature's time may be from ours, in the past and (unlike Stripe's own check) in the future."""

_MOST_SIGNATURES = 8


def verify(payload: bytes, header: str, secrets: Iterable[str], now: datetime) -> Json:
    """The event in a delivery, once its signature over the raw body fits one of the endpoint's secrets.

    Raises:
        SignatureError: it fits none, is missing or malformed, or its time is more than TOLERANCE_S off either way.
            Also when a signed body is no JSON object.

    Source: https://docs.stripe.com/webhooks/signatures, "Verify manually"
    """
    check_signature(payload, header, secrets, now)
    return _event(payload)


def check_signature(payload: bytes, header: str, secrets: Iterable[str], now: datetime) -> None:
    """See that a body is signed with one of the endpoint's secrets, now; it is not looked into.

    Raises:
        SignatureError: as for `verify`.
    """
    at, signatures = _parts(header)
    expected = [_signature(secret, at, payload) for secret in secrets]
    # No early end: every pair is compared, so that the time taken says nothing about which secret fits.
    fits = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in signatures]
    if not any(fits):
        raise SignatureError("signature")
    _check_time(at, now)


def check_header(header: str, now: datetime) -> None:
    """Look at a signature's form and time alone, so that nobody need read the body of what cannot hold.

    Raises:
        SignatureError: it is malformed, or its time is more than TOLERANCE_S off either way.
    """
    at, _signatures = _parts(header)
    _check_time(at, now)


def _check_time(at: str, now: datetime) -> None:
    age = now.timestamp() - int(at)
    if age > TOLERANCE_S:
        raise SignatureError("too_old")
    if age < -TOLERANCE_S:
        raise SignatureError("from_the_future")


def _parts(header: str) -> tuple[str, list[bytes]]:
    if not header:
        raise SignatureError("missing")
    pairs = [part.strip().partition("=") for part in header[:4096].split(",")]
    times = [value for key, _, value in pairs if key == "t"]
    signatures = [value.encode() for key, _, value in pairs if key == "v1"][:_MOST_SIGNATURES]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit() and len(times[0]) <= 12):
        raise SignatureError("malformed")
    if not signatures:
        raise SignatureError("malformed")
    return times[0], signatures


def _signature(secret: str, at: str, payload: bytes) -> bytes:
    return hmac.new(secret.encode(), at.encode() + b"." + payload, hashlib.sha256).hexdigest().encode()


def _event(payload: bytes) -> Json:
    try:
        event = json.loads(payload)
    except (ValueError, RecursionError):
        raise SignatureError("body") from None
    if not isinstance(event, dict) or not isinstance(event.get("id"), str) or event.get("object") != "event":
        raise SignatureError("body")
    return event
