"""Holding a request's parameters to the table of what Stripe takes, and giving them their types.

`tables/parameters.json` has one line for each operation. A type is `str`, `int`, `num`, `bool`, `map` (metadata),
`enum:a,b`, `*` (taken without a look inside), a list with the type of its rows, or a mapping; `!` after a name says
that it is required, `?` after a type that an empty string unsets it, `=` names the type of a plain value where
a mapping may stand instead. What Stripe takes and the sandbox does not do (discounts, taxes, transfers) is left out:
it is refused rather than ignored, so that nobody trusts a test in which it had no effect.
"""

import json
import re
from pathlib import Path

from membership.sandbox.errors import ApiError
from membership.sandbox.objects import Object

_TABLE: Object = json.loads(
    (Path(__file__).parent / "tables" / "parameters.json").read_text(encoding="utf-8")
)

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_MOST_METADATA = 50

# Taken off create calls in 2026: Stripe names the error, so does the sandbox.
_GONE = {
    "POST /v1/payment_intents": "payment_method_types",
    "POST /v1/setup_intents": "payment_method_types",
}


def check(operation: str, given: Object) -> Object:
    """Give the parameters of an operation with their types.

    Raises:
        ApiError: One is unknown, missing, empty, or of another type; `param` says which.
    """
    if _GONE.get(operation) in given:
        raise ApiError(
            "`payment_method_types` can no longer be sent; use `allowed_payment_method_types`.",
            code="payment_method_types_no_longer_supported",
            param="payment_method_types",
        )
    return _mapping(_TABLE[operation], given, "")


def table(operation: str) -> Object:
    """Give an operation's line of the table."""
    line: Object = _TABLE[operation]
    return line


def operations() -> list[str]:
    """Name every operation that has a line in the table."""
    return list(_TABLE)


def _mapping(table: Object, given: Object, path: str) -> Object:
    kinds = {name.rstrip("!"): kind for name, kind in table.items()}
    checked: Object = {}
    for name, value in given.items():
        param = f"{path}[{name}]" if path else name
        if name not in kinds or name == "=":
            raise ApiError(f"Received unknown parameter: {param}", code="parameter_unknown", param=param)
        checked[name] = _value(kinds[name], value, param)
    for name in table:
        if name.endswith("!") and name[:-1] not in given:
            param = f"{path}[{name[:-1]}]" if path else name[:-1]
            raise ApiError(f"Missing required param: {param}.", code="parameter_missing", param=param)
    return checked


def _value(kind: object, value: object, param: str) -> object:
    if isinstance(kind, list):
        return _rows(kind[0], value, param)
    if isinstance(kind, dict):
        if isinstance(value, dict):
            return _mapping(kind, value, param)
        return _plain(kind.get("=", "mapping"), value, param)
    return _plain(str(kind), value, param)


def _rows(kind: object, value: object, param: str) -> list[object]:
    if value == "":
        return []
    if not isinstance(value, dict) or not all(key.isdecimal() for key in value):
        raise ApiError("Invalid array", param=param)
    rows = sorted(value.items(), key=lambda item: int(item[0]))
    return [_value(kind, row, f"{param}[{key}]") for key, row in rows]


def _plain(kind: str, value: object, param: str) -> object:
    if kind == "*":
        return value
    if kind == "map":
        return _metadata(value, param)
    if kind == "mapping" or not isinstance(value, str):
        raise ApiError("Invalid object" if kind == "mapping" else f"Invalid string: {value}", param=param)
    if value == "" and (kind.endswith("?") or kind == "empty"):
        return None
    return _scalar(kind.rstrip("?"), value, param)


def _metadata(value: object, param: str) -> Object:
    if value == "":
        return {"": ""}  # an empty string unsets all of it
    if not isinstance(value, dict) or any(not isinstance(inner, str) for inner in value.values()):
        raise ApiError("Invalid hash", param=param)
    if len(value) > _MOST_METADATA:
        raise ApiError(f"Metadata can have up to {_MOST_METADATA} keys.", param=param)
    for key, inner in value.items():
        if len(key) > 40 or len(inner) > 500:
            raise ApiError(
                "Metadata keys can have up to 40 characters, and values up to 500.",
                param=f"{param}[{key}]",
            )
    return value


def _scalar(kind: str, value: str, param: str) -> object:
    kinds = kind.split("|")
    for one in kinds:
        if one == "int" and _INTEGER.fullmatch(value):
            return int(value)
        if one == "bool" and value in ("true", "false"):
            return value == "true"
        if one == "num" and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
            return value
        if one == "str" and value != "":
            return value
        if one.startswith("enum:") and value in one[5:].split(","):
            return value or None
    raise _refusal(kinds, value, param)


def _refusal(kinds: list[str], value: str, param: str) -> ApiError:
    if value == "":
        return ApiError(
            f"You passed an empty string for '{param}'. We assume empty values are an attempt to unset a parameter; "
            f"however '{param}' cannot be unset.",
            code="parameter_invalid_empty",
            param=param,
        )
    choices = next((one[5:].split(",") for one in kinds if one.startswith("enum:")), None)
    if choices:
        named = ", ".join(choice for choice in choices if choice)
        return ApiError(f"Invalid {param}: must be one of {named}", param=param)
    if "int" in kinds:
        return ApiError(f"Invalid integer: {value}", code="parameter_invalid_integer", param=param)
    return ApiError(f"Invalid {'boolean' if 'bool' in kinds else 'value'}: {value}", param=param)


def merge_metadata(present: Object | None, sent: Object | None) -> Object:
    """Give metadata after a change: new keys added, empty values removed, an empty string for all unsets all."""
    if sent is None:
        return dict(present or {})
    if "" in sent:
        return {}
    merged = {**(present or {}), **sent}
    return {key: value for key, value in merged.items() if value != ""}
