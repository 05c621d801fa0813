"""The deliveries that wait: one row for each event and endpoint that wants it.

The knobs of a bad line (twice, out of order, late, never) are turned here, by seed, when a row is written.
"""

import random
from dataclasses import dataclass

from membership.sandbox.clock import waited
from membership.sandbox.objects import PRIVATE
from membership.sandbox.store import Store

# The endpoint given at start, beside those registered through the API.
GIVEN = "given"


@dataclass
class Knobs:
    """How bad the line is: chances between 0 and 1, and a delay in seconds for every delivery."""

    duplicate: float = 0.0
    reorder: float = 0.0
    delay: float = 0.0
    drop: float = 0.0


class Queue:
    """Which event is still to reach which endpoint."""

    def __init__(self, store: Store, seed: int | None = None) -> None:
        self._store = store
        self._random = random.Random(seed)  # noqa: S311 - chance that can be repeated, no secret
        self.knobs = Knobs()
        self.has_given_endpoint = False

    def add(self, event: str, kind: str) -> int:
        """Queue an event for everyone who wants its kind, and give how many that are."""
        endpoints = self._wanting(kind)
        for endpoint in endpoints:
            self._add_for(event, endpoint)
        return len(endpoints)

    def pending(self) -> list[tuple[int, str, str, int]]:
        """Give number, event, endpoint and tries so far of all that wait, in the order in which they are due."""
        return list(
            self._store.connection.execute(
                "SELECT number, event, endpoint, attempt FROM delivery WHERE state = 'pending' ORDER BY due, number"
            )
        )

    def next_due(self) -> tuple[float, tuple[int, str, str, int]] | None:
        """Give the delivery that is due first, and when, in real seconds."""
        row = self._store.connection.execute(
            "SELECT due, number, event, endpoint, attempt FROM delivery WHERE state = 'pending' "
            "ORDER BY due, number LIMIT 1"
        ).fetchone()
        return None if row is None else (row[0], row[1:])

    def settle(self, number: int, state: str) -> None:
        """Say how a delivery ended: done, failed for good, or dropped."""
        self._store.connection.execute("UPDATE delivery SET state = ? WHERE number = ?", (state, number))

    def put_off(self, number: int, seconds: float) -> None:
        """Let a delivery that failed be tried again after so many real seconds."""
        self._store.connection.execute(
            "UPDATE delivery SET attempt = attempt + 1, due = ? WHERE number = ?",
            (waited() + seconds, number),
        )

    def again(self, event: str, endpoint: str) -> None:
        """Queue an event once more, as the dashboard's "resend" does."""
        self._insert(event, endpoint, waited(), "pending")

    def undelivered(self, event: str) -> int:
        """Give how many endpoints an event has not reached yet."""
        row = self._store.connection.execute(
            "SELECT count(DISTINCT endpoint) FROM delivery WHERE event = ? AND state != 'done'", (event,)
        ).fetchone()
        return int(row[0])

    def _wanting(self, kind: str) -> list[str]:
        endpoints = [GIVEN] if self.has_given_endpoint else []
        for endpoint in self._store.find("webhook_endpoint", status="enabled"):
            wanted = endpoint["enabled_events"]
            if "*" in wanted or kind in wanted:
                endpoints.append(endpoint["id"])
        return endpoints

    def _add_for(self, event: str, endpoint: str) -> None:
        knobs, due = self.knobs, waited() + self.knobs.delay
        if knobs.reorder and self._random.random() < knobs.reorder:
            due += self._random.uniform(0.5, 5.0)
        dropped = bool(knobs.drop) and self._random.random() < knobs.drop
        self._insert(event, endpoint, due, "dropped" if dropped else "pending")
        if knobs.duplicate and not dropped and self._random.random() < knobs.duplicate:
            self._insert(event, endpoint, due + self._random.uniform(0.0, 3.0), "pending")

    def _insert(self, event: str, endpoint: str, due: float, state: str) -> None:
        self._store.connection.execute(
            "INSERT INTO delivery (event, endpoint, attempt, due, state) VALUES (?, ?, 0, ?, ?)",
            (event, endpoint, due, state),
        )


def secret_of(endpoint: dict[str, object]) -> str:
    """Give the signing secret of a registered endpoint, which the API shows only once."""
    private = endpoint.get(PRIVATE)
    return str(private["secret"]) if isinstance(private, dict) else ""
