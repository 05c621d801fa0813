"""Ending what cannot be charged: an open bill is voided, a subscription canceled at once."""

from typing import Any, cast

from membership.gateway.client import Answer, Gateway, Json


def void_invoice(gateway: Gateway, invoice_id: str, *, key: str) -> Answer:
    """Let an open bill be owed no longer; nothing more is tried for it.

    Raises:
        GatewayUnavailable: no usable answer; it may have been done.
        GatewayRefused: it has been paid or voided before, or there is none.
    """
    return gateway.call(
        lambda client: client.v1.invoices.void_invoice(invoice_id, {}, {"idempotency_key": key})
    )


def cancel_now(gateway: Gateway, subscription_id: str, *, feedback: str = "", key: str) -> Answer:
    """End a subscription at once; nothing is charged or given back.

    Raises:
        GatewayUnavailable: no usable answer; it may have been done.
        GatewayRefused: it has ended before.
    """
    params: Json = {"cancellation_details": {"feedback": feedback}} if feedback else {}
    return gateway.call(
        lambda client: client.v1.subscriptions.cancel(
            subscription_id, cast("Any", params), {"idempotency_key": key}
        )
    )
