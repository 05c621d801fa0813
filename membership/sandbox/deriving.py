"""Fields that follow from others, for objects that were loaded with only their telling fields.

Each function takes the filled object and what was given, and sets what was not given.
"""

import json
from collections.abc import Callable

from membership.sandbox.objects import Object

_REPORTING = {
    "charge": "charge",
    "payment": "charge",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund_failure",
    "payment_failure_refund": "refund_failure",
    "stripe_fee": "fee",
    "payout": "payout",
}


def _missing(whole: Object, given: Object, **values: object) -> None:
    whole.update({key: value for key, value in values.items() if key not in given})


def _charge(whole: Object, given: Object) -> None:
    went_through = whole["status"] == "succeeded"
    method = whole["payment_method_details"] or {"type": "card", "card": {}}
    amount = whole["amount"]
    _missing(
        whole,
        given,
        paid=went_through or whole["status"] == "pending",
        captured=went_through,
        amount_captured=amount if went_through else 0,
        refunded=went_through and whole["amount_refunded"] == amount,
        payment_method_details=method,
    )


def _payment_intent(whole: Object, given: Object) -> None:
    received = whole["amount"] if whole["status"] == "succeeded" else 0
    _missing(whole, given, amount_received=received, client_secret=f"{whole.get('id')}_secret_sandbox")


def _balance_transaction(whole: Object, given: Object) -> None:
    fee = whole["fee"]
    if isinstance(whole["exchange_rate"], str):
        whole["exchange_rate"] = json.loads(whole["exchange_rate"])
    for detail in whole["fee_details"]:
        detail.setdefault("application", None)
    details = [
        {
            "amount": fee,
            "application": None,
            "currency": whole["currency"],
            "description": "Stripe processing fees",
            "type": "stripe_fee",
        }
    ]
    kind = whole["type"]
    _missing(
        whole,
        given,
        net=whole["amount"] - fee,
        fee_details=details if fee else [],
        available_on=whole["created"],
        reporting_category="dispute" if kind == "adjustment" else _REPORTING.get(kind, kind),
    )


def _price(whole: Object, given: Object) -> None:
    amount = whole["unit_amount"]
    _missing(
        whole,
        given,
        type="recurring" if whole["recurring"] else "one_time",
        unit_amount_decimal=None if amount is None else str(amount),
    )


def _subscription_item(whole: Object, given: Object) -> None:
    if not given.get("plan") and isinstance(whole.get("price"), dict):
        whole["plan"] = plan_of(whole["price"])


def plan_of(price: Object) -> Object:
    """Give the old-style plan that Stripe still shows beside a recurring price."""
    recurring = price.get("recurring") or {}
    return {
        "id": price.get("id", ""),
        "object": "plan",
        "active": price.get("active", True),
        "amount": price.get("unit_amount"),
        "amount_decimal": price.get("unit_amount_decimal"),
        "billing_scheme": "per_unit",
        "created": price.get("created", 0),
        "currency": price.get("currency", ""),
        "interval": recurring.get("interval", "month"),
        "interval_count": recurring.get("interval_count", 1),
        "livemode": False,
        "metadata": {},
        "meter": None,
        "nickname": None,
        "product": price.get("product"),
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def _subscription(whole: Object, given: Object) -> None:
    items = whole["items"]["data"]
    for item in items:
        item["subscription"] = whole.get("id", "")
        item["created"] = item["created"] or whole["created"]
    currency = items[0]["price"]["currency"] if items and isinstance(items[0].get("price"), dict) else ""
    started = given.get("start_date", whole["created"])
    _missing(whole, given, currency=currency, start_date=started, billing_cycle_anchor=started)


def _invoice(whole: Object, given: Object) -> None:
    lines = whole["lines"]["data"]
    total = next(
        (given[key] for key in ("total", "amount_due", "amount_paid") if given.get(key)),
        sum(line["amount"] for line in lines),
    )
    paid = total if whole["status"] == "paid" else 0
    moments = dict(whole["status_transitions"])
    if whole["status"] != "draft":
        moments["finalized_at"] = moments["finalized_at"] or whole["created"]
    if whole["status"] == "paid":
        moments["paid_at"] = moments["paid_at"] or whole["created"]
    whole["status_transitions"] = moments
    _missing(
        whole,
        given,
        total=total,
        subtotal=total,
        subtotal_excluding_tax=total,
        total_excluding_tax=total,
        amount_due=total,
        amount_paid=paid,
        amount_remaining=total - whole.get("amount_paid", paid) if whole["status"] != "paid" else 0,
        attempted=whole["attempt_count"] > 0 or whole["status"] == "paid",
        effective_at=moments["finalized_at"],
        period_start=whole["created"],
        period_end=whole["created"],
    )
    for line in lines:
        line["invoice"] = whole.get("id")
        line["subtotal"] = line["subtotal"] or line["amount"]
        line["currency"] = line["currency"] or whole["currency"]


def _invoice_payment(whole: Object, given: Object) -> None:
    amount = whole["amount_requested"] or whole["amount_paid"] or 0
    paid = whole["status"] == "paid"
    moments = dict(whole["status_transitions"])
    if paid:
        moments["paid_at"] = moments["paid_at"] or whole["created"]
    whole["status_transitions"] = moments
    _missing(whole, given, amount_requested=amount, amount_paid=amount if paid else None)


def _session(whole: Object, given: Object) -> None:
    _missing(whole, given, amount_subtotal=whole["amount_total"], expires_at=whole["created"] + 86_400)


def _product(whole: Object, given: Object) -> None:
    _missing(whole, given, updated=whole["created"])


DERIVE: dict[str, Callable[[Object, Object], None]] = {
    "balance_transaction": _balance_transaction,
    "charge": _charge,
    "checkout.session": _session,
    "invoice": _invoice,
    "invoice_payment": _invoice_payment,
    "payment_intent": _payment_intent,
    "price": _price,
    "product": _product,
    "subscription": _subscription,
    "subscription_item": _subscription_item,
}
