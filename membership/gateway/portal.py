"""Stripe's billing portal: the page on which a patron changes the card. Everything else is done on our own pages."""

from typing import Any, cast

from membership.gateway import speaking
from membership.gateway.client import Answer, Gateway, Json
from membership.gateway.products import APP

_FEATURES: Json = {
    "payment_method_update": {"enabled": True},
    "invoice_history": {"enabled": True},
    "customer_update": {"enabled": False},
    "subscription_cancel": {"enabled": False},
    "subscription_update": {"enabled": False},
}


def open_card_update(
    gateway: Gateway, customer_id: str, *, return_url: str, language: str, key: str
) -> Answer:
    """A link that leads straight to the change of the card, and back to us afterwards.

    Raises:
        GatewayUnavailable: no usable answer.
        GatewayRefused: the customer is gone at Stripe (`is_missing`), or the portal is not to be had.
    """
    configuration_id = ensure_configuration(gateway)
    params: Json = {
        "customer": customer_id,
        "configuration": configuration_id,
        "return_url": return_url,
        "locale": speaking.locale_for(language),
        "flow_data": {
            "type": "payment_method_update",
            "after_completion": {"type": "redirect", "redirect": {"return_url": return_url}},
        },
    }
    return gateway.call(
        lambda client: client.v1.billing_portal.sessions.create(cast("Any", params), {"idempotency_key": key})
    )


def ensure_configuration(gateway: Gateway) -> str:
    """The id of our portal configuration, found by its metadata or made.

    Raises:
        GatewayUnavailable: no usable answer; asking again is safe.
        GatewayRefused: Stripe does not let us.
    """
    listed = gateway.call(
        lambda client: client.v1.billing_portal.configurations.list({"active": True, "limit": 100})
    )
    for configuration in listed.body["data"]:
        if (configuration["metadata"] or {}).get("app") == APP:
            return str(configuration["id"])
    params: Json = {"features": _FEATURES, "metadata": {"app": APP}}
    made = gateway.call(
        lambda client: client.v1.billing_portal.configurations.create(
            cast("Any", params), {"idempotency_key": "portal:configuration:1"}
        )
    )
    return made.id
