"""Checkout Sessions: made through the API, paid on the sandbox's page, over after a day.

Source: https://docs.stripe.com/api/checkout/sessions
"""

from membership.sandbox import listing
from membership.sandbox.account import Account
from membership.sandbox.agenda import due
from membership.sandbox.catalogue import check_smallest, priced
from membership.sandbox.errors import ApiError
from membership.sandbox.objects import PRIVATE, Object, id_of
from membership.sandbox.operations import Call, operation
from membership.sandbox.parameters import merge_metadata
from membership.sandbox.rules import DAY, HOUR

_PLAIN = (
    *("cancel_url", "client_reference_id", "customer_email", "locale", "submit_type", "success_url"),
    *("billing_address_collection", "allow_promotion_codes", "origin_context", "return_url"),
)


@operation("POST /v1/checkout/sessions")
def create(account: Account, call: Call) -> Object:
    """Open a session for a single payment or a subscription."""
    params = call.params
    mode = params.get("mode")
    if mode is None:
        raise ApiError("Missing required param: mode.", code="parameter_missing", param="mode")
    if mode == "setup":
        raise ApiError("The sandbox opens sessions for payment and subscription only.", param="mode")
    _check(account, params, mode)
    items = _items(account, params, mode)
    total = sum(item["amount_total"] for item in items)
    currency = items[0]["currency"]
    check_smallest(total, currency)
    session = account.make(
        "checkout.session",
        mode=mode,
        amount_subtotal=total,
        amount_total=total,
        currency=currency,
        customer=params.get("customer"),
        customer_creation=_creation(params, mode),
        expires_at=_expiry(account, params),
        metadata=merge_metadata({}, params.get("metadata")),
        payment_method_collection="always" if mode == "subscription" else "if_required",
        payment_method_types=_method_types(params, currency),
        payment_method_options={"card": {"request_three_d_secure": "automatic"}},
        total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        **{name: params[name] for name in _PLAIN if params.get(name) is not None},
        **{PRIVATE: _remembered(params)},
    )
    with account.changing(session):
        session["url"] = f"{account.store.fact('base_url') or 'http://127.0.0.1'}/c/pay/{session['id']}"
        session["line_items"] = {
            "object": "list",
            "data": items,
            "has_more": False,
            "url": f"/v1/checkout/sessions/{session['id']}/line_items",
        }
        session["customer_details"] = _details_at_start(account, params)
    account.plan(session["expires_at"], "expire_session", session)
    return session


def _check(account: Account, params: Object, mode: str) -> None:
    for one, other in (("customer", "customer_email"), ("customer", "customer_creation")):
        if params.get(one) and params.get(other):
            raise ApiError(f"You may only specify one of these parameters: {one}, {other}.")
    if params.get("customer"):
        account.get(params["customer"], "customer", param="customer")
    _check_mode(params, mode)
    is_hosted = params.get("ui_mode", "hosted_page") == "hosted_page"
    for name in ("line_items", *(("success_url",) if is_hosted else ())):
        if not params.get(name):
            raise ApiError(f"Missing required param: {name}.", code="parameter_missing", param=name)
    for name in ("success_url", "cancel_url"):
        if params.get(name) and not params[name].startswith(("http://", "https://")):
            raise ApiError("Not a valid URL", code="url_invalid", param=name)


def _check_mode(params: Object, mode: str) -> None:
    other = "subscription_data" if mode == "payment" else "payment_intent_data"
    if other in params:
        raise ApiError(f"You can not pass `{other}` in `{mode}` mode.", param=other)
    if mode == "subscription" and params.get("customer_creation"):
        raise ApiError("`customer_creation` can only be used in `payment` mode.", param="customer_creation")
    if mode == "payment" and params.get("submit_type") == "subscribe":
        raise ApiError("`submit_type` cannot be `subscribe` in `payment` mode.", param="submit_type")


def _items(account: Account, params: Object, mode: str) -> list[Object]:
    items = []
    for number, row in enumerate(params["line_items"]):
        price = priced(account, row, f"line_items[{number}]")
        quantity = row.get("quantity", 1)
        if mode == "payment" and price["recurring"]:
            raise ApiError("You specified `payment` mode but passed a recurring price.", param="line_items")
        amount = (price["unit_amount"] or 0) * quantity
        product = account.find(id_of(price["product"])) or {}
        item = account.make(
            "item",
            amount_subtotal=amount,
            amount_total=amount,
            currency=price["currency"],
            description=product.get("name"),
            price=price,
            quantity=quantity,
            metadata=merge_metadata({}, row.get("metadata")),
        )
        account.store.remove(item["id"])
        del item["created"]
        items.append(item)
    if mode == "subscription" and not any(item["price"]["recurring"] for item in items):
        raise ApiError(
            "You must provide at least one recurring price in `subscription` mode.", param="line_items"
        )
    if len({item["currency"] for item in items}) > 1:
        raise ApiError("All line items must have the same currency.", param="line_items")
    return items


def _creation(params: Object, mode: str) -> str | None:
    if params.get("customer"):
        return None
    return "always" if mode == "subscription" else str(params.get("customer_creation", "if_required"))


def _method_types(params: Object, currency: str) -> list[str]:
    offered = ["card", "sepa_debit"] if currency == "eur" else ["card"]
    allowed = params.get("allowed_payment_method_types") or offered
    excluded = params.get("excluded_payment_method_types") or []
    types = [kind for kind in offered if kind in allowed and kind not in excluded]
    if not types:
        raise ApiError("No valid payment method types for this Checkout Session.")
    return types


def _expiry(account: Account, params: Object) -> int:
    now = account.now()
    wanted = params.get("expires_at")
    if wanted is None:
        return now + DAY
    if not now + HOUR // 2 - 60 <= wanted <= now + DAY + 60:
        raise ApiError(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    return int(wanted)


def _remembered(params: Object) -> Object:
    """Give what is needed only when the session is paid."""
    data = dict(params.get("subscription_data") or params.get("payment_intent_data") or {})
    data["metadata"] = merge_metadata({}, data.get("metadata"))
    return {"data": data}


def _details_at_start(account: Account, params: Object) -> Object | None:
    customer = account.find(params.get("customer"))
    email = (customer or {}).get("email") or params.get("customer_email")
    if not email and not customer:
        return None
    return details(email, (customer or {}).get("name"))


def details(email: str | None, name: str | None) -> Object:
    """Give a session's `customer_details`."""
    address = {
        "city": None,
        "country": None,
        "line1": None,
        "line2": None,
        "postal_code": None,
        "state": None,
    }
    return {
        "address": address if name else None,
        "business_name": None,
        "email": email,
        "individual_name": name,
        "name": name,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": None,
    }


@operation("GET /v1/checkout/sessions")
def index(account: Account, call: Call) -> Object:
    """List sessions by customer, status, intent or subscription."""
    names = ("customer", "status", "payment_intent", "subscription")
    return listing.page(account, call, "checkout.session", **{name: call.params.get(name) for name in names})


@operation("GET /v1/checkout/sessions/{id}")
def get(account: Account, call: Call) -> Object:
    """Give one session."""
    return account.get(call.id, "checkout.session", param="session")


@operation("POST /v1/checkout/sessions/{id}")
def update(account: Account, call: Call) -> Object:
    """Change an open session's metadata."""
    session = account.get(call.id, "checkout.session", param="session")
    with account.changing(session):
        session["metadata"] = merge_metadata(session["metadata"], call.params.get("metadata"))
    return session


@operation("GET /v1/checkout/sessions/{id}/line_items")
def line_items(account: Account, call: Call) -> Object:
    """List what a session is for."""
    session = account.get(call.id, "checkout.session", param="session")
    return listing.page_of((session.get("line_items") or {}).get("data", []), call)


@operation("POST /v1/checkout/sessions/{id}/expire")
def expire(account: Account, call: Call) -> Object:
    """End an open session: its page takes no payment any more."""
    session = account.get(call.id, "checkout.session", param="session")
    if session["status"] != "open":
        raise ApiError(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of '
            f"{session['status']}."
        )
    run_out(account, session)
    return session


@due("expire_session")
def run_out(account: Account, session: Object) -> None:
    """Let a session that was not paid in time expire."""
    if session["status"] != "open":
        return
    with account.changing(session):
        session.update(status="expired", url=None)
    account.unplan("expire_session", session["id"])
    account.emit("checkout.session.expired", session)
