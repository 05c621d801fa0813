"""Putting whole objects where ids stand, as far as a request asks for it with `expand[]`.

Source: https://docs.stripe.com/api/expanding_objects
"""

from collections.abc import Callable

from membership.sandbox.account import Account
from membership.sandbox.errors import ApiError
from membership.sandbox.events import public
from membership.sandbox.objects import Object, listed

_DEEPEST = 4

# Lists that an object has only when they are asked for.
_Included = Callable[[Account, Object], list[Object]]


def _payments(account: Account, invoice: Object) -> list[Object]:
    return account.store.find("invoice_payment", invoice=invoice["id"])


def _refunds(account: Account, charge: Object) -> list[Object]:
    return account.store.find("refund", charge=charge["id"])


def _subscriptions(account: Account, customer: Object) -> list[Object]:
    found = account.store.find("subscription", customer=customer["id"])
    return [row for row in found if row["status"] != "canceled"]


_INCLUDED: dict[tuple[str, str], _Included] = {
    ("invoice", "payments"): _payments,
    ("charge", "refunds"): _refunds,
    ("customer", "subscriptions"): _subscriptions,
    ("customer", "sources"): lambda _account, _customer: [],
    ("customer", "tax_ids"): lambda _account, _customer: [],
}


def show(account: Account, thing: Object, expand: list[str] | None = None) -> Object:
    """Give an object or a list as the API shows it, with what was asked for expanded.

    Raises:
        ApiError: A path cannot be expanded.
    """
    if thing.get("object") == "list" and "data" in thing:
        shown = {**thing, "data": [_visible(account, row) for row in thing["data"]]}
    else:
        shown = _visible(account, thing)
    for path in expand or []:
        _expand(account, shown, path.split("."), path, _DEEPEST)
    return shown


def _visible(account: Account, thing: Object) -> Object:
    shown = public(thing)
    kind = thing.get("object")
    if kind == "checkout.session":
        shown.pop("line_items", None)
    if kind == "balance_transaction" and shown["available_on"] <= account.clock.present():
        shown["status"] = "available"
    if kind == "event":
        shown["pending_webhooks"] = account.queue.undelivered(shown["id"])
    return shown


def _expand(account: Account, place: Object, parts: list[str], path: str, left: int) -> None:
    key, rest = parts[0], parts[1:]
    if place.get("object") == "list" and key == "data":
        for row in place["data"]:
            if rest:
                _expand(account, row, rest, path, left)
        return
    is_list = place.get("object") == "list"
    opened = not is_list and _open(account, place, key, path)
    if opened and left == 0:
        raise ApiError(f"You cannot expand more than {_DEEPEST} levels of a property.", param="expand")
    value = place.get(key)
    if is_list or not (opened or value is None or isinstance(value, dict | list)):
        raise _cannot(path)
    if rest and isinstance(value, dict):
        _expand(account, value, rest, path, left - opened)


def _open(account: Account, place: Object, key: str, path: str) -> bool:
    """Put what was asked for in place of its id, and say whether there was something to do."""
    kind = str(place.get("object", ""))
    included = _INCLUDED.get((kind, key))
    if included is not None and not isinstance(place.get(key), dict):
        rows = [_visible(account, row) for row in included(account, place)]
        place[key] = listed(rows, f"/v1/{kind}s/{place['id']}/{key}")
        return True
    if (kind, key) == ("checkout.session", "line_items"):
        place[key] = (account.find(place["id"]) or {})["line_items"]
        return True
    if key not in place:
        raise _cannot(path)
    value = place[key]
    if isinstance(value, str):
        found = account.find(value)
        if found is None:
            raise _cannot(path)
        place[key] = _visible(account, found)
    elif isinstance(value, list):
        place[key] = [
            _visible(account, account.find(row) or {}) if isinstance(row, str) else row for row in value
        ]
    return isinstance(value, str)


def _cannot(path: str) -> ApiError:
    return ApiError(
        f"This property cannot be expanded ({path}). You may want to try expanding 'data.{path}'.",
        param="expand",
    )
