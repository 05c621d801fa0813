"""A large history made of a small one: every patron again and again, under names of their own.

What a webhook meets in a table of millions is its size; what stands in the rows beside is as it was. So a thousand
patrons are loaded as any history is, and the rest are copies of their rows, made by the database itself.
"""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Column, Integer, String, Table

from membership.db import Base

STEP = 10_000_000
"""How far the numbers of a copy's rows lie from those of the copy before."""
COPIED = (
    "account",
    "patron",
    "name_word",
    "stripe_customer",
    "payment",
    "subscription",
    "subscription_state",
    "invoice",
    "invoice_payment",
    "balance_transaction",
    "ledger_entry",
    "ledger_line",
    "coverage",
    "movement",
    "due_row",
)
NAMES = {
    "balance_transaction_id",
    "card_fingerprint",
    "checkout_public_id",
    "customer_id",
    "email_index",
    "id",
    "invoice_id",
    "item_id",
    "key",
    "payment_id",
    "payment_intent_id",
    "public_id",
    "source_id",
    "source_key",
    "stripe_id",
    "subscription_id",
}
"""Columns of text that name one thing; its copy has a name of its own."""


def copy(folder: Path, times: int, told: Callable[[int], None]) -> float:
    """Make each patron of the database in `folder` one of `times`; the seconds that it took.

    Nothing else may have the database open. Where the process ends in the midst of it, the file is worth nothing.
    """
    began = time.monotonic()
    statements = [_statement(Base.metadata.tables[name]) for name in COPIED]
    connection = sqlite3.connect(folder / "membership.db", isolation_level=None)
    try:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1500000"):
            connection.execute(f"PRAGMA {pragma}")
        for number in range(1, times):
            connection.execute("BEGIN")
            for statement in statements:
                connection.execute(statement, {"shift": number * STEP, "name": f"{number:06}", "end": STEP})
            connection.execute("COMMIT")
            told(number)
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()
    return time.monotonic() - began


def _statement(table: Table) -> str:
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    values = ", ".join(_value(column) for column in table.columns)
    first = next((c for c in table.columns if _is_number(c)), None)
    originals = f'"{first.name}" < :end' if first is not None else _is_original(table)
    return f'INSERT INTO "{table.name}" ({columns}) SELECT {values} FROM "{table.name}" WHERE {originals}'  # noqa: S608 - our own tables


def _is_original(table: Table) -> str:
    name = next(column.name for column in table.primary_key.columns)
    return f"\"{name}\" NOT GLOB '*+*'"


def _value(column: Column[object]) -> str:
    """What stands in a copy: Stripe's prefix first, then the copy's number, so that one copy's names lie together."""
    name = f'"{column.name}"'
    if _is_number(column):
        return f"{name} + :shift"
    if column.name not in NAMES or not isinstance(column.type, String):
        return name
    prefix = f"substr({name}, 1, instr({name}, '_'))"
    return f"CASE WHEN {name} = '' THEN '' ELSE {prefix} || :name || '+' || substr({name}, instr({name}, '_') + 1) END"


def _is_number(column: Column[object]) -> bool:
    """Whether a column is a row's own number or that of a copied table's row."""
    if not isinstance(column.type, Integer):
        return False
    own = column.primary_key and column.name == "id"
    return own or any(key.column.table.name in COPIED for key in column.foreign_keys)
