"""Holding answers and events to Stripe's contract, where the folder with it is at hand."""

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

from membership.sandbox.decoding import decode

FILE = "stripe/stripe-contract-2026-10-28.endive.json"


def folder() -> Path | None:
    """Give the folder of outside test data that has the contract, if there is one."""
    named = os.environ.get("MEMBERSHIP_TEST_DATA")
    found = Path(named) if named else None
    return found if found is not None and (found / FILE).exists() else None


@cache
def contract() -> dict[str, Any]:
    """Read the contract."""
    where = folder()
    assert where is not None
    read: dict[str, Any] = json.loads((where / FILE).read_text(encoding="utf-8"))
    return read


@cache
def event_schemas() -> dict[str, dict[str, Any]]:
    """Give the schema of the object in each type of event."""
    found = {}
    for schema in contract()["components"]["schemas"].values():
        told = schema.get("x-stripeEvent")
        if told and "object" in schema.get("properties", {}):
            found[told["type"]] = schema["properties"]["object"]
    return found


@cache
def _paths() -> dict[int, list[tuple[list[str], dict[str, Any]]]]:
    """Give the words of each path and its operations, by their number; what has fewer ids goes first."""
    found: dict[int, list[tuple[list[str], dict[str, Any]]]] = {}
    # A word written out wins over an id in the same place.
    for path, operations in sorted(contract()["paths"].items(), key=lambda item: item[0].count("{")):
        words = path.strip("/").split("/")
        found.setdefault(len(words), []).append((words, operations))
    return found


@cache
def _operation(method: str, path: str) -> dict[str, Any] | None:
    """Give an operation of the contract, or nothing when it has no such one."""
    parts = path.strip("/").split("/")
    for wanted, operations in _paths().get(len(parts), []):
        if all(w[0] == "{" or w == p for w, p in zip(wanted, parts, strict=True)):
            operation: dict[str, Any] | None = operations.get(method.lower())
            if operation:
                return operation
    return None


def answer_faults(method: str, path: str, answer: object) -> list[str]:
    """Give every way in which an answer does not fit its operation."""
    operation = _operation(method, path)
    if operation is None:
        return ["no such operation"]
    return faults(answer, operation["responses"]["200"]["content"]["application/json"]["schema"])


def request_faults(method: str, path: str, form: str) -> list[str]:
    """Give every way in which what was asked (a form, or a query) does not fit its operation."""
    operation = _operation(method, path)
    if operation is None:
        return ["no such operation"]
    body = operation.get("requestBody")
    if method == "POST" or (
        method == "DELETE" and body
    ):  # the SDK writes what a DELETE has to say as a query
        schema = (
            next(iter(body["content"].values()))["schema"] if body else {"type": "object", "properties": {}}
        )
    else:
        query = [one for one in operation.get("parameters", []) if one["in"] == "query"]
        schema = {
            "type": "object",
            "properties": {one["name"]: one["schema"] for one in query},
            "required": [one["name"] for one in query if one.get("required")],
        }
    return typed_faults(decode(form), schema, "request")


_WRITTEN = {
    "string": re.compile(r".*", re.DOTALL),
    "integer": re.compile(r"-?[0-9]+"),
    "number": re.compile(r"-?[0-9]+(\.[0-9]+)?"),
    "boolean": re.compile(r"true|false"),
}
"""How a form writes values, which have no types there."""


def typed_faults(value: Any, schema: dict[str, Any], where: str) -> list[str]:
    """Give every way in which what a form spells does not fit a schema."""
    if "$ref" in schema:
        return typed_faults(
            value, contract()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]], where
        )
    if "anyOf" in schema:
        tried = [typed_faults(value, option, where) for option in schema["anyOf"]]
        return [] if any(not one for one in tried) else min(tried, key=len)
    if schema.get("enum") and value not in schema["enum"]:
        return [f"{where}: {value!r} is none of {schema['enum'][:8]}"]
    return _spelled(value, schema, where)


def _spelled(value: Any, schema: dict[str, Any], where: str) -> list[str]:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if kind in _WRITTEN:
        fits = isinstance(value, str) and _WRITTEN[kind].fullmatch(value)
        return [] if fits else [f"{where}: {value!r} is no {kind}"]
    if not isinstance(value, dict):
        return [f"{where}: {value!r} is no {kind}"]
    if kind == "array":
        return [
            fault for n, row in value.items() for fault in typed_faults(row, schema["items"], f"{where}[{n}]")
        ]
    return _spelled_object(value, schema, where)


def _spelled_object(value: dict[str, Any], schema: dict[str, Any], where: str) -> list[str]:
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    found = [f"{where}.{name}: missing" for name in schema.get("required", []) if name not in value]
    for name, inner in value.items():
        if name in known:
            found += typed_faults(inner, known[name], f"{where}.{name}")
        elif isinstance(others, dict):
            found += typed_faults(inner, others, f"{where}.{name}")
        else:
            found.append(f"{where}.{name}: no such parameter")
    return found


def faults(value: object, schema: dict[str, Any], where: str = "") -> list[str]:
    """Give every way in which a value does not fit a schema; unknown fields are faults too."""
    if value is None and schema.get("nullable"):
        return []
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return faults(value, contract()["components"]["schemas"][name], where)
    if "anyOf" in schema:
        tried = [faults(value, option, where) for option in schema["anyOf"]]
        return [] if any(not one for one in tried) else min(tried, key=len)
    if schema.get("enum") and value not in schema["enum"]:
        return [f"{where}: {value!r} is none of {schema['enum'][:8]}"]
    return _typed(value, schema, where)


_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def _typed(value: object, schema: dict[str, Any], where: str) -> list[str]:
    kind = schema.get("type", "object" if "properties" in schema else None)
    if kind is None:
        return []
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        return [f"{where}: {value!r} is no {kind}"]
    if isinstance(value, list):
        return [
            fault for n, row in enumerate(value) for fault in faults(row, schema["items"], f"{where}[{n}]")
        ]
    if isinstance(value, dict):
        return _object(value, schema, where)
    return []


def _object(value: dict[str, Any], schema: dict[str, Any], where: str) -> list[str]:
    known = schema.get("properties", {})
    found = [f"{where}.{name}: missing" for name in schema.get("required", []) if name not in value]
    for name, inner in value.items():
        if name in known:
            found += faults(inner, known[name], f"{where}.{name}")
        elif isinstance(schema.get("additionalProperties"), dict):
            found += faults(inner, schema["additionalProperties"], f"{where}.{name}")
        elif known:
            found.append(f"{where}.{name}: unknown field")
    return found


def event_faults(event: dict[str, Any]) -> list[str]:
    """Give every way in which an event and the object in it do not fit."""
    found = faults(event, {"$ref": "#/components/schemas/event"}, event["type"])
    schema = event_schemas().get(event["type"])
    if schema is None:
        return [*found, f"{event['type']}: no such event type"]
    return found + faults(event["data"]["object"], schema, event["type"])
