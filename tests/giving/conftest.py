"""Stripe's deliveries as tests make them: signed, over HTTP, and what became of them."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from membership import clock
from membership.giving import applying, receiving
from membership.settings import SANDBOX_WEBHOOK_SECRET
from tests.giving.stripe_words import Json


def signed(body: bytes, *, at: int | None = None, secret: str = SANDBOX_WEBHOOK_SECRET) -> dict[str, str]:
    """The headers of a delivery that Stripe has signed."""
    told = int(clock.now().timestamp()) if at is None else at
    signature = hmac.new(secret.encode(), f"{told}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={told},v1={signature}", "Content-Type": "application/json"}


@pytest.fixture
def deliver(client: FlaskClient) -> Callable[..., Any]:
    """Deliver an event (or raw bytes) as Stripe does; gives the answer."""

    def send(event: Json | bytes, **how: Any) -> Any:
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        headers = {**signed(body, **how.pop("sign", {})), **how.pop("headers", {})}
        return client.post("/stripe/events", data=body, headers=headers, **how)

    return send


@pytest.fixture
def take(session: Session) -> Callable[[Iterable[Json]], None]:
    """Store events and apply each in this order, by the path of the sweeper."""

    def apply(events: Iterable[Json]) -> None:
        for event in events:
            event_id, _, _ = receiving.store(session, event, at=clock.now(), is_live=False)
            session.commit()
            assert applying.apply_one(session, event_id)

    return apply
