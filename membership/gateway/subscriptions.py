"""Changing a subscription at Stripe. Every call gives the subscription as it is afterwards."""

from datetime import datetime
from typing import Any, cast

from membership.gateway.client import Answer, Gateway, Json
from membership.money import Money

CHANGE = "change"
"""The metadata that names our last write, so that one whose answer was lost can be told from one never made."""


def read(gateway: Gateway, subscription_id: str) -> Answer:
    """A subscription as it is now.

    Raises:
        GatewayUnavailable: no usable answer.
        GatewayRefused: there is no such subscription.
    """
    return gateway.call(lambda client: client.v1.subscriptions.retrieve(subscription_id))


def change_amount(
    gateway: Gateway,
    subscription_id: str,
    *,
    item_id: str,
    money: Money,
    interval: str,
    product_id: str,
    covered_fee: int,
    key: str,
) -> Answer:
    """Charge another amount from the next renewal on; nothing is charged or given back now.

    Raises:
        GatewayUnavailable: no usable answer; the change may have been made.
        GatewayRefused: Stripe does not take it (the subscription has ended, say).
    """
    price = {
        "currency": money.currency,
        "unit_amount": money.amount,
        "product": product_id,
        "recurring": {"interval": interval},
    }
    return _update(
        gateway,
        subscription_id,
        {
            "items": [{"id": item_id, "price_data": price}],
            "proration_behavior": "none",
            "metadata": {"covered_fee": str(covered_fee)},
        },
        key,
    )


def cancel_at_period_end(gateway: Gateway, subscription_id: str, *, feedback: str = "", key: str) -> Answer:
    """Let it end with what is paid. `feedback` is one of Stripe's words for the reason, or nothing.

    Raises:
        GatewayUnavailable: no usable answer; it may have been done.
        GatewayRefused: Stripe does not take it (it has ended already, say).
    """
    params: Json = {"cancel_at_period_end": True}
    if feedback:
        params["cancellation_details"] = {"feedback": feedback}
    return _update(gateway, subscription_id, params, key)


def cancel_at(gateway: Gateway, subscription_id: str, *, at: datetime, key: str) -> Answer:
    """Let it end at an instant, to the second.

    Raises:
        GatewayUnavailable: no usable answer; it may have been done.
        GatewayRefused: Stripe does not take it (it has ended already, say).
    """
    return _update(gateway, subscription_id, {"cancel_at": int(at.timestamp())}, key)


def resume(gateway: Gateway, subscription_id: str, *, key: str) -> Answer:
    """Let it renew after all.

    Raises:
        GatewayUnavailable: no usable answer; it may have been done.
        GatewayRefused: it has ended already.
    """
    return _update(gateway, subscription_id, {"cancel_at_period_end": False}, key)


def is_changed_by(body: Json, key: str) -> bool:
    """Whether the write with this idempotency key is the last of ours that the subscription has seen."""
    return bool((body.get("metadata") or {}).get(CHANGE) == key)


def _update(gateway: Gateway, subscription_id: str, params: Json, key: str) -> Answer:
    params = {**params, "metadata": {**params.get("metadata", {}), CHANGE: key}}
    return gateway.call(
        lambda client: client.v1.subscriptions.update(
            subscription_id, cast("Any", params), {"idempotency_key": key}
        )
    )
