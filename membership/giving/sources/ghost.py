"""Ghost's members: the CSV of "Export all members", or a JSON export that has members; joined with Stripe by customer.

The columns are those of Ghost 5 and 6: id, email, name, note, subscribed_to_emails, complimentary_plan,
stripe_customer_id, created_at, deleted_at, labels, tiers. Notes, labels and tiers are Ghost's own and not taken.
"""

import json
from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from membership.articles.sources.decoding import whole_text
from membership.articles.sources.items import ImportFileError
from membership.giving.sources import csvfiles, members
from membership.giving.sources.csvfiles import Cells
from membership.giving.sources.members import Member, RowError, Told

PLATFORM = "Ghost"
NAMES = {
    name: name
    for name in (
        "email",
        "name",
        "subscribed_to_emails",
        "complimentary_plan",
        "stripe_customer_id",
        "deleted_at",
    )
}
NEEDED = ("email", "stripe_customer_id")


def read(file: Path, complimentary_through: date | None) -> Iterator[Told]:
    """The members of the file who give through Stripe, or have a complimentary plan; and the rows not taken.

    `complimentary_through` is the last day to be granted to complimentary plans, of which the file says no end.

    Raises:
        ImportFileError: the file cannot be read, or has no members.
    """
    found = _json_rows(file) if file.suffix.casefold() == ".json" else csvfiles.rows(file, NAMES, NEEDED)
    return csvfiles.members_of(found, partial(_member, complimentary_through=complimentary_through))


def _member(number: int, cells: Cells, *, complimentary_through: date | None) -> Member:
    if cells.get("deleted_at"):
        raise RowError("the member was deleted in Ghost")
    customer_id = cells["stripe_customer_id"]
    is_complimentary = members.is_yes(cells.get("complimentary_plan", ""), "complimentary_plan")
    if customer_id and not (customer_id.startswith("cus_") and customer_id.isascii()):
        raise RowError("its stripe_customer_id is no customer of Stripe's")
    if not customer_id and not is_complimentary:
        raise RowError("it is a free member's: nothing is paid")
    if not customer_id and complimentary_through is None:
        raise RowError("it is complimentary, without an end: say --complimentary-until DAY to grant it")
    return Member(
        row=number,
        email=members.address(cells["email"]),
        name=members.name(cells.get("name", "")),
        platform="" if customer_id else PLATFORM,
        paid_through=None if customer_id else complimentary_through,
        customer_id=customer_id,
        wants_mail=members.is_yes(cells.get("subscribed_to_emails", "true"), "subscribed_to_emails"),
    )


def _json_rows(file: Path) -> Iterator[tuple[int, Cells]]:
    """The members of a JSON export as rows, numbered from 2 as in a CSV."""
    data = _data(file)
    customers: dict[str, str] = {}
    for row in _table(data, "members_stripe_customers"):
        customers.setdefault(str(row.get("member_id")), str(row.get("customer_id") or ""))
    found = _table(data, "members")
    if not found:
        raise ImportFileError(
            "This export has no members. In Ghost choose Members, then “Export all members”."
        )
    for number, row in enumerate(found, start=2):
        cells = {name: _text(row.get(name)) for name in NAMES if row.get(name) is not None}
        cells["stripe_customer_id"] = cells.get("stripe_customer_id") or customers.get(str(row.get("id")), "")
        if row.get("status") == "comped":
            cells["complimentary_plan"] = "true"
        yield number, {"email": "", **cells}


def _data(file: Path) -> dict[str, Any]:
    text, _encoding, _warning = whole_text(file)
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise ImportFileError("The file is no JSON.") from None
    found = told.get("db") if isinstance(told, dict) else None
    if isinstance(found, list) and found and isinstance(found[0], dict):
        told = found[0].get("data")
    elif isinstance(told, dict):
        told = told.get("data", told)
    return told if isinstance(told, dict) else {}


def _table(data: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = data.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _text(value: object) -> str:
    return str(value).strip() if isinstance(value, str | int | bool) else ""
