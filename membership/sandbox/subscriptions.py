"""Subscriptions through the API."""

from membership.sandbox import (
    billing,
    catalogue,
    changing,
    collecting,
    invoicing,
    listing,
    methods,
    periods,
    subscribing,
)
from membership.sandbox.account import Account
from membership.sandbox.errors import ApiError, CardDeclinedError
from membership.sandbox.objects import Object, id_of
from membership.sandbox.operations import Call, operation
from membership.sandbox.parameters import merge_metadata

_OVER = ("canceled", "incomplete_expired")


@operation("POST /v1/subscriptions")
def create(account: Account, call: Call) -> Object:
    """Begin a subscription for a customer who has a payment method, and charge its first invoice."""
    params = call.params
    customer = account.get(params.get("customer"), "customer", param="customer")
    if not params.get("items"):
        raise ApiError("Missing required param: items.", code="parameter_missing", param="items")
    rows = [
        {**row, "price": catalogue.priced(account, row, f"items[{number}]"), "metadata": row.get("metadata")}
        for number, row in enumerate(params["items"])
    ]
    method = None
    if params.get("default_payment_method"):
        method = methods.named(account, params["default_payment_method"], "default_payment_method")
        methods.attach(account, method, customer["id"])
    usual = methods.default_of(account, customer["id"])
    behavior = params.get("payment_behavior", "allow_incomplete")
    if method is None and usual is None and behavior != "default_incomplete" and not _is_trial(params):
        raise ApiError(
            "This customer has no attached payment source or default payment method. Please consider adding a default "
            "payment method.",
            code="resource_missing",
        )
    terms = {**params, "metadata": merge_metadata({}, params.get("metadata"))}
    subscription = subscribing.begin(
        account, customer, rows, terms=terms, method=method["id"] if method else None
    )
    if subscription["status"] == "incomplete" and behavior != "default_incomplete":
        _charge_first(account, subscription, method or usual, behavior)
    begun = account.get(subscription["id"], "subscription")
    if params.get("cancel_at") or params.get("cancel_at_period_end"):
        with account.changing(begun):
            changing.set_end(account, begun, params)
        periods.schedule(account, begun)
    return begun


def _is_trial(params: Object) -> bool:
    return bool(params.get("trial_end") or params.get("trial_period_days"))


def _charge_first(account: Account, subscription: Object, method: Object | None, behavior: str) -> None:
    invoice = account.get(id_of(subscription["latest_invoice"]), "invoice")
    if invoice["status"] != "open":
        return
    status = collecting.pay(account, invoice, method, is_present=False)
    if behavior == "error_if_incomplete" and status not in ("succeeded", "processing"):
        error = invoicing.intent_of(account, invoice)["last_payment_error"]
        refused = CardDeclinedError(error)
        refused.keeps_effects = False
        raise refused


@operation("GET /v1/subscriptions")
def index(account: Account, call: Call) -> Object:
    """List subscriptions; canceled ones only when asked for."""
    params = call.params
    status = params.get("status")
    where = "status NOT IN ('canceled', 'incomplete_expired')" if status is None else None
    if status == "ended":
        where = "status IN ('canceled', 'incomplete_expired')"
    column = status if status not in (None, "all", "ended") else None
    clock = params.get("test_clock")
    if clock:
        account.get(clock, "test_helpers.test_clock", param="test_clock")
        only = f"json_extract(body, '$.test_clock') = '{clock}'"
        where = f"{where} AND {only}" if where else only
    return listing.page(
        account, call, "subscription", customer=params.get("customer"), status=column, where=where
    )


@operation("GET /v1/subscriptions/{id}")
def get(account: Account, call: Call) -> Object:
    """Give one subscription."""
    return account.get(call.id, "subscription")


@operation("POST /v1/subscriptions/{id}")
def update(account: Account, call: Call) -> Object:
    """Change a subscription."""
    subscription, params = account.get(call.id, "subscription"), call.params
    if subscription["status"] in _OVER and params.keys() - {"metadata", "cancellation_details", "expand"}:
        raise ApiError(
            "A canceled subscription can only update its cancellation_details and metadata.",
            code="resource_missing",
        )
    if params.get("cancel_at") and params.get("cancel_at_period_end"):
        raise ApiError("You may only specify one of these parameters: cancel_at, cancel_at_period_end.")
    try:
        with account.changing(subscription, "customer.subscription.updated"):
            _change(account, subscription, params)
    except CardDeclinedError as declined:
        declined.keeps_effects = params.get("payment_behavior") != "error_if_incomplete"
        raise
    periods.schedule(account, subscription)
    return subscription


def _change(account: Account, subscription: Object, params: Object) -> None:
    _plain(account, subscription, params)
    if "pause_collection" in params:
        subscription["pause_collection"] = _pause(params["pause_collection"])
    if params.get("items"):
        behavior = params.get("proration_behavior", "create_prorations")
        waits = params.get("trial_end") not in (None, "now")
        changing.change_items(account, subscription, params["items"], behavior, waits=waits)
    if params.get("trial_end") is not None:
        changing.move_next_charge(account, subscription, params["trial_end"])
    if (params.get("billing_cycle_anchor") or {}).get("type") == "now":
        changing.begin_now(account, subscription)
    changing.set_end(account, subscription, params)
    if params.get("payment_behavior") == "error_if_incomplete":
        changing.refuse_unpaid(account, subscription)


def _plain(account: Account, subscription: Object, params: Object) -> None:
    subscription["metadata"] = merge_metadata(subscription["metadata"], params.get("metadata"))
    if "description" in params:
        subscription["description"] = params["description"]
    chosen = params.get("default_payment_method")
    if chosen:
        method = methods.named(account, chosen, "default_payment_method")
        methods.attach(account, method, changing.customer_of(subscription))
        subscription["default_payment_method"] = method["id"]


def _pause(given: Object | None) -> Object | None:
    return None if given is None else {"behavior": given["behavior"], "resumes_at": given.get("resumes_at")}


@operation("DELETE /v1/subscriptions/{id}")
def cancel(account: Account, call: Call) -> Object:
    """End a subscription now."""
    subscription = account.get(call.id, "subscription")
    if subscription["status"] in _OVER:
        raise ApiError(f"No such subscription: '{call.id}'", status=404, code="resource_missing", param="id")
    if subscription["status"] == "incomplete":
        billing.expire(account, subscription)
        return subscription
    details = call.params.get("cancellation_details")
    collecting.end(account, subscription, reason="cancellation_requested", details=details)
    return subscription


@operation("POST /v1/subscriptions/{id}/pause")
def pause(account: Account, call: Call) -> Object:
    """Stop a subscription until it is resumed: no access, no invoices."""
    subscription = account.get(call.id, "subscription")
    with account.changing(subscription, "customer.subscription.updated"):
        changing.pause(account, subscription)
    periods.schedule(account, subscription)
    account.emit("customer.subscription.paused", subscription)
    return subscription


@operation("POST /v1/subscriptions/{id}/resume")
def resume(account: Account, call: Call) -> Object:
    """Let a paused subscription go on, with a new period from today or in the old rhythm."""
    subscription = account.get(call.id, "subscription")
    anchor = (call.params.get("billing_cycle_anchor") or {}).get("type", "now")
    with account.changing(subscription, "customer.subscription.updated"):
        changing.resume(account, subscription, anchor)
    periods.schedule(account, subscription)
    account.emit("customer.subscription.resumed", subscription)
    return subscription


@operation("GET /v1/subscription_items")
def items(account: Account, call: Call) -> Object:
    """List a subscription's items."""
    subscription = account.get(str(call["subscription"]), "subscription", param="subscription")
    return listing.page_of(subscription["items"]["data"], call)


@operation("GET /v1/subscription_items/{id}")
def item(account: Account, call: Call) -> Object:
    """Give one item."""
    return _item(account, call.id)[1]


@operation("POST /v1/subscription_items/{id}")
def update_item(account: Account, call: Call) -> Object:
    """Change one item's price or quantity."""
    subscription, _ = _item(account, call.id)
    row: Object = {
        name: call.params[name] for name in ("price", "price_data", "quantity") if name in call.params
    }
    with account.changing(subscription, "customer.subscription.updated"):
        behavior = call.params.get("proration_behavior", "create_prorations")
        changing.change_items(account, subscription, [{"id": call.id, **row}], behavior)
    periods.schedule(account, subscription)
    return _item(account, call.id)[1]


def _item(account: Account, wanted: str) -> tuple[Object, Object]:
    rows = account.store.select(
        "object = 'subscription' AND body LIKE ?", (f'%"{wanted}"%',), order="number DESC", limit=1
    )
    found = next((item for row in rows for item in row["items"]["data"] if item["id"] == wanted), None)
    if found is None:
        raise ApiError(
            f"No such subscription item: '{wanted}'", status=404, code="resource_missing", param="item"
        )
    return rows[0], found
