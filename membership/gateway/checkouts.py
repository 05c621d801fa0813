"""Sessions of Stripe Checkout, the hosted page on which a reader pays."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from membership.gateway import reading, speaking
from membership.gateway.client import Answer, Gateway, Json
from membership.money import Money

LIFE = timedelta(hours=23)
"""How long a session can be paid; Stripe allows 24 hours."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What Stripe is asked to take, from whom, and where it leads the reader afterwards."""

    public_id: str  # our Checkout's, the session's client reference
    money: Money
    interval: str  # "once", "month", "year"
    product_id: str
    language: str
    success_url: str  # with {CHECKOUT_SESSION_ID}
    cancel_url: str
    expires_at: datetime
    email: str = ""
    customer_id: str = ""  # of who has signed in; then `email` is not sent
    metadata: dict[str, str]


def open_session(gateway: Gateway, order: Order, *, key: str) -> Answer:
    """A session for an order; the same one however often it is asked with the same idempotency key.

    Raises:
        GatewayUnavailable: no usable answer; it may exist all the same (`find`).
        GatewayRefused: Stripe does not take this order.
    """
    params = _common(order) | (_once(order) if order.interval == "once" else _renewing(order))
    return gateway.call(
        lambda client: client.v1.checkout.sessions.create(cast("Any", params), {"idempotency_key": key})
    )


def read(gateway: Gateway, session_id: str) -> Answer:
    """A session as it is now, with its subscription, first bill and charge beside it.

    Raises:
        GatewayUnavailable: no usable answer.
        GatewayRefused: there is no such session (`is_missing`).
    """
    expand = ["subscription", "invoice.payments", "payment_intent.latest_charge"]
    return gateway.call(lambda client: client.v1.checkout.sessions.retrieve(session_id, {"expand": expand}))


def expire(gateway: Gateway, session_id: str, *, key: str) -> Answer:
    """Close an open session, so that it can no longer be paid.

    Raises:
        GatewayUnavailable: no usable answer.
        GatewayRefused: it is not open any more.
    """
    return gateway.call(
        lambda client: client.v1.checkout.sessions.expire(session_id, {}, {"idempotency_key": key})
    )


def find(gateway: Gateway, public_id: str, *, made_after: datetime, made_before: datetime) -> Answer | None:
    """The session that was opened for one of our checkouts, or None; reads all sessions of that stretch of time.

    Stripe cannot be asked for a client reference, so the stretch should be minutes.

    Raises:
        GatewayUnavailable: no usable answer.
        GatewayRefused: Stripe does not let us list sessions.
    """
    created = {"gte": int(made_after.timestamp()), "lte": int(made_before.timestamp())}
    for page in reading.pages(gateway, "checkout.session", filters={"created": created}):
        for session in page.objects:
            if session["client_reference_id"] == public_id:
                return Answer(body=session, as_of=page.as_of)
    return None


def _common(order: Order) -> Json:
    params: Json = {
        "client_reference_id": order.public_id,
        "metadata": order.metadata,
        "locale": speaking.locale_for(order.language),
        "expires_at": int(order.expires_at.timestamp()),
        "success_url": order.success_url,
        "cancel_url": order.cancel_url,
        "submit_type": "donate" if order.interval == "once" else "subscribe",
        "line_items": [{"quantity": 1, "price_data": _price(order)}],
    }
    if order.customer_id:
        params["customer"] = order.customer_id
    elif order.email:
        params["customer_email"] = order.email
    return params


def _price(order: Order) -> Json:
    price: Json = {
        "currency": order.money.currency,
        "unit_amount": order.money.amount,
        "product": order.product_id,
    }
    if order.interval != "once":
        price["recurring"] = {"interval": order.interval}
    return price


def _once(order: Order) -> Json:
    params: Json = {"mode": "payment", "payment_intent_data": {"metadata": order.metadata}}
    if not order.customer_id:
        params["customer_creation"] = "always"
    return params


def _renewing(order: Order) -> Json:
    return {
        "mode": "subscription",
        "subscription_data": {"metadata": order.metadata, "billing_mode": {"type": "flexible"}},
    }
