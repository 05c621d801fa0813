"""The account behind the sandbox: its objects, its time, and how a change becomes an event."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

from membership.sandbox import shapes
from membership.sandbox.clock import Clock
from membership.sandbox.errors import NotFoundError
from membership.sandbox.events import changes, public
from membership.sandbox.identifiers import Identifiers
from membership.sandbox.objects import API_VERSION, Object, copied, id_of
from membership.sandbox.queue import Queue
from membership.sandbox.rules import Rules
from membership.sandbox.store import Store


class Account:
    """Everything one Stripe account holds. Use it under `lock`; each request is one transaction of the store."""

    def __init__(
        self,
        *,
        store: str | None = None,
        seed: int | None = None,
        rules: Rules | None = None,
        clock_file: Path | None = None,
    ) -> None:
        self.lock = RLock()
        self.rules = rules or Rules()
        self.store = Store(store)
        started = int(self.store.fact("starts") or 0)
        self.store.remember("starts", str(started + 1))
        self.ids = Identifiers(None if seed is None else f"{seed}/{started}")
        self.clock = Clock(clock_file)
        kept = self.store.fact("offset")
        self.clock.set_offset(self.clock.told() if kept is None else int(kept))
        self.queue = Queue(self.store, seed)
        # What started the changes being made: shown in their events.
        self.request: Object = {"id": None, "idempotency_key": None}

    def now(self) -> int:
        """Give the second it is."""
        return self.clock.now()

    # -- objects

    def get(self, wanted: str | None, *kinds: str, param: str = "id") -> Object:
        """Give the object with this id and one of these kinds.

        Raises:
            NotFoundError: There is none.
        """
        thing = self.store.get(wanted or "")
        if thing is None or thing["object"] not in kinds or thing.get("deleted"):
            raise NotFoundError(kinds[0].rsplit(".", 1)[-1], str(wanted), param)
        return thing

    def find(self, wanted: str | None) -> Object | None:
        """Give the object with this id, or nothing."""
        return self.store.get(wanted) if wanted else None

    def make(self, kind: str, **fields: object) -> Object:
        """Give a new whole object with an id and the present second, kept already."""
        thing = {"id": self.ids.new(kind), "object": kind, "created": self.now(), **fields}
        whole = shapes.fill(thing)
        if kind == "mandate":
            del whole["created"]
        self.store.put(whole)
        return whole

    # -- events

    def emit(self, kind: str, thing: Object, previous: Object | None = None) -> Object:
        """Record that something happened to an object, and queue it for the endpoints that want to know."""
        data: Object = {"object": public(thing)}
        if previous is not None:
            data["previous_attributes"] = previous
        event = self.make(
            "event",
            type=kind,
            data=data,
            api_version=API_VERSION,
            pending_webhooks=0,
            request=dict(self.request),
        )
        event["pending_webhooks"] = self.queue.add(event["id"], kind)
        self.store.put(event)
        return event

    @contextmanager
    def changing(self, thing: Object, event: str | None = None) -> Iterator[None]:
        """Keep what the block changes in an object, and emit the event with what was before, if anything changed."""
        before = copied(thing)
        yield
        self.store.put(thing)
        previous = changes(public(before), public(thing))
        if event is not None and previous:
            self.emit(event, thing, previous)

    @contextmanager
    def by_itself(self) -> Iterator[None]:
        """Let events of the block say that no request caused them."""
        before, self.request = self.request, {"id": None, "idempotency_key": None}
        try:
            yield
        finally:
            self.request = before

    # -- time

    def clock_of(self, thing: Object) -> str:
        """Give the id of the test clock an object lives by, or nothing for the account's own time."""
        if thing["object"] == "test_helpers.test_clock":
            return str(thing["id"])
        own = id_of(thing.get("test_clock"))
        if own:
            return own
        customer = self.find(id_of(thing.get("customer")))
        return (id_of((customer or {}).get("test_clock"))) or ""

    def plan(self, at: int, kind: str, thing: Object) -> None:
        """Let something happen to an object at an instant; a later plan of the same kind replaces the earlier."""
        self.store.connection.execute(
            "INSERT OR REPLACE INTO agenda (kind, id, clock, at) VALUES (?, ?, ?, ?)",
            (kind, thing["id"], self.clock_of(thing), at),
        )

    def unplan(self, kind: str, wanted: str) -> None:
        """Let something no longer happen."""
        self.store.connection.execute("DELETE FROM agenda WHERE kind = ? AND id = ?", (kind, wanted))

    def next_planned(self) -> int | None:
        """Give the instant of the next thing that happens by the account's own time."""
        row = self.store.connection.execute("SELECT min(at) FROM agenda WHERE clock = ''").fetchone()
        return None if row[0] is None else int(row[0])
