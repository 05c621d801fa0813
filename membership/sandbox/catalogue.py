"""Products and prices: what can be bought, from the catalogue or described in the call."""

from membership.sandbox import listing
from membership.sandbox.account import Account
from membership.sandbox.deriving import plan_of
from membership.sandbox.errors import ApiError, NotFoundError
from membership.sandbox.objects import Object
from membership.sandbox.operations import Call, operation
from membership.sandbox.parameters import merge_metadata

_LARGEST = 99_999_999

# The smallest amount Stripe charges in these currencies, in minor units.
# Source: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
_SMALLEST = {
    "eur": 50,
    "usd": 50,
    "gbp": 30,
    "chf": 50,
    "pln": 200,
    "czk": 1_500,
    "sek": 300,
    "nok": 300,
    "jpy": 50,
}


def check_amount(account: Account, amount: int, currency: str, param: str) -> None:
    """Refuse an amount or currency that Stripe would not take.

    Raises:
        ApiError: Unknown currency, or an amount below nothing or above eight digits.
    """
    if currency.lower() not in account.rules.rates:
        raise ApiError(
            f"Invalid currency: {currency.lower()}. Stripe currently supports these currencies: "
            f"{', '.join(sorted(account.rules.rates))}",
            param="currency",
        )
    if amount < 0:
        raise ApiError("Invalid non-negative integer", code="parameter_invalid_integer", param=param)
    if amount > _LARGEST:
        raise ApiError(
            f"Amount must be no more than {_LARGEST} minor units.", code="amount_too_large", param=param
        )


def check_smallest(amount: int, currency: str) -> None:
    """Refuse a charge smaller than Stripe makes in that currency.

    Raises:
        ApiError: `amount_too_small`.
    """
    least = _SMALLEST.get(currency, 1)
    if 0 < amount < least:
        raise ApiError(
            f"Amount must be at least {least} in the minor unit of {currency}.",
            code="amount_too_small",
            param="amount",
        )


def priced(account: Account, row: Object, param: str) -> Object:
    """Give the price of a line: one of the catalogue, or a new one for what is described in `price_data`.

    Raises:
        ApiError: There is no such price or product, or the amount cannot be charged.
    """
    if row.get("price"):
        price = account.get(row["price"], "price", param=f"{param}[price]")
        if not price["active"]:
            raise ApiError("The price specified is inactive.", param=f"{param}[price]")
        return price
    data = row.get("price_data")
    if not isinstance(data, dict):
        raise ApiError(
            f"Missing required param: {param}[price].", code="parameter_missing", param=f"{param}[price]"
        )
    param = f"{param}[price_data]"
    amount = data.get("unit_amount", _decimal_amount(data))
    if amount is None:
        name = f"{param}[unit_amount]"
        raise ApiError(f"Missing required param: {name}.", code="parameter_missing", param=name)
    check_amount(account, amount, data["currency"], f"{param}[unit_amount]")
    return new_price(
        account,
        product=_product(account, data, param),
        amount=amount,
        currency=data["currency"].lower(),
        recurring=data.get("recurring"),
        active=False,
    )


def _decimal_amount(data: Object) -> int | None:
    text = data.get("unit_amount_decimal")
    return int(text) if isinstance(text, str) and text.isdigit() else None


def _product(account: Account, data: Object, param: str) -> str:
    if data.get("product"):
        found = account.find(data["product"])
        if found is None or found["object"] != "product":
            raise NotFoundError("product", data["product"], f"{param}[product]")
        if not found["active"]:
            raise ApiError(f"The product {found['id']} is marked as inactive.", param=f"{param}[product]")
        return str(found["id"])
    described = data.get("product_data")
    if not described:
        name = f"{param}[product]"
        raise ApiError(f"Missing required param: {name}.", code="parameter_missing", param=name)
    return str(_new_product(account, described)["id"])


def new_price(
    account: Account, *, product: str, amount: int, currency: str, recurring: Object | None, **rest: object
) -> Object:
    """Make a price; `recurring` has interval and interval_count, or is nothing for a single payment."""
    interval = None
    if recurring:
        interval = {
            "interval": recurring["interval"],
            "interval_count": recurring.get("interval_count") or 1,
            "meter": None,
            "trial_period_days": None,
            "usage_type": "licensed",
        }
    return account.make(
        "price",
        product=product,
        unit_amount=amount,
        currency=currency,
        recurring=interval,
        type="recurring" if interval else "one_time",
        **rest,
    )


def plan(price: Object) -> Object:
    """Give the plan beside a recurring price."""
    return plan_of(price)


def _new_product(account: Account, data: Object) -> Object:
    plain = ("description", "statement_descriptor", "unit_label", "url", "shippable", "images")
    fields = {name: data[name] for name in (*plain, "id") if name in data}
    metadata = merge_metadata({}, data.get("metadata"))
    product = account.make("product", name=data["name"], metadata=metadata, updated=account.now(), **fields)
    account.emit("product.created", product)
    return product


@operation("POST /v1/products")
def create_product(account: Account, call: Call) -> Object:
    """Make a product, under an id of the caller's if one is given."""
    params = call.params
    if params.get("id") and account.find(params["id"]) is not None:
        raise ApiError("Product already exists.", code="resource_already_exists", param="id")
    return _new_product(account, params)


@operation("GET /v1/products")
def products(account: Account, call: Call) -> Object:
    """List products, all or the named ones."""
    where = None
    if "active" in call.params:
        where = f"coalesce(json_extract(body, '$.active'), 1) = {int(call.params['active'])}"
    ids = call.params.get("ids")
    return listing.page(account, call, "product", id=list(ids) if ids else None, where=where)


@operation("GET /v1/products/{id}")
def product(account: Account, call: Call) -> Object:
    """Give one product."""
    return account.get(call.id, "product", param="id")


@operation("POST /v1/products/{id}")
def update_product(account: Account, call: Call) -> Object:
    """Change a product."""
    found = account.get(call.id, "product", param="id")
    with account.changing(found, "product.updated"):
        _apply(
            account, found, call.params, ("name", "active", "description", "url", "default_price", "images")
        )
        found["updated"] = account.now()
    return found


@operation("DELETE /v1/products/{id}")
def delete_product(account: Account, call: Call) -> Object:
    """Delete a product that has no prices."""
    found = account.get(call.id, "product", param="id")
    if any(price["product"] == call.id for price in account.store.find("price")):
        raise ApiError("This product cannot be deleted because it has one or more user-created prices.")
    account.store.remove(call.id)
    account.emit("product.deleted", found)
    return {"id": call.id, "object": "product", "deleted": True}


@operation("POST /v1/prices")
def create_price(account: Account, call: Call) -> Object:
    """Make a price of a standing or a new product."""
    params = call.params
    amount = params.get("unit_amount", _decimal_amount(params))
    if amount is None:
        raise ApiError("Missing required param: unit_amount.", code="parameter_missing", param="unit_amount")
    check_amount(account, amount, params["currency"], "unit_amount")
    price = new_price(
        account,
        product=_product(account, params, "")
        if params.get("product_data")
        else account.get(params.get("product"), "product", param="product")["id"],
        amount=amount,
        currency=params["currency"].lower(),
        recurring=params.get("recurring"),
        active=params.get("active", True),
        lookup_key=params.get("lookup_key"),
        nickname=params.get("nickname"),
        metadata=merge_metadata({}, params.get("metadata")),
    )
    account.emit("price.created", price)
    return price


@operation("GET /v1/prices")
def prices(account: Account, call: Call) -> Object:
    """List prices, by product, lookup key, currency, or whether they can be bought."""
    params = call.params
    rows = [row for row in account.store.find("price") if _matches(row, params)]
    return listing.page_of(rows, call)


def _matches(price: Object, params: Object) -> bool:
    keys = params.get("lookup_keys")
    if keys and price["lookup_key"] not in keys:
        return False
    return all(
        price[name] == params[name] for name in ("active", "currency", "product", "type") if name in params
    )


@operation("GET /v1/prices/{id}")
def price(account: Account, call: Call) -> Object:
    """Give one price."""
    return account.get(call.id, "price", param="price")


@operation("POST /v1/prices/{id}")
def update_price(account: Account, call: Call) -> Object:
    """Change what may change of a price: never its amount."""
    found = account.get(call.id, "price", param="price")
    with account.changing(found, "price.updated"):
        _apply(account, found, call.params, ("active", "lookup_key", "nickname", "tax_behavior"))
    return found


def _apply(account: Account, thing: Object, params: Object, names: tuple[str, ...]) -> None:
    for name in names:
        if name in params:
            thing[name] = params[name]
    thing["metadata"] = merge_metadata(thing["metadata"], params.get("metadata"))
    account.store.put(thing)
