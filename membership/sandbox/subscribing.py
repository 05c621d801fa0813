"""Beginning a subscription: what the API's create call and the Checkout page have in common."""

from membership.sandbox import billing, periods
from membership.sandbox.account import Account
from membership.sandbox.errors import ApiError
from membership.sandbox.objects import PRIVATE, Object, id_of
from membership.sandbox.rules import DAY


def begin(
    account: Account,
    customer: Object,
    rows: list[Object],
    *,
    terms: Object,
    method: str | None = None,
    saves_method: bool = False,
) -> Object:
    """Make a subscription over rows of price and quantity, with its first invoice finalised but not yet charged.

    `terms` are the fields of the call that stay with the subscription: metadata, description, trial_end,
    trial_period_days, billing_cycle_anchor, billing_mode, trial_settings.
    """
    now = account.now()
    trial_end = _trial_end(now, terms)
    anchor = trial_end or terms.get("billing_cycle_anchor") or now
    currency = rows[0]["price"]["currency"]
    _check(rows, currency)
    subscription = account.make(
        "subscription",
        customer=customer["id"],
        currency=currency,
        items={"object": "list", "data": [], "has_more": False, "url": ""},
        start_date=now,
        billing_cycle_anchor=anchor,
        metadata=terms.get("metadata") or {},
        description=terms.get("description"),
        default_payment_method=method,
        status="trialing" if trial_end else "incomplete",
        trial_start=now if trial_end else None,
        trial_end=trial_end,
        latest_invoice=None,
        test_clock=id_of(customer.get("test_clock")),
        **({"trial_settings": terms["trial_settings"]} if terms.get("trial_settings") else {}),
        **{PRIVATE: {"saves_method": saves_method}},
    )
    if terms.get("billing_mode"):
        subscription["billing_mode"] = _mode(terms["billing_mode"], now)
    items = [_item(account, subscription, row) for row in rows]
    subscription["items"] = {
        "object": "list",
        "data": items,
        "has_more": False,
        "url": f"/v1/subscription_items?subscription={subscription['id']}",
    }
    periods.set_period(subscription, now, trial_end or periods.next_end(subscription, now))
    account.store.put(subscription)
    account.emit("customer.subscription.created", subscription)
    billing.first_invoice(account, subscription)
    if trial_end:
        periods.schedule(account, subscription)
    return account.get(subscription["id"], "subscription")


def _trial_end(now: int, terms: Object) -> int | None:
    if terms.get("trial_period_days"):
        return now + int(terms["trial_period_days"]) * DAY
    end = terms.get("trial_end")
    if end is None or end == "now":
        return None
    if end <= now:
        raise ApiError("The `trial_end` must be in the future.", param="trial_end")
    return int(end)


def _check(rows: list[Object], currency: str) -> None:
    for row in rows:
        if row["price"]["recurring"] is None:
            raise ApiError(
                "The price specified is set to `type=one_time` but this field only accepts `recurring`."
            )
        if row["price"]["currency"] != currency:
            raise ApiError("All prices of a subscription must have the same currency.", param="items")


def _mode(mode: Object, now: int) -> Object:
    flexible = {"proration_discounts": "included"} if mode["type"] == "flexible" else None
    return {"flexible": flexible, "type": mode["type"], "updated_at": now}


def _item(account: Account, subscription: Object, row: Object) -> Object:
    made = account.make(
        "subscription_item",
        price=row["price"],
        quantity=row.get("quantity") or 1,
        metadata=row.get("metadata") or {},
        subscription=subscription["id"],
    )
    # Items live inside their subscription only, so that there is one truth about them.
    account.store.remove(made["id"])
    return made
