"""The few standing products at Stripe that gifts are sold as: one for each interval, never one for each gift."""

import hashlib

from membership.gateway.client import Gateway
from membership.gateway.errors import GatewayRefused

APP = "membership"
"""The value of metadata `app` on everything of ours at Stripe."""

IDS = {"once": "membership_gift_once", "month": "membership_gift_month", "year": "membership_gift_year"}
"""Our products' ids at Stripe, by interval; the same on every account, so that no row has to keep them."""


def is_ours(product_id: str) -> bool:
    """Whether a product at Stripe is one of ours."""
    return product_id in IDS.values()


def ensure(gateway: Gateway, interval: str, name: str) -> str:
    """The id of the standing product for gifts of an interval; made the first time, with the name givers see.

    Raises:
        GatewayUnavailable: no usable answer; asking again is safe, since the id is ours to choose.
        GatewayRefused: Stripe does not let us make products.
    """
    product_id = IDS[interval]
    if product_id in gateway.known_products:
        return product_id
    try:
        gateway.call(lambda client: client.v1.products.retrieve(product_id))
    except GatewayRefused as refused:
        if not refused.is_missing:
            raise
        _make(gateway, product_id, interval, name)
    gateway.known_products.add(product_id)
    return product_id


def _make(gateway: Gateway, product_id: str, interval: str, name: str) -> None:
    key = (
        f"product:{product_id}:{hashlib.sha256(name.encode()).hexdigest()[:32]}"  # a header takes no Cyrillic
    )
    try:
        gateway.call(
            lambda client: client.v1.products.create(
                {"id": product_id, "name": name, "metadata": {"app": APP, "interval": interval}},
                {"idempotency_key": key},
            )
        )
    except GatewayRefused as refused:
        if refused.code != "resource_already_exists":  # another process was quicker
            raise
