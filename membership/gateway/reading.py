"""Reading any object or list at Stripe, as plain JSON with the second at which it was so."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import stripe

from membership.gateway.client import Answer, Gateway, Json

Read = Callable[[stripe.StripeClient, str, Json], Any]
ListAll = Callable[[stripe.StripeClient, Json], Any]

_READERS: dict[str, Read] = {
    "account": lambda client, _id, params: client.v1.accounts.retrieve_current(cast("Any", params)),
    "balance_transaction": lambda client, id_, params: client.v1.balance_transactions.retrieve(
        id_, cast("Any", params)
    ),
    "charge": lambda client, id_, params: client.v1.charges.retrieve(id_, cast("Any", params)),
    "checkout.session": lambda client, id_, params: client.v1.checkout.sessions.retrieve(
        id_, cast("Any", params)
    ),
    "customer": lambda client, id_, params: client.v1.customers.retrieve(id_, cast("Any", params)),
    "dispute": lambda client, id_, params: client.v1.disputes.retrieve(id_, cast("Any", params)),
    "event": lambda client, id_, params: client.v1.events.retrieve(id_, cast("Any", params)),
    "invoice": lambda client, id_, params: client.v1.invoices.retrieve(id_, cast("Any", params)),
    "invoice_payment": lambda client, id_, params: client.v1.invoice_payments.retrieve(
        id_, cast("Any", params)
    ),
    "payment_intent": lambda client, id_, params: client.v1.payment_intents.retrieve(
        id_, cast("Any", params)
    ),
    "payment_method": lambda client, id_, params: client.v1.payment_methods.retrieve(
        id_, cast("Any", params)
    ),
    "product": lambda client, id_, params: client.v1.products.retrieve(id_, cast("Any", params)),
    "radar.early_fraud_warning": lambda client, id_, params: client.v1.radar.early_fraud_warnings.retrieve(
        id_, cast("Any", params)
    ),
    "refund": lambda client, id_, params: client.v1.refunds.retrieve(id_, cast("Any", params)),
    "subscription": lambda client, id_, params: client.v1.subscriptions.retrieve(id_, cast("Any", params)),
}

_LISTS: dict[str, ListAll] = {
    "balance_transaction": lambda client, params: client.v1.balance_transactions.list(cast("Any", params)),
    "charge": lambda client, params: client.v1.charges.list(cast("Any", params)),
    "checkout.session": lambda client, params: client.v1.checkout.sessions.list(cast("Any", params)),
    "customer": lambda client, params: client.v1.customers.list(cast("Any", params)),
    "dispute": lambda client, params: client.v1.disputes.list(cast("Any", params)),
    "event": lambda client, params: client.v1.events.list(cast("Any", params)),
    "invoice": lambda client, params: client.v1.invoices.list(cast("Any", params)),
    "invoice_payment": lambda client, params: client.v1.invoice_payments.list(cast("Any", params)),
    "payment_intent": lambda client, params: client.v1.payment_intents.list(cast("Any", params)),
    "refund": lambda client, params: client.v1.refunds.list(cast("Any", params)),
    "subscription": lambda client, params: client.v1.subscriptions.list(cast("Any", params)),
}


@dataclass(frozen=True)
class Page:
    """One page of a list; `next_after` is the id to go on from, or "" on the last page."""

    objects: list[Json]
    as_of: datetime
    next_after: str


def get(gateway: Gateway, kind: str, object_id: str, *, expand: tuple[str, ...] = ()) -> Answer:
    """One object. `kind` is Stripe's own word in `object` ("charge", "checkout.session").

    Raises:
        GatewayUnavailable: no usable answer.
        GatewayRefused: there is no such object (`is_missing`).
        KeyError: a kind that nobody reads here.
    """
    params: Json = {"expand": list(expand)} if expand else {}
    return gateway.call(lambda client: _READERS[kind](client, object_id, params))


def page(
    gateway: Gateway, kind: str, *, after: str = "", limit: int = 100, filters: Json | None = None
) -> Page:
    """One page of a list, newest first. `filters` are Stripe's own (`{"created": {"gte": …}}`).

    Raises:
        GatewayUnavailable: no usable answer.
        GatewayRefused: Stripe does not let us list these, or does not know `after`.
        KeyError: a kind that nobody lists here.
    """
    params: Json = {"limit": limit, **(filters or {})}
    if after:
        params["starting_after"] = after
    answer = gateway.call(lambda client: _LISTS[kind](client, params))
    objects = answer.body["data"]
    more = bool(answer.body["has_more"]) and bool(objects)
    return Page(objects=objects, as_of=answer.as_of, next_after=str(objects[-1]["id"]) if more else "")


def pages(gateway: Gateway, kind: str, *, after: str = "", filters: Json | None = None) -> Iterator[Page]:
    """All pages of a list, from `after` on; each call may raise as `page` does."""
    while True:
        found = page(gateway, kind, after=after, filters=filters)
        yield found
        if not found.next_after:
            return
        after = found.next_after
