"""What Stripe says of the past of some gifts of one customer: bills, payments, refunds, disputes, fees. Reads only.

Two lists for each customer, with all that hangs on them in the same answers; more only where one is long or disputed.
What else the customer paid to somebody on the same account is left out.
"""

from collections.abc import Collection, Iterator
from datetime import datetime

from membership.gateway import reading
from membership.gateway.client import Gateway, Json
from membership.giving import parsing
from membership.giving.facts import Observed
from membership.giving.fields import Thing

_WITH_INVOICES = ["data.payments"]
_WITH_CHARGES = ["data.balance_transaction", "data.refunds.data.balance_transaction"]


def of_customer(gateway: Gateway, customer_id: str, subscription_ids: Collection[str]) -> list[Observed]:
    """All facts about the bills of these subscriptions and the money that paid them.

    Raises:
        GatewayUnavailable, GatewayRefused: Stripe cannot be read.
        UnreadableObjectError: an object lacks what must be there.
    """
    found: list[Observed] = []
    intents: set[str] = set()
    filters: Json = {"customer": customer_id, "expand": _WITH_INVOICES}
    for page in reading.pages(gateway, "invoice", filters=filters):
        for body in page.objects:
            thing = Thing("invoice", body)
            details = thing.thing("parent").thing("subscription_details")
            if details.id_or_none("subscription") not in subscription_ids:
                continue
            found += parsing.from_object(body, page.as_of)
            for joint in _all_of(gateway, thing, "payments", "invoice_payment", {"invoice": body["id"]}):
                found += parsing.from_object(joint.json, page.as_of)
                payment = joint.thing("payment")
                intents |= {payment.id_or_none("payment_intent") or payment.id_or_none("charge") or ""}
    return [*found, *_money(gateway, customer_id, intents - {""})]


def _money(gateway: Gateway, customer_id: str, intents: Collection[str]) -> Iterator[Observed]:
    filters: Json = {"customer": customer_id, "expand": _WITH_CHARGES}
    for page in reading.pages(gateway, "charge", filters=filters) if intents else ():
        for body in page.objects:
            thing = Thing("charge", body)
            if (thing.id_or_none("payment_intent") or thing.text("id")) in intents:
                yield from parsing.from_object(body, page.as_of)
                yield from _taken_back(gateway, thing, page.as_of)


def _taken_back(gateway: Gateway, charge: Thing, as_of: datetime) -> Iterator[Observed]:
    """The refunds and disputes of a charge, with what they moved."""
    by_charge: Json = {"charge": charge.text("id")}
    for refund in _all_of(gateway, charge, "refunds", "refund", by_charge):
        yield from parsing.from_object(refund.json, as_of)
        if isinstance(refund.json.get("balance_transaction"), dict):
            yield from parsing.from_object(refund.json["balance_transaction"], as_of)
    if charge.json.get("disputed"):
        for page in reading.pages(gateway, "dispute", filters=by_charge):
            for dispute in page.objects:
                yield from parsing.from_object(dispute, page.as_of)


def _all_of(gateway: Gateway, thing: Thing, name: str, kind: str, filters: Json) -> list[Thing]:
    """The objects of a list within an object; read apart where the list goes on beyond what stands there."""
    if not thing.thing(name).json.get("has_more"):
        return thing.list_of(name)
    pages = reading.pages(gateway, kind, filters=filters)
    return [Thing(kind, body) for page in pages for body in page.objects]
