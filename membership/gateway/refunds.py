"""Sending money back."""

from typing import Any, cast

from membership.gateway.client import Answer, Gateway, Json
from membership.gateway.products import APP
from membership.money import Money


def create(gateway: Gateway, charge_id: str, money: Money, *, reason: str = "", key: str) -> Answer:
    """Return part or all of a charge. The payment itself changes when Stripe's events arrive.

    Raises:
        GatewayUnavailable: no usable answer; the money may be on its way.
        GatewayRefused: Stripe does not take it (more than is left, already disputed).
    """
    params: Json = {"charge": charge_id, "amount": money.amount, "metadata": {"app": APP, "intent": key}}
    if reason:
        params["reason"] = reason
    return gateway.call(
        lambda client: client.v1.refunds.create(cast("Any", params), {"idempotency_key": key})
    )


def find(gateway: Gateway, charge_id: str, *, key: str) -> Answer | None:
    """The refund that was made with an idempotency key, or None; settles an unknown outcome.

    Raises:
        GatewayUnavailable: no usable answer.
        GatewayRefused: there is no such charge.
    """
    page = gateway.call(lambda client: client.v1.refunds.list({"charge": charge_id, "limit": 100}))
    for refund in page.body["data"]:
        if (refund["metadata"] or {}).get("intent") == key:
            return Answer(body=refund, as_of=page.as_of)
    return None
