"""Events as Stripe sends them (API 2026-10-28.endive), with only the fields that tell something; for many orders.

`Life` writes the events of one patron's story down as it goes. Times are seconds after NOW.
"""

import json
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]
START = int(datetime(2026, 3, 10, 9, 0, tzinfo=UTC).timestamp())
MONTH = 31 * 86_400
VERSION = "2026-10-28.endive"


def _list(*data: Json) -> Json:
    return {"object": "list", "data": list(data), "has_more": False}


class Life:
    """One customer's story at Stripe: `events` in order, `objects` as they are at the end."""

    def __init__(
        self, name: str, *, currency: str = "eur", ours: bool = True, email: str | None = None
    ) -> None:
        self.name = name
        self.currency = currency
        self.customer = f"cus_{name}"
        self.email = email or f"{name}@example.org"
        self.metadata: dict[str, str] = {"app": "membership", "checkout": f"co{name}"} if ours else {}
        self.events: list[Json] = []
        self.objects: dict[str, Json] = {}
        self.at = START
        self._numbers: dict[str, int] = {}

    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.at += seconds

    def id(self, prefix: str) -> str:
        """The next id of a kind."""
        self._numbers[prefix] = self._numbers.get(prefix, 0) + 1
        return f"{prefix}_{self.name}{self._numbers[prefix]}"

    def put(self, thing: Json) -> Json:
        """Remember an object as it is now."""
        self.objects[thing["id"]] = thing
        return thing

    def tell(self, kind: str, thing: Json, *, at: int | None = None) -> Json:
        """Send an event about an object as it is now."""
        event = {
            "id": self.id("evt"),
            "object": "event",
            "api_version": VERSION,
            "created": self.at if at is None else at,
            "data": {"object": json.loads(json.dumps(thing))},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        self.events.append(event)
        return event

    def session(self, *, interval: str, intent: str | None = None, subscription: str | None = None) -> Json:
        """A Checkout session that was paid."""
        return self.put(
            {
                "id": self.id("cs_test"),
                "object": "checkout.session",
                "created": self.at - 60,
                "client_reference_id": self.metadata.get("checkout"),
                "customer": self.customer,
                "customer_details": {"email": self.email, "name": "Olena Kravets"},
                "metadata": self.metadata,
                "mode": "payment" if interval == "once" else "subscription",
                "payment_intent": intent,
                "payment_status": "paid",
                "status": "complete",
                "subscription": subscription,
            }
        )

    def charge(
        self, amount: int, *, intent: str, metadata: dict[str, str] | None = None, method: str = "card"
    ) -> Json:
        """A charge that succeeded, its balance transaction not yet made."""
        return self.put(
            {
                "id": self.id("ch"),
                "object": "charge",
                "amount": amount,
                "amount_captured": amount,
                "amount_refunded": 0,
                "balance_transaction": None,
                "billing_details": {"email": self.email, "name": "Olena Kravets"},
                "captured": True,
                "created": self.at,
                "currency": self.currency,
                "customer": self.customer,
                "metadata": metadata or {},
                "payment_intent": intent,
                "payment_method_details": {
                    "type": method,
                    method: {"country": "DE", "last4": "4242", "fingerprint": f"fp{self.name}"},
                },
                "status": "succeeded",
            }
        )

    def failed_charge(self, amount: int, *, intent: str) -> Json:
        """A charge that was declined."""
        return self.put(
            self.charge(amount, intent=intent)
            | {
                "amount_captured": 0,
                "captured": False,
                "failure_code": "card_declined",
                "outcome": {"reason": "insufficient_funds"},
                "status": "failed",
            }
        )

    def balance(
        self, source: str, amount: int, fee: int, *, kind: str = "charge", currency: str = "eur"
    ) -> Json:
        """A balance transaction; for a charge the charge names it."""
        made = self.put(
            {
                "id": self.id("txn"),
                "object": "balance_transaction",
                "amount": amount,
                "available_on": self.at + 86_400,
                "created": self.at,
                "currency": currency,
                "exchange_rate": None,
                "fee": fee,
                "net": amount - fee,
                "source": source,
                "type": kind,
            }
        )
        if "balance_transaction" in self.objects.get(source, {}):
            self.objects[source]["balance_transaction"] = made["id"]
        return made

    def subscription(self, amount: int, *, interval: str = "month", starts: int | None = None) -> Json:
        """A subscription that has just begun."""
        starts = self.at if starts is None else starts
        return self.put(
            {
                "id": self.id("sub"),
                "object": "subscription",
                "cancel_at": None,
                "cancel_at_period_end": False,
                "canceled_at": None,
                "cancellation_details": {"reason": None, "feedback": None, "comment": None},
                "created": starts,
                "currency": self.currency,
                "customer": self.customer,
                "ended_at": None,
                "items": _list(self.item(amount, interval, starts, starts + _length(interval))),
                "metadata": self.metadata,
                "pause_collection": None,
                "status": "active",
                "trial_end": None,
            }
        )

    def item(self, amount: int, interval: str, starts: int, ends: int) -> Json:
        """The one item of a subscription."""
        return {
            "id": f"si_{self.name}",
            "object": "subscription_item",
            "current_period_start": starts,
            "current_period_end": ends,
            "price": {
                "id": f"price_{amount}",
                "object": "price",
                "currency": self.currency,
                "product": "prod_x",
                "recurring": {"interval": interval, "interval_count": 1},
                "unit_amount": amount,
            },
            "quantity": 1,
        }

    def invoice(
        self,
        subscription: Json,
        *,
        reason: str = "subscription_create",
        status: str = "paid",
        attempts: int = 1,
    ) -> Json:
        """An invoice for the subscription's present period."""
        item = subscription["items"]["data"][0]
        amount = item["price"]["unit_amount"]
        return self.put(
            {
                "id": self.id("in"),
                "object": "invoice",
                "amount_due": amount,
                "amount_paid": amount if status == "paid" else 0,
                "attempt_count": attempts,
                "billing_reason": reason,
                "created": self.at,
                "currency": self.currency,
                "customer": self.customer,
                "hosted_invoice_url": "https://invoice.example/i",
                "lines": _list(
                    {
                        "id": self.id("il"),
                        "object": "line_item",
                        "amount": amount,
                        "parent": {
                            "type": "subscription_item_details",
                            "subscription_item_details": {
                                "subscription": subscription["id"],
                                "proration": False,
                            },
                        },
                        "period": {
                            "start": item["current_period_start"],
                            "end": item["current_period_end"],
                        },
                        "pricing": {"price_details": {"product": "prod_x"}},
                    }
                ),
                "metadata": {},
                "next_payment_attempt": None,
                "parent": {
                    "type": "subscription_details",
                    "subscription_details": {
                        "subscription": subscription["id"],
                        "metadata": subscription["metadata"],
                    },
                },
                "status": status,
                "status_transitions": {
                    "paid_at": self.at if status == "paid" else None,
                    "voided_at": None,
                    "marked_uncollectible_at": None,
                },
            }
        )

    def joint(self, invoice: Json, intent: str, *, status: str = "paid") -> Json:
        """What joins an invoice to a payment intent."""
        return self.put(
            {
                "id": self.id("inpay"),
                "object": "invoice_payment",
                "amount_paid": invoice["amount_due"] if status == "paid" else None,
                "created": self.at,
                "currency": self.currency,
                "invoice": invoice["id"],
                "payment": {"type": "payment_intent", "payment_intent": intent},
                "status": status,
            }
        )

    def refund(self, charge: Json, amount: int) -> Json:
        """A refund that succeeded."""
        return self.put(
            {
                "id": self.id("re"),
                "object": "refund",
                "amount": amount,
                "balance_transaction": None,
                "charge": charge["id"],
                "created": self.at,
                "currency": self.currency,
                "failure_balance_transaction": None,
                "payment_intent": charge["payment_intent"],
                "status": "succeeded",
            }
        )

    def dispute(self, charge: Json, amount: int | None = None, *, status: str = "needs_response") -> Json:
        """A dispute, as it opens."""
        return self.put(
            {
                "id": self.id("du"),
                "object": "dispute",
                "amount": amount or charge["amount"],
                "balance_transactions": [],
                "charge": charge["id"],
                "created": self.at,
                "currency": self.currency,
                "evidence_details": {"due_by": self.at + 9 * 86_400},
                "reason": "fraudulent",
                "status": status,
            }
        )

    def renew(self, subscription: Json) -> None:
        """Move a subscription to its next period."""
        item = subscription["items"]["data"][0]
        starts = item["current_period_end"]
        item["current_period_start"] = starts
        item["current_period_end"] = starts + _length(item["price"]["recurring"]["interval"])


def _length(interval: str) -> int:
    return MONTH if interval == "month" else 365 * 86_400


def once(life: Life, amount: int = 2500) -> Json:
    """A one-time gift; tells the charge, its session, the charge with its balance transaction. Gives the charge."""
    intent = life.id("pi")
    charge = life.charge(amount, intent=intent, metadata=life.metadata | {"months": str(amount // 500)})
    life.tell("charge.succeeded", charge)
    life.tell("checkout.session.completed", life.session(interval="once", intent=intent), at=life.at + 1)
    life.balance(charge["id"], amount, 63)
    life.tell("charge.updated", charge, at=life.at + 2)
    return charge


def monthly(life: Life, amount: int = 500, *, interval: str = "month") -> tuple[Json, Json]:
    """A gift that renews: subscription, charge, invoice, what joins them. Gives the subscription and the charge."""
    subscription = life.subscription(amount, interval=interval)
    life.tell("customer.subscription.created", subscription | {"status": "incomplete"})
    life.wait(2)
    charge, invoice = pay(life, subscription)
    life.tell("customer.subscription.updated", subscription)
    del invoice
    return subscription, charge


def pay(life: Life, subscription: Json, *, reason: str = "subscription_create") -> tuple[Json, Json]:
    """Charge the subscription's present period; tells charge, invoice and what joins them."""
    intent = life.id("pi")
    charge = life.charge(subscription["items"]["data"][0]["price"]["unit_amount"], intent=intent)
    invoice = life.invoice(subscription, reason=reason)
    life.tell("charge.succeeded", charge)
    life.tell("invoice_payment.paid", life.joint(invoice, intent))
    life.tell("invoice.paid", invoice)
    return charge, invoice
