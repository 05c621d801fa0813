"""Writes a history down as Stripe objects of API 2026-10-28.endive, sparse: only the fields that tell something.

The sandbox fills the rest with Stripe's defaults when it reads them. Ids are made of the kind and a running number, so
that the same history has the same ids.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from membership.cli.seed.calendar import second
from membership.cli.seed.people import Person

Object = dict[str, Any]
SETTLEMENT = "eur"
DAYS_TO_ANSWER = timedelta(days=9)
"""How long a newsroom has to answer a dispute here."""
RATES = {"usd": Fraction(92, 100), "uah": Fraction(222, 10_000)}
EUROPEAN = frozenset({"DE", "FR", "NL", "IT", "PL"})
PRODUCT = "prod_membership"


@dataclass
class Books:
    """Collects the objects of one history; `take` gives those not yet taken."""

    prefix: str
    _counts: dict[str, int] = field(default_factory=dict)
    _objects: list[Object] = field(default_factory=list)

    def take(self) -> Iterator[Object]:
        """The objects written since the last call."""
        taken, self._objects = self._objects, []
        yield from taken

    def customer(self, person: Person, at: datetime) -> str:
        """A customer; gives the id."""
        return self._add(
            "customer",
            "cus",
            created=second(at),
            email=person.email,
            name=person.name or None,
            preferred_locales=[person.language],
            metadata={},
        )

    def charge(
        self,
        person: Person,
        customer: str,
        *,
        amount: int,
        at: datetime,
        metadata: dict[str, str],
        intent: str,
    ) -> str:
        """A succeeded charge with its balance transaction; gives the charge's id."""
        charge = self._id("charge", "py" if person.method == "sepa_debit" else "ch")
        settled = settlement(amount, person.currency)
        fee = fee_of(settled, person)
        transaction = self._balance(
            "charge" if person.method == "card" else "payment", settled, fee, at, charge, rate=person.currency
        )
        self._objects.append(
            {
                "id": charge,
                "object": "charge",
                "amount": amount,
                "amount_captured": amount,
                "amount_refunded": 0,
                "balance_transaction": transaction,
                "billing_details": {"email": person.email, "name": person.name or None},
                "captured": True,
                "created": second(at),
                "currency": person.currency,
                "customer": customer,
                "metadata": metadata,
                "paid": True,
                "payment_intent": intent,
                "payment_method_details": _method(person),
                "refunded": False,
                "status": "succeeded",
            }
        )
        return charge

    def intent(
        self, person: Person, customer: str, *, amount: int, at: datetime, metadata: dict[str, str]
    ) -> tuple[str, Object]:
        """A payment intent that succeeded; its `latest_charge` is set by the caller."""
        return self._add_object(
            "payment_intent",
            "pi",
            amount=amount,
            amount_received=amount,
            created=second(at),
            currency=person.currency,
            customer=customer,
            latest_charge=None,
            metadata=metadata,
            payment_method_types=[person.method],
            status="succeeded",
        )

    def payment(
        self, person: Person, customer: str, *, amount: int, at: datetime, metadata: dict[str, str]
    ) -> tuple[str, str]:
        """An intent and its succeeded charge; gives both ids."""
        intent_id, intent = self.intent(person, customer, amount=amount, at=at, metadata=metadata)
        charge = self.charge(
            person, customer, amount=amount, at=at + timedelta(seconds=2), metadata=metadata, intent=intent_id
        )
        intent["latest_charge"] = charge
        return intent_id, charge

    def failed_charge(
        self, person: Person, customer: str, *, amount: int, at: datetime, intent: str, code: str
    ) -> str:
        """A charge that was declined; gives its id."""
        return self._add(
            "charge",
            "ch",
            amount=amount,
            amount_captured=0,
            amount_refunded=0,
            balance_transaction=None,
            billing_details={"email": person.email, "name": person.name or None},
            captured=False,
            created=second(at),
            currency=person.currency,
            customer=customer,
            failure_code="card_declined",
            metadata={},
            outcome={"type": "issuer_declined", "network_status": "declined_by_network", "reason": code},
            paid=False,
            payment_intent=intent,
            payment_method_details=_method(person),
            status="failed",
        )

    def invoice(
        self, gift: "Gift", *, status: str, at: datetime, period: tuple[datetime, datetime]
    ) -> tuple[str, Object]:
        """An invoice of a subscription for one period."""
        starts, ends = period
        is_paid = status == "paid"
        is_first = gift.invoices == 0
        gift.invoices += 1
        return self._add_object(
            "invoice",
            "in",
            amount_due=gift.amount,
            amount_paid=gift.amount if is_paid else 0,
            amount_remaining=0 if is_paid else gift.amount,
            attempt_count=1 if is_paid else 0,
            attempted=is_paid,
            billing_reason="subscription_create" if is_first else "subscription_cycle",
            collection_method="charge_automatically",
            created=second(at),
            currency=gift.person.currency,
            customer=gift.customer,
            customer_email=gift.person.email,
            lines=_lines(gift, starts, ends),
            next_payment_attempt=None,
            parent={
                "type": "subscription_details",
                "subscription_details": {"subscription": gift.subscription, "metadata": gift.metadata},
                "quote_details": None,
            },
            period_end=second(at),
            period_start=second(at),
            status=status,
            status_transitions={
                "finalized_at": second(at),
                "paid_at": second(at) if is_paid else None,
                "voided_at": None,
                "marked_uncollectible_at": None,
            },
            subtotal=gift.amount,
            total=gift.amount,
        )

    def invoice_payment(
        self, invoice: str, intent: str, *, amount: int, currency: str, at: datetime, paid: bool
    ) -> str:
        """What joins an invoice to its intent; gives the id."""
        return self._add(
            "invoice_payment",
            "inpay",
            amount_paid=amount if paid else None,
            amount_requested=amount,
            created=second(at),
            currency=currency,
            invoice=invoice,
            is_default=True,
            payment={"type": "payment_intent", "payment_intent": intent},
            status="paid" if paid else "open",
            status_transitions={"paid_at": second(at) if paid else None, "canceled_at": None},
        )

    def subscription(self, gift: "Gift", **state: object) -> None:
        """The present snapshot of a subscription; written once, at the end of its story."""
        self._objects.append(
            {
                "id": gift.subscription,
                "object": "subscription",
                "billing_cycle_anchor": second(gift.anchor),
                "billing_mode": {"type": "flexible"},
                "collection_method": "charge_automatically",
                "created": second(gift.anchor),
                "currency": gift.person.currency,
                "customer": gift.customer,
                "items": _items(gift),
                "metadata": gift.metadata,
                "start_date": second(gift.anchor),
                **state,
            }
        )

    def refund(self, person: Person, charge: str, intent: str, *, amount: int, at: datetime) -> str:
        """A succeeded refund with its balance transaction; Stripe keeps the fee. Gives the refund's id."""
        refund = self._id("refund", "re")
        settled = settlement(amount, person.currency)
        transaction = self._balance("refund", -settled, 0, at, refund, rate=person.currency)
        charged = next(made for made in self._objects if made["id"] == charge)
        charged.update(amount_refunded=amount, refunded=amount == charged["amount"])
        self._objects.append(
            {
                "id": refund,
                "object": "refund",
                "amount": amount,
                "balance_transaction": transaction,
                "charge": charge,
                "created": second(at),
                "currency": person.currency,
                "metadata": {},
                "payment_intent": intent,
                "reason": "requested_by_customer",
                "status": "succeeded",
            }
        )
        return refund

    def dispute(
        self, person: Person, charge: str, intent: str, *, amount: int, at: datetime, status: str
    ) -> str:
        """A dispute that withdrew the funds and a fee of 20.00; `won` puts them back after 40 days. Gives its id."""
        dispute = self._id("dispute", "du")
        settled = settlement(amount, person.currency)
        next(made for made in self._objects if made["id"] == charge)["disputed"] = True
        moved = [self._balance("adjustment", -settled, 2000, at, dispute, rate=person.currency)]
        if status == "won":
            back = at + timedelta(days=40)
            moved.append(self._balance("adjustment", settled, -2000, back, dispute, rate=person.currency))
        transactions = [o for o in self._objects if o["id"] in moved]
        self._objects.append(
            {
                "id": dispute,
                "object": "dispute",
                "amount": amount,
                "balance_transactions": transactions,
                "charge": charge,
                "created": second(at),
                "currency": person.currency,
                "evidence_details": {
                    "due_by": second(at + DAYS_TO_ANSWER),
                    "has_evidence": status != "needs_response",
                },
                "is_charge_refundable": False,
                "metadata": {},
                "payment_intent": intent,
                "reason": "fraudulent",
                "status": status,
            }
        )
        return dispute

    def _balance(self, kind: str, amount: int, fee: int, at: datetime, source: str, *, rate: str) -> str:
        exchanged = RATES.get(rate)
        return self._add(
            "balance_transaction",
            "txn",
            amount=amount,
            available_on=second(at + timedelta(days=3)),
            created=second(at),
            currency=SETTLEMENT,
            exchange_rate=None
            if exchanged is None
            else str(Decimal(exchanged.numerator) / exchanged.denominator),
            fee=fee,
            fee_details=[
                {"amount": fee, "currency": SETTLEMENT, "type": "stripe_fee", "description": "Stripe fees"}
            ],
            net=amount - fee,
            reporting_category=kind,
            source=source,
            status="available",
            type=kind,
        )

    def _id(self, kind: str, short: str) -> str:
        number = self._counts[kind] = self._counts.get(kind, 0) + 1
        return f"{short}_{self.prefix}{number:09d}"

    def _add(self, kind: str, short: str, **fields: object) -> str:
        return self._add_object(kind, short, **fields)[0]

    def _add_object(self, kind: str, short: str, **fields: object) -> tuple[str, Object]:
        made: Object = {"id": self._id(kind, short), "object": kind, **fields}
        self._objects.append(made)
        return str(made["id"]), made

    def new_subscription(self) -> tuple[str, str]:
        """Ids for a subscription and its item."""
        return self._id("subscription", "sub"), self._id("subscription_item", "si")


@dataclass
class Gift:
    """A subscription while its story is told."""

    person: Person
    customer: str
    subscription: str
    item: str
    interval: str
    amount: int
    anchor: datetime
    metadata: dict[str, str]
    period: tuple[datetime, datetime]
    invoices: int = 0


def settlement(amount: int, currency: str) -> int:
    """An amount in the settlement currency's minor units, rounded half up."""
    rate = RATES.get(currency, Fraction(1))
    return (amount * rate + Fraction(1, 2)).__floor__()


def fee_of(settled: int, person: Person) -> int:
    """Stripe's fee on a settled amount, in its currency: by the card's country; bank debits 0.35."""
    if person.method == "sepa_debit":
        return 35
    rate = Fraction(15, 1000) if person.country in EUROPEAN else Fraction(325, 10_000)
    if person.currency != SETTLEMENT:
        rate += Fraction(2, 100)
    return (settled * rate + 25 + Fraction(1, 2)).__floor__()


def _method(person: Person) -> Object:
    if person.method == "sepa_debit":
        return {"type": "sepa_debit", "sepa_debit": {"country": person.country, "last4": person.last4}}
    return {
        "type": "card",
        "card": {
            "brand": "visa",
            "country": person.country,
            "exp_month": 12,
            "exp_year": 2029,
            "fingerprint": f"fp{person.number:09d}",
            "funding": "debit",
            "last4": person.last4,
        },
    }


def _price(gift: Gift) -> Object:
    return {
        "id": f"price_{gift.person.currency}_{gift.interval}_{gift.amount}",
        "object": "price",
        "active": True,
        "currency": gift.person.currency,
        "product": PRODUCT,
        "recurring": {"interval": gift.interval, "interval_count": 1, "usage_type": "licensed"},
        "type": "recurring",
        "unit_amount": gift.amount,
    }


def _items(gift: Gift) -> Object:
    starts, ends = gift.period
    item = {
        "id": gift.item,
        "object": "subscription_item",
        "created": second(gift.anchor),
        "current_period_start": second(starts),
        "current_period_end": second(ends),
        "metadata": {},
        "price": _price(gift),
        "quantity": 1,
        "subscription": gift.subscription,
    }
    return {"object": "list", "data": [item], "has_more": False, "url": "/v1/subscription_items"}


def _lines(gift: Gift, starts: datetime, ends: datetime) -> Object:
    line = {
        "id": f"il_{gift.subscription}_{second(starts)}",
        "object": "line_item",
        "amount": gift.amount,
        "currency": gift.person.currency,
        "parent": {
            "type": "subscription_item_details",
            "subscription_item_details": {
                "subscription": gift.subscription,
                "subscription_item": gift.item,
                "proration": False,
            },
        },
        "period": {"start": second(starts), "end": second(ends)},
        "pricing": {
            "type": "price_details",
            "price_details": {"price": _price(gift)["id"], "product": PRODUCT},
        },
        "quantity": 1,
    }
    return {"object": "list", "data": [line], "has_more": False, "url": "/v1/invoices/lines"}
