"""Changing a subscription at Stripe. Every call gives the subscription as it is afterwards."""

from datetime import datetime
from typing import Any, cast

from membership.gateway import products
from membership.gateway.client import Answer, Gateway, Json
from membership.money import Money

CHANGE = "change"
"""The metadata that names our last write, so that one whose answer was lost can be told from one never made."""


ADOPTED = "adopted"
"""The metadata that says since when a subscription that another program made is ours, in seconds."""


def read(gateway: Gateway, subscription_id: str) -> Answer:
    """A subscription as it is now.

    Raises:
        GatewayUnavailable: no usable answer.
        GatewayRefused: there is no such subscription.
    """
    return gateway.call(lambda client: client.v1.subscriptions.retrieve(subscription_id))


def switch_interval(
    gateway: Gateway,
    subscription_id: str,
    *,
    item_id: str,
    money: Money,
    interval: str,
    covered_fee: int,
    starts_at: datetime,
    key: str,
) -> Answer:
    """Charge another amount at another interval, for the first time at `starts_at`; nothing is charged before.

    The product of that interval must be there (products.ensure).

    Raises:
        GatewayUnavailable: no usable answer; the change may have been made.
        GatewayRefused: Stripe does not take it (the subscription has ended, say).
    """
    params: Json = {
        "items": [_item(item_id, _price(money, interval, products.IDS[interval]))],
        "proration_behavior": "none",
        "trial_end": _seconds(starts_at),
        "metadata": {"covered_fee": str(covered_fee)},
    }
    return _update(gateway, subscription_id, params, key)


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
    return _update(
        gateway,
        subscription_id,
        {
            "items": [_item(item_id, _price(money, interval, product_id))],
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


def cancel_at(
    gateway: Gateway, subscription_id: str, *, at: datetime, feedback: str = "", key: str
) -> Answer:
    """Let it end at an instant, to the second; `feedback` as in `cancel_at_period_end`.

    Raises:
        GatewayUnavailable: no usable answer; it may have been done.
        GatewayRefused: Stripe does not take it (it has ended already, say).
    """
    params: Json = {"cancel_at": _seconds(at)}
    if feedback:
        params["cancellation_details"] = {"feedback": feedback}
    return _update(gateway, subscription_id, params, key)


def resume(gateway: Gateway, subscription_id: str, *, at_an_instant: bool = False, key: str) -> Answer:
    """Let it renew after all; `at_an_instant`: it was set to end by `cancel_at`, not with its period.

    Raises:
        GatewayUnavailable: no usable answer; it may have been done.
        GatewayRefused: it has ended already.
    """
    params: Json = {"cancel_at": ""} if at_an_instant else {"cancel_at_period_end": False}
    return _update(gateway, subscription_id, params, key)


def hold_collection(
    gateway: Gateway, subscription_id: str, *, rest: Json, until: datetime, key: str
) -> Answer:
    """Void what falls due before `until`, and collect again from then on; the rhythm of the charges stays.

    `rest` is what we remember of it in the subscription's metadata.

    Raises:
        GatewayUnavailable: no usable answer; it may have been done.
        GatewayRefused: Stripe does not take it.
    """
    params: Json = {
        "pause_collection": {"behavior": "void", "resumes_at": _seconds(until)},
        "metadata": rest,
    }
    return _update(gateway, subscription_id, params, key)


def move_next_charge(gateway: Gateway, subscription_id: str, *, rest: Json, to: datetime, key: str) -> Answer:
    """Let the next charge, and the rhythm of all later ones, fall on `to`; nothing is charged or given back before.

    Collection that is held is no longer.

    Raises:
        GatewayUnavailable: no usable answer; it may have been done.
        GatewayRefused: Stripe does not take it (the instant has passed, say).
    """
    params: Json = {
        "pause_collection": "",
        "trial_end": _seconds(to),
        "proration_behavior": "none",
        "metadata": rest,
    }
    return _update(gateway, subscription_id, params, key)


def collect_again(gateway: Gateway, subscription_id: str, *, rest: Json, key: str) -> Answer:
    """Undo `hold_collection`: the next charge falls where its rhythm has it, nothing is charged now.

    Raises:
        GatewayUnavailable: no usable answer; it may have been done.
        GatewayRefused: Stripe does not take it.
    """
    return _update(gateway, subscription_id, {"pause_collection": "", "metadata": rest}, key)


def charge_now(gateway: Gateway, subscription_id: str, *, rest: Json, is_on_trial: bool, key: str) -> Answer:
    """Begin a period at once and charge it; later charges follow from today. A declined card changes nothing.

    `is_on_trial`: it waits for a charge that `move_next_charge` moved.

    Raises:
        GatewayUnavailable: no usable answer; it may have been done.
        GatewayRefused: the card was declined (`is_declined`), or Stripe does not take it.
    """
    params: Json = {
        "pause_collection": "",
        "payment_behavior": "error_if_incomplete",
        "proration_behavior": "none",
        "metadata": rest,
    }
    if is_on_trial:
        params["trial_end"] = "now"
    else:
        params["billing_cycle_anchor"] = {"type": "now"}
    return _update(gateway, subscription_id, params, key)


def adopt(gateway: Gateway, subscription_id: str, *, at: datetime, key: str) -> Answer:
    """Put our mark on a subscription that another program made, one that has ended too; nothing else is changed.

    `at` is since when it is ours.

    Raises:
        GatewayUnavailable: no usable answer; it may have been marked.
        GatewayRefused: Stripe does not take it (it has as much metadata as it may have, say).
    """
    return _update(
        gateway, subscription_id, {"metadata": {"app": products.APP, ADOPTED: str(_seconds(at))}}, key
    )


def _price(money: Money, interval: str, product_id: str) -> Json:
    return {
        "currency": money.currency,
        "unit_amount": money.amount,
        "product": product_id,
        "recurring": {"interval": interval},
    }


def _item(item_id: str, price: Json) -> Json:
    """An item that costs a price once: one that was adopted may have been several of something."""
    return {"id": item_id, "price_data": price, "quantity": 1}


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


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
