"""Changing a subscription: another amount, another interval, another day of the next charge, an end.

The API's update call and the preview of an invoice share this, so that what is previewed is what happens.
"""

from fractions import Fraction

from membership.sandbox import billing, catalogue, collecting, drafting, invoicing, periods
from membership.sandbox.account import Account
from membership.sandbox.balance import half_up
from membership.sandbox.errors import ApiError, CardDeclinedError
from membership.sandbox.objects import PRIVATE, Object, id_of


def change_items(
    account: Account, subscription: Object, rows: list[Object], behavior: str, *, waits: bool = False
) -> None:
    """Put other prices or quantities on a subscription's items.

    With the same interval the new amount counts from the next renewal, plus what `behavior` prorates; another
    interval begins a new period today, which is charged at once, unless the call also moves the next charge
    (`waits`): then it begins there.

    Raises:
        ApiError: An item or price is unknown, or of another currency.
        CardDeclinedError: `always_invoice`, or another interval, could not be charged.
    """
    old_recurring = _interval(subscription)
    unused = [] if behavior == "none" else _prorated(account, subscription, sign=-1)
    _apply(account, subscription, rows)
    if _interval(subscription) != old_recurring and not waits:
        _begin_anew(account, subscription, unused)
        return
    if behavior == "none":
        return
    pending = [*unused, *_prorated(account, subscription, sign=1)]
    private = subscription.get(PRIVATE) or {}
    if behavior == "create_prorations":
        subscription[PRIVATE] = {**private, "pending_lines": [*private.get("pending_lines", []), *pending]}
        return
    invoice = invoicing.draft(account, subscription, pending, "subscription_update")
    subscription["latest_invoice"] = invoice["id"]
    account.store.put(subscription)
    collecting.collect(account, invoice)


def _interval(subscription: Object) -> tuple[str, int]:
    recurring = subscription["items"]["data"][0]["price"]["recurring"]
    return recurring["interval"], recurring["interval_count"] or 1


def _begin_anew(account: Account, subscription: Object, unused: list[Object]) -> None:
    now = account.now()
    was_trial = subscription["status"] == "trialing"
    subscription["billing_cycle_anchor"] = now
    private = subscription.get(PRIVATE) or {}
    subscription[PRIVATE] = {**private, "pending_lines": [] if was_trial else unused}
    before = periods.period_of(subscription)[0]
    invoice = billing.bill(
        account,
        subscription,
        start=now,
        previous_start=before,
        reason="subscription_update",
        at_once=True,
        is_told=False,
    )
    reread(account, subscription)
    if account.get(invoice["id"], "invoice")["status"] == "open":
        intent = invoicing.intent_of(account, invoice)
        if intent["status"] == "requires_payment_method":
            raise CardDeclinedError(intent["last_payment_error"], intent)


def _apply(account: Account, subscription: Object, rows: list[Object]) -> None:
    items = {item["id"]: item for item in subscription["items"]["data"]}
    for number, row in enumerate(rows):
        param = f"items[{number}]"
        wanted = row.get("id")
        if wanted is None:
            raise ApiError(
                "The sandbox changes items that are there; name one by its id.", param=f"{param}[id]"
            )
        item = items.get(wanted)
        if item is None:
            raise ApiError(
                f"No such subscription item: '{wanted}'", status=404, code="resource_missing", param=param
            )
        if row.get("price") or row.get("price_data"):
            price = catalogue.priced(account, row, param)
            _check_price(subscription, price, param)
            item["price"], item["plan"] = price, catalogue.plan(price)
        if "quantity" in row:
            item["quantity"] = row["quantity"]
        if "metadata" in row:
            item["metadata"] = {**item["metadata"], **row["metadata"]}


def _check_price(subscription: Object, price: Object, param: str) -> None:
    if price["recurring"] is None:
        raise ApiError("The price must be recurring.", param=f"{param}[price]")
    if price["currency"] != subscription["currency"]:
        raise ApiError(
            f"The price specified has currency {price['currency']}; the subscription's is {subscription['currency']}.",
            param=f"{param}[price]",
        )


def _prorated(account: Account, subscription: Object, *, sign: int) -> list[Object]:
    start, end = periods.period_of(subscription)
    now = account.now()
    left = Fraction(max(end - now, 0), max(end - start, 1))
    words = "Unused time" if sign < 0 else "Remaining time"
    return [
        drafting.line_for(
            account,
            subscription,
            item,
            now,
            end,
            amount=sign * half_up(item["price"]["unit_amount"] * item.get("quantity", 1) * left),
            description=words,
            is_proration=True,
        )
        for item in subscription["items"]["data"]
    ]


def move_next_charge(account: Account, subscription: Object, until: int | str) -> None:
    """Let the time until an instant be free, and the next charge and all after it fall on that instant.

    Raises:
        ApiError: The instant has passed.
    """
    now = account.now()
    if until == "now":
        _end_trial(account, subscription)
        return
    instant = int(until)
    if instant <= now:
        raise ApiError("The `trial_end` must be in the future.", param="trial_end")
    subscription.update(
        status="trialing",
        trial_start=subscription["trial_start"] if subscription["status"] == "trialing" else now,
        trial_end=instant,
        billing_cycle_anchor=instant,
    )
    periods.set_period(subscription, now, instant)
    lines = [
        drafting.line_for(account, subscription, item, now, instant, amount=0, description="Trial period")
        for item in subscription["items"]["data"]
    ]
    invoice = invoicing.draft(account, subscription, lines, "subscription_update")
    subscription["latest_invoice"] = invoice["id"]
    account.store.put(subscription)
    invoicing.finalise(account, invoice)


def _end_trial(account: Account, subscription: Object) -> None:
    now = account.now()
    if subscription["status"] != "trialing":
        return
    subscription.update(trial_end=now, billing_cycle_anchor=now)
    start = periods.period_of(subscription)[0]
    billing.bill(
        account,
        subscription,
        start=now,
        previous_start=start,
        reason="subscription_cycle",
        at_once=True,
        is_told=False,
    )
    reread(account, subscription)


def refuse_unpaid(account: Account, subscription: Object) -> None:
    """Refuse a change if what it charged at once was not paid (`error_if_incomplete`); the caller undoes it.

    Raises:
        CardDeclinedError: The newest invoice is open and its charge failed.
    """
    invoice = account.find(id_of(subscription["latest_invoice"]))
    if invoice is None or invoice["status"] != "open":
        return
    intent = invoicing.intent_of(account, invoice)
    if intent["status"] in ("requires_payment_method", "requires_action") and intent["last_payment_error"]:
        raise CardDeclinedError(intent["last_payment_error"], intent)


def begin_now(account: Account, subscription: Object) -> None:
    """Begin a new period today, charged at once, and let all later ones follow from it."""
    _begin_anew(account, subscription, [])


def reread(account: Account, subscription: Object) -> None:
    """Take over what billing has changed in the meantime."""
    fresh = account.get(subscription["id"], "subscription")
    subscription.clear()
    subscription.update(fresh)


def set_end(account: Account, subscription: Object, params: Object) -> None:
    """Set or take back when a subscription ends: at the period's end, or at an instant."""
    now, period_end = account.now(), periods.period_of(subscription)[1]
    if "cancel_at" in params:
        at = params["cancel_at"]
        at = period_end if isinstance(at, str) else at
        if at is not None and at <= now:
            raise ApiError("The `cancel_at` must be in the future.", param="cancel_at")
        _ends(subscription, at, now, is_period_end=False)
    if "cancel_at_period_end" in params:
        wanted = params["cancel_at_period_end"]
        _ends(subscription, period_end if wanted else None, now, is_period_end=bool(wanted))
    details = {**subscription["cancellation_details"], **(params.get("cancellation_details") or {})}
    subscription["cancellation_details"] = details


def _ends(subscription: Object, at: int | None, now: int, *, is_period_end: bool) -> None:
    subscription["cancel_at"] = at
    subscription["cancel_at_period_end"] = is_period_end
    was = subscription["canceled_at"]
    subscription["canceled_at"] = None if at is None else was or now
    reason = None if at is None else "cancellation_requested"
    kept = subscription["cancellation_details"] if at is not None else {"comment": None, "feedback": None}
    subscription["cancellation_details"] = {
        "comment": kept["comment"],
        "feedback": kept["feedback"],
        "feedback_option": None,
        "reason": reason,
    }


def pause(account: Account, subscription: Object) -> None:
    """Stop a subscription until it is resumed: no access, no invoices.

    Raises:
        ApiError: It is not going on, or was not made with flexible billing.
    """
    if subscription["status"] not in ("active", "trialing", "past_due"):
        raise ApiError(f"A subscription that is {subscription['status']} cannot be paused.")
    if subscription["billing_mode"]["type"] != "flexible":
        raise ApiError("Only subscriptions with `billing_mode[type]=flexible` can be paused.")
    subscription["status"] = "paused"
    subscription["status_details"] = {
        "paused": {
            "subscription": {"type": "pause_requested"},
            "transitioned_at": account.now(),
            "type": "subscription",
        }
    }


def resume(account: Account, subscription: Object, anchor: str) -> None:
    """Let a paused subscription go on: with a period from today (`now`), or in the old rhythm (`unchanged`).

    Raises:
        ApiError: It is not paused.
    """
    if subscription["status"] != "paused":
        raise ApiError("This subscription is not paused.")
    subscription["status"] = "active"
    subscription.pop("status_details", None)
    start, end = periods.period_of(subscription)
    if anchor == "now":
        begin_now(account, subscription)
    elif end <= account.now():
        while end <= account.now():
            start, end = end, periods.next_end(subscription, end)
        billing.bill(
            account,
            subscription,
            start=start,
            previous_start=start,
            reason="subscription_cycle",
            is_told=False,
        )
        reread(account, subscription)


def preview(account: Account, subscription: Object, details: Object) -> Object:
    """Give the invoice that a subscription would get next, after changes that are not made."""
    changed = dict(subscription)
    connection = account.store.connection
    connection.execute("SAVEPOINT preview")
    try:
        at = periods.period_of(changed)[1]
        behavior = details.get("proration_behavior", "create_prorations")
        old = _interval(changed)
        pending: list[Object] = []
        if details.get("items"):
            pending = [] if behavior == "none" else _prorated(account, changed, sign=-1)
            changed["items"] = {**changed["items"], "data": [dict(item) for item in changed["items"]["data"]]}
            _apply(account, changed, details["items"])
            if _interval(changed) == old and behavior != "none":
                pending += _prorated(account, changed, sign=1)
        if isinstance(details.get("trial_end"), int):
            at = details["trial_end"]
        if _interval(changed) != old:
            at = changed["billing_cycle_anchor"] = account.now()
        lines = [
            drafting.line_for(account, changed, item, at, periods.next_end(changed, at))
            for item in changed["items"]["data"]
        ]
        waiting = (changed.get(PRIVATE) or {}).get("pending_lines", [])
        return billing.preview(account, changed, [*waiting, *pending, *lines], at=at)
    finally:
        connection.execute("ROLLBACK TO preview")
        connection.execute("RELEASE preview")


def customer_of(subscription: Object) -> str:
    """Give the id of a subscription's customer."""
    return str(id_of(subscription["customer"]))
