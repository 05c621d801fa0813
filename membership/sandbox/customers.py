"""Customers: who pays."""

from membership.sandbox import collecting, listing, methods
from membership.sandbox.account import Account
from membership.sandbox.errors import ApiError
from membership.sandbox.methods import billing_details
from membership.sandbox.objects import PRIVATE, Object
from membership.sandbox.operations import Call, operation
from membership.sandbox.parameters import merge_metadata

_PLAIN = ("email", "name", "description", "phone", "preferred_locales", "tax_exempt")


def new_customer(account: Account, **fields: object) -> Object:
    """Make a customer and say so."""
    customer = account.make("customer", invoice_prefix=account.ids.token(8).upper(), **fields)
    account.emit("customer.created", customer)
    return customer


@operation("POST /v1/customers")
def create(account: Account, call: Call) -> Object:
    """Make a customer, with a payment method if one is named."""
    params = call.params
    clock = params.get("test_clock")
    if clock:
        account.get(clock, "test_helpers.test_clock", param="test_clock")
    fields = {name: params.get(name) for name in _PLAIN if params.get(name) is not None}
    if isinstance(params.get("address"), dict):
        fields["address"] = billing_details({"address": params["address"]})["address"]
    customer = new_customer(
        account, metadata=merge_metadata({}, params.get("metadata")), test_clock=clock, **fields
    )
    if params.get("payment_method"):
        methods.attach(account, methods.named(account, params["payment_method"]), customer["id"])
    _set_default(account, customer, params)
    account.store.put(customer)
    return customer


def _set_default(account: Account, customer: Object, params: Object) -> None:
    settings = params.get("invoice_settings") or {}
    if "default_payment_method" in settings:
        chosen = settings["default_payment_method"]
        if chosen:
            method = methods.named(account, chosen, "invoice_settings[default_payment_method]")
            if method.get("customer") != customer["id"]:
                raise ApiError(
                    "The customer does not have a payment method with that ID. "
                    "The payment method must be attached to the customer.",
                    code="resource_missing",
                    param="invoice_settings[default_payment_method]",
                )
            chosen = method["id"]
        customer["invoice_settings"] = {**customer["invoice_settings"], "default_payment_method": chosen}


@operation("GET /v1/customers")
def index(account: Account, call: Call) -> Object:
    """List customers, all or those with exactly this address; those of test clocks only by their clock."""
    clock = call.params.get("test_clock")
    where = "json_extract(body, '$.test_clock') IS NULL"
    if clock:
        account.get(clock, "test_helpers.test_clock", param="test_clock")
        where = f"json_extract(body, '$.test_clock') = '{clock}'"
    return listing.page(account, call, "customer", email=call.params.get("email"), where=where)


@operation("GET /v1/customers/{id}")
def get(account: Account, call: Call) -> Object:
    """Give one customer; of a deleted one, that it is deleted."""
    found = account.find(call.id)
    if found is not None and found.get("deleted"):
        return {name: found[name] for name in ("id", "object", "deleted")}
    return account.get(call.id, "customer", param="customer")


@operation("POST /v1/customers/{id}")
def update(account: Account, call: Call) -> Object:
    """Change a customer."""
    customer, params = account.get(call.id, "customer", param="customer"), call.params
    with account.changing(customer, "customer.updated"):
        for name in _PLAIN:
            if name in params:
                customer[name] = params[name]
        if "address" in params:
            customer["address"] = billing_details({"address": params["address"] or {}})["address"]
        customer["metadata"] = merge_metadata(customer["metadata"], params.get("metadata"))
        _set_default(account, customer, params)
    return customer


@operation("DELETE /v1/customers/{id}")
def delete(account: Account, call: Call) -> Object:
    """Delete a customer for good; its subscriptions end at once."""
    customer = account.get(call.id, "customer", param="customer")
    for subscription in account.store.find("subscription", customer=customer["id"]):
        if subscription["status"] not in ("canceled", "incomplete_expired"):
            collecting.end(account, subscription, reason="cancellation_requested")
    account.emit("customer.deleted", customer)
    gone = {"id": customer["id"], "object": "customer", "deleted": True}
    account.store.put({**gone, "created": customer["created"], PRIVATE: {}})
    return gone


@operation("GET /v1/customers/search")
def search(account: Account, call: Call) -> Object:
    """Find customers by `email:'…'`, the one clause the sandbox reads of Stripe's search language."""
    query = str(call["query"])
    field, _, value = query.partition(":")
    if field != "email" or len(value) < 3 or value[0] not in "'\"":
        raise ApiError("The sandbox understands only email:'address' in searches.", param="query")
    found = account.store.find("customer", call.params.get("limit", 10), email=value.strip("'\""))
    return {
        "object": "search_result",
        "data": found,
        "has_more": False,
        "next_page": None,
        "url": "/v1/customers/search",
    }
