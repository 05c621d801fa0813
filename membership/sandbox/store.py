"""Where the objects are kept: one SQLite table, in memory or in a file.

An object is its JSON text; what lists are filtered by is copied into columns with an index each, so that
a hundred thousand loaded objects are listed as fast as ten. The store knows nothing of Stripe's rules.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from membership.sandbox import shapes
from membership.sandbox.objects import PRIVATE, Object, id_of

COLUMNS = (
    "customer",
    "subscription",
    "invoice",
    "charge",
    "payment_intent",
    "source",
    "email",
    "status",
    "kind",
)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS object (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, object TEXT NOT NULL,
    created INTEGER NOT NULL, is_sparse INTEGER NOT NULL, body TEXT NOT NULL,
    customer TEXT, subscription TEXT, invoice TEXT, charge TEXT, payment_intent TEXT, source TEXT,
    email TEXT, status TEXT, kind TEXT);
CREATE INDEX IF NOT EXISTS object_by_created ON object (object, created, number);
CREATE TABLE IF NOT EXISTS agenda (
    kind TEXT NOT NULL, id TEXT NOT NULL, clock TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (kind, id));
CREATE INDEX IF NOT EXISTS agenda_by_time ON agenda (clock, at);
CREATE TABLE IF NOT EXISTS answer (
    key TEXT PRIMARY KEY, request TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS delivery (
    number INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, endpoint TEXT NOT NULL, attempt INTEGER NOT NULL,
    due REAL NOT NULL, state TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS delivery_by_state ON delivery (state, due, number);
CREATE INDEX IF NOT EXISTS delivery_by_event ON delivery (event, state);
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Store:
    """Objects by id, newest first, and the sandbox's own few tables. Not safe without the account's lock."""

    def __init__(self, path: str | None = None) -> None:
        self.connection = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        # A stand-in may lose its last second in a power cut, like nothing that matters.
        self.connection.execute("PRAGMA synchronous = OFF")
        self.connection.executescript(_SCHEMA)
        for column in COLUMNS:
            self.connection.execute(
                f"CREATE INDEX IF NOT EXISTS object_by_{column} ON object (object, {column}, created, number) "
                f"WHERE {column} IS NOT NULL"
            )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all of the block or nothing of it; inside another transaction, part of that one."""
        if self.connection.in_transaction:
            yield
            return
        self.connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def put(self, thing: Object, *, sparse: bool = False) -> None:
        """Keep an object, new or changed."""
        self.put_all([thing], sparse=sparse)

    def put_all(self, things: Iterable[Object], *, sparse: bool = False) -> None:
        """Keep many objects."""
        names = ", ".join(COLUMNS)
        marks = ", ".join("?" * len(COLUMNS))
        news = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS)
        self.connection.executemany(
            f"INSERT INTO object (id, object, created, is_sparse, body, {names}) VALUES (?, ?, ?, ?, ?, {marks}) "  # noqa: S608 - names of our own
            f"ON CONFLICT (id) DO UPDATE SET body = excluded.body, is_sparse = excluded.is_sparse, {news}",
            (_row(thing, sparse=sparse) for thing in things),
        )

    def get(self, wanted: str) -> Object | None:
        """Give the object with that id, or nothing."""
        row = self.connection.execute("SELECT body, is_sparse FROM object WHERE id = ?", (wanted,)).fetchone()
        return None if row is None else _read(row)

    def remove(self, wanted: str) -> None:
        """Forget an object; unknown ids are fine."""
        self.connection.execute("DELETE FROM object WHERE id = ?", (wanted,))

    def find(self, kind: str, limit: int = -1, /, **columns: object) -> list[Object]:
        """Give the objects of a kind whose columns have these values, newest first."""
        where = "".join(f" AND {name} = ?" for name in columns)
        rows = self.connection.execute(
            f"SELECT body, is_sparse FROM object WHERE object = ?{where} "  # noqa: S608 - names of our own
            "ORDER BY created DESC, number DESC LIMIT ?",
            (kind, *columns.values(), limit),
        )
        return [_read(row) for row in rows]

    def one(self, kind: str, /, **columns: object) -> Object | None:
        """Give the newest object of a kind with these values, or nothing."""
        found = self.find(kind, 1, **columns)
        return found[0] if found else None

    def select(self, where: str, values: Iterable[object], *, order: str, limit: int) -> list[Object]:
        """Give the objects that a condition over the columns picks, in an order."""
        rows = self.connection.execute(
            f"SELECT body, is_sparse FROM object WHERE {where} ORDER BY {order} LIMIT ?",  # noqa: S608 - from the list operations only
            (*values, limit),
        )
        return [_read(row) for row in rows]

    def place(self, wanted: str) -> tuple[int, int] | None:
        """Give where an object stands in lists: the second it was made, and its number."""
        row = self.connection.execute("SELECT created, number FROM object WHERE id = ?", (wanted,)).fetchone()
        return cast("tuple[int, int] | None", row)

    def counts(self) -> Mapping[str, int]:
        """Give how many objects of each kind there are."""
        return dict(
            self.connection.execute("SELECT object, count(*) FROM object GROUP BY object ORDER BY object")
        )

    def fact(self, name: str) -> str | None:
        """Give one of the sandbox's own remembered values."""
        row = self.connection.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def remember(self, name: str, value: str) -> None:
        """Keep one of the sandbox's own values over a restart."""
        self.connection.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))


def _read(row: tuple[str, int]) -> Object:
    thing: Object = json.loads(row[0])
    return shapes.fill(thing) if row[1] else thing


def _row(thing: Object, *, sparse: bool) -> tuple[object, ...]:
    body = json.dumps(thing, separators=(",", ":"), ensure_ascii=False)
    told = _columns(thing)
    return (
        thing["id"],
        thing["object"],
        thing.get("created") or 0,
        int(sparse),
        body,
        *(told[name] for name in COLUMNS),
    )


def _columns(thing: Object) -> dict[str, str | None]:
    payment = thing.get("payment") or {}
    parent = (thing.get("parent") or {}).get("subscription_details") or {}
    private = thing.get(PRIVATE) or {}
    email = thing.get("email")
    return {
        "customer": id_of(thing.get("customer")),
        "subscription": id_of(thing.get("subscription")) or id_of(parent.get("subscription")),
        "invoice": id_of(thing.get("invoice")),
        "charge": id_of(thing.get("charge")),
        "payment_intent": id_of(thing.get("payment_intent")) or id_of(payment.get("payment_intent")),
        "source": id_of(thing.get("source")) or private.get("source"),
        "email": email if isinstance(email, str) else None,
        "status": thing.get("status") if isinstance(thing.get("status"), str) else None,
        "kind": thing.get("type") if isinstance(thing.get("type"), str) else None,
    }
