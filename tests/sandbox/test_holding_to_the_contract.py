"""The package's own tables are true to Stripe's contract, and the checker itself can find fault."""

from typing import Any

import pytest

from membership.sandbox import every_operation, operations, parameters, shapes
from tests.sandbox import contract

pytestmark = pytest.mark.skipif(
    contract.folder() is None, reason="MEMBERSHIP_TEST_DATA names no folder with Stripe's contract"
)


def _schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = contract.contract()["components"]["schemas"][name]
    return found


def _parameters(operation: str) -> tuple[set[str], set[str]]:
    """Every parameter the contract has for an operation, and those it requires."""
    method, path = operation.split(" ")
    wanted = path.strip("/").split("/")
    for known, methods in contract.contract()["paths"].items():
        parts = known.strip("/").split("/")
        same = len(parts) == len(wanted) and all(
            (a[0] == "{") == (b[0] == "{") and (a == b or a[0] == "{")
            for a, b in zip(parts, wanted, strict=True)
        )
        if same and method.lower() in methods:
            return _named(methods[method.lower()])
    raise AssertionError(f"the contract has no {operation}")


def _named(operation: dict[str, Any]) -> tuple[set[str], set[str]]:
    query = [one for one in operation.get("parameters", []) if one["in"] == "query"]
    names = {one["name"] for one in query}
    required = {one["name"] for one in query if one.get("required")}
    body = operation.get("requestBody")
    if body:
        schema = next(iter(body["content"].values()))["schema"]
        schema = _schema(schema["$ref"].rsplit("/", 1)[-1]) if "$ref" in schema else schema
        names |= schema.get("properties", {}).keys()
        required |= set(schema.get("required", []))
    return names, required


every_operation.load()


@pytest.mark.parametrize("operation", operations.served())
def test_an_operation_takes_only_what_stripe_takes(operation: str) -> None:
    names, required = _parameters(operation)
    table = parameters.table(operation)

    assert {name.rstrip("!") for name in table} <= names
    assert {name[:-1] for name in table if name.endswith("!")} == required


def test_every_line_of_the_table_is_served() -> None:
    assert set(parameters.operations()) == set(operations.served())


@pytest.mark.parametrize("kind", shapes.kinds())
def test_a_shape_has_every_field_stripe_always_sends(kind: str) -> None:
    whole = shapes.fill({"object": kind, "id": "x"})

    missing = [
        fault
        for fault in contract.faults(whole, _schema(kind), kind)
        if fault.endswith((": missing", "field"))
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"amount": "5"}, "charge.amount: '5' is no integer"),
        ({"amount": True}, "charge.amount: True is no integer"),
        ({"status": "done"}, "charge.status: 'done' is none of"),
        ({"invoice": "in_1"}, "charge.invoice: unknown field"),
        ({"currency": None}, "charge.currency: None is no string"),
    ],
)
def test_the_checker_finds_fault(change: dict[str, Any], fault: str) -> None:
    charge = shapes.fill({"object": "charge", "id": "ch_1", "amount": 5, "currency": "eur"})

    found = contract.faults({**charge, **change}, _schema("charge"), "charge")

    assert len(found) == 1
    assert found[0].startswith(fault)
