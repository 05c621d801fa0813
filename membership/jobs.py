"""Wake-ups for the worker. The tables hold the truth; a wake-up only makes the worker look sooner.

Whoever commits work for the worker (mail queued, an event stored, a page changed) calls
`wake("mail")` in the same transaction; it is sent after the commit. A lost wake-up costs at most
the minute until the worker's own round.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from sqlalchemy import event
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from huey.api import Huey, TaskWrapper

log = structlog.get_logger(__name__)


@dataclass
class _Queue:
    url: str

    @cached_property
    def task(self) -> "TaskWrapper":
        """What sends a wake-up; it and its queue are made when one is first sent."""
        return _huey(self.url).task(name="wake")(_run)


@dataclass
class _Jobs:
    queue: _Queue | None = None
    handlers: dict[str, Callable[[], object]] = field(default_factory=dict)


_jobs = _Jobs()


def configure(url: str) -> None:
    """Send wake-ups through this queue from now on (the factory calls it)."""
    _jobs.queue = _Queue(url)


def _huey(url: str) -> "Huey":
    from huey import MemoryHuey, PostgresHuey, RedisHuey, SqliteHuey  # noqa: PLC0415 - a quarter of a second at the start

    scheme = urlsplit(url).scheme
    if scheme == "memory":
        return MemoryHuey("membership", results=False)
    if scheme == "redis":
        return RedisHuey("membership", url=url, results=False)
    if scheme == "postgresql":
        return PostgresHuey("membership", dsn=url, results=False)
    file = Path(url.removeprefix("sqlite:///"))
    file.parent.mkdir(parents=True, exist_ok=True)
    return SqliteHuey("membership", filename=str(file), results=False, fsync=False)


def queue() -> "Huey":
    """The queue, for the worker that reads it.

    Raises:
        RuntimeError: none was configured.
    """
    if _jobs.queue is None:
        raise RuntimeError("jobs.configure comes first")
    huey: Huey = _jobs.queue.task.huey
    return huey


def handle(name: str, handler: Callable[[], object]) -> None:
    """Let the worker run `handler` when somebody calls `wake(name)`."""
    _jobs.handlers[name] = handler


def wake(session: Session, name: str) -> None:
    """Tell the worker, once this session's transaction has committed, that there is work called `name`.

    Several calls in one transaction become one wake-up; a rollback drops it.
    """
    names: set[str] = session.info.setdefault("wakes", set())
    names.add(name)


@event.listens_for(Session, "after_commit")
def _send(session: Session) -> None:
    if session.in_nested_transaction():
        return  # only a savepoint was let go; the transaction is still open
    for name in sorted(session.info.pop("wakes", ())):
        if _jobs.queue is None:
            continue
        try:
            _jobs.queue.task(name)
        except Exception:  # noqa: BLE001 - the commit stands; the worker's own round will find the work
            log.warning("wake_up_lost", name=name)


@event.listens_for(Session, "after_rollback")
def _drop(session: Session) -> None:
    if session.in_nested_transaction():
        return  # what came before the savepoint still wants its wake-up
    session.info.pop("wakes", None)


def _run(name: str) -> None:
    handler = _jobs.handlers.get(name)
    if handler is not None:
        handler()
