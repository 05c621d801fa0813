"""What each kind of object looks like when nothing particular is known of it.

`tables/shapes.json` has, for each kind, the fields Stripe always sends with their plainest value, and the
same for those parts that may be null and, when present, have fields of their own. Loaded objects may be
sparse, so filling in happens when they are read.
"""

import json
from collections.abc import Callable
from pathlib import Path

from membership.sandbox.deriving import DERIVE
from membership.sandbox.objects import Object, copied

_SHAPES: Object = json.loads((Path(__file__).parent / "tables" / "shapes.json").read_text(encoding="utf-8"))

# Where a sparse object may leave out the word "object" of the objects inside it.
_INSIDE = {
    "subscription": {"items": "subscription_item"},
    "invoice": {"lines": "line_item"},
    "checkout.session": {"line_items": "item"},
    "subscription_item": {"price": "price", "plan": "plan"},
    "item": {"price": "price"},
    "dispute": {"balance_transactions": "balance_transaction"},
}


def kinds() -> list[str]:
    """Name every kind of object the sandbox knows."""
    return sorted(_SHAPES)


def fill(given: Object) -> Object:
    """Give a whole object of Stripe's from one that may have only its telling fields."""
    kind = str(given.get("object", ""))
    shape = _SHAPES.get(kind)
    if shape is None:
        return given
    whole: Object = _merged(shape["fields"], given)
    _fill_inside(kind, whole)
    derive: Callable[[Object, Object], None] | None = DERIVE.get(kind)
    if derive is not None:
        derive(whole, given)
    for path, fields in shape.get("inner", {}).items():
        _fill_path(whole, path.split("."), fields)
    return whole


def _merged(default: Object, given: Object) -> Object:
    whole: Object = copied(default)
    for key, value in given.items():
        below = whole.get(key)
        if isinstance(value, dict) and isinstance(below, dict) and key != "metadata":
            whole[key] = _merged(below, value)
        else:
            whole[key] = value
    return whole


def _fill_inside(kind: str, whole: Object) -> None:
    for key, inner in _INSIDE.get(kind, {}).items():
        value = whole.get(key)
        if isinstance(value, list):
            whole[key] = [fill({"object": inner, **row}) for row in value]
        if not isinstance(value, dict):
            continue
        if "data" in value:
            url = value.get("url") or f"/v1/{kind}s/{whole.get('id')}/{key}"
            rows = [fill({"object": inner, **row}) for row in value["data"]]
            whole[key] = {"object": "list", "has_more": False, **value, "data": rows, "url": url}
        else:
            whole[key] = fill({"object": inner, **value})


def _fill_path(whole: Object, path: list[str], fields: Object) -> None:
    place = whole
    for key in path[:-1]:
        below = place.get(key)
        if not isinstance(below, dict):
            return
        place = below
    value = place.get(path[-1])
    if isinstance(value, dict):
        place[path[-1]] = _merged(fields, value)
