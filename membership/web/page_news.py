"""What a worker knows about changed pages: it asks the database now and then, never for each request."""

import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

from flask import Flask
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from membership.db import db

POLL_S = 0.5
EXCUSED_S = 2.0
"""How long an old page is served, and the database left alone, after it could not be asked."""
MOST_CHANGES = 10_000
"""After so many a worker forgets the pages in its memory rather than remember each."""
Told = TypeVar("Told")


class Changes(Protocol):
    """Where page changes are kept (newsroom.page_changes)."""

    EVERYTHING: str

    def since(self, connection: Connection, generation: int) -> list[tuple[int, str]]:
        """The changes after a generation: generation and key, in order."""

    def newest(self, connection: Connection, path: str) -> tuple[int, int]:
        """The newest generation that concerns a path, and the newest of all."""


class News:
    """The changes since this worker began, and the way to ask for more."""

    def __init__(
        self,
        app: Flask,
        changes: Changes,
        *,
        every_s: float,
        when_too_many: Callable[[], None],
        when_changed: Callable[[list[tuple[int, str]]], None],
    ) -> None:
        self.EVERYTHING = changes.EVERYTHING
        self._app = app
        self._changes = changes
        self._every_s = every_s
        self._when_too_many = when_too_many
        self._when_changed = when_changed
        self.due = 0.0
        """When to ask again, by time.monotonic(); before that `poll` does nothing."""
        self.turn = 0
        """Counts up with each answer that told of changes, once `is_old` knows them."""
        self.forgotten = 0
        """Of changes up to this generation `is_old` knows nothing any more."""
        self._lock = threading.Lock()
        self._generation: int | None = None  # the newest change known
        self._changed: dict[str, int] = {}  # path → generation
        self._engine: Engine | None = None

    @property
    def generation(self) -> int:
        """The newest change known; 0 before the first answer."""
        return self._generation or 0

    def is_old(self, path: str, generation: int) -> bool:
        """Whether a page of this generation has changed since, as far as is known."""
        changed = self._changed
        return generation < max(changed.get(path, 0), changed.get(self.EVERYTHING, 0))

    def poll(self, now: float) -> None:
        """Learn of changes if it is time; one thread asks while the others go on with what is known."""
        if now < self.due or not self._lock.acquire(blocking=False):
            return
        try:
            is_first = self._generation is None
            rows = self._ask(self._later)
            self.due = now + (self._every_s if rows is not None else EXCUSED_S)
            for generation, key in rows or ():
                self._generation = generation
                self._changed[key] = generation
            if rows and not is_first:
                self._when_changed(rows)
            if len(self._changed) > MOST_CHANGES:
                self._when_too_many()
                self.forgotten = self.generation
                self._changed.clear()
            self.turn += bool(rows)
        finally:
            self._lock.release()

    def newest(self, path: str) -> tuple[int, int] | None:
        """The newest generation that concerns a path, and the newest of all; None if that cannot be known now."""
        return self._ask(lambda connection: self._changes.newest(connection, path))

    def since(self, generation: int) -> list[tuple[int, str]]:
        """The changes after a generation; all of them if the database is younger than that, restored or new."""

        def later(connection: Connection) -> list[tuple[int, str]]:
            _of_key, newest = self._changes.newest(connection, self.EVERYTHING)
            return self._changes.since(connection, generation if generation <= newest else 0)

        return self._ask(later) or []

    def _later(self, connection: Connection) -> list[tuple[int, str]]:
        """The changes since the last poll; at the first one only where to begin."""
        if self._generation is None:
            return [(self._changes.newest(connection, self.EVERYTHING)[1], "")]
        return self._changes.since(connection, self._generation)

    def _ask(self, question: Callable[[Connection], Told]) -> Told | None:
        """Ask the database; None if it cannot answer."""
        try:
            if self._engine is None:
                with self._app.app_context():
                    self._engine = db.engine
            with self._engine.connect() as connection:
                return question(connection)
        except (SQLAlchemyError, OSError):
            return None
