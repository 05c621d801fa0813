"""Many writes in one transaction: what comes while one commit is under way goes into the next one, all of it together.

A commit that is safe on the disk takes the disk some milliseconds, whether it holds one row or fifty. Nobody is held
back so that others may join: whoever finds no commit under way writes at once, and on behalf of all who have come
meanwhile; each is answered only once its own row is committed. There is no thread of its own to be started or lost.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


class InterruptedGroupError(Exception):
    """Whoever wrote for others was stopped in the midst of it; nothing is known to be committed."""


@dataclass(eq=False)
class _Place(Generic[ItemT, ResultT]):
    """A caller in the queue: woken when its item is written, or when it is its turn to write."""

    item: ItemT
    woken: threading.Event = field(default_factory=threading.Event)
    is_written: bool = False
    result: ResultT | None = None
    error: Exception | None = field(default_factory=InterruptedGroupError)


class GroupCommit(Generic[ItemT, ResultT]):
    """Groups the writes of one process's threads.

    `write` takes items and commits them in one transaction, giving a result for each in the same order, or raises and
    leaves nothing behind. Where a group fails, `is_shared` says of its error whether it would meet each of them alone
    too (the database is gone); otherwise each is written alone, and only those that fail then have failed.
    """

    def __init__(
        self,
        write: Callable[[Sequence[ItemT]], Sequence[ResultT]],
        *,
        is_shared: Callable[[Exception], bool],
        most: int = 50,
    ) -> None:
        self._write = write
        self._is_shared = is_shared
        self._most = most
        self._guard = threading.Lock()
        self._queue: deque[_Place[ItemT, ResultT]] = deque()
        self._is_writing = False

    def put(self, item: ItemT) -> ResultT:
        """Write an item, and come back when it is committed.

        Raises:
            whatever `write` has raised of it.
        """
        place: _Place[ItemT, ResultT] = _Place(item)
        with self._guard:
            self._queue.append(place)
            must_wait, self._is_writing = self._is_writing, True
        if must_wait:
            place.woken.wait()
        if not place.is_written:
            self._write_next()
        if place.error is not None:
            raise place.error
        return place.result  # type: ignore[return-value]  # set with is_written

    def _write_next(self) -> None:
        """Write those who wait, the caller first among them; then give the turn to who has come meanwhile."""
        with self._guard:
            group = [self._queue.popleft() for _ in range(min(len(self._queue), self._most))]
        try:
            self._settle(group)
        finally:
            for place in group:
                place.is_written = True
                place.woken.set()
            with self._guard:
                self._is_writing = bool(self._queue)
                if self._queue:
                    self._queue[0].woken.set()

    def _settle(self, group: list[_Place[ItemT, ResultT]]) -> None:
        try:
            results = self._write([place.item for place in group])
        except Exception as error:  # noqa: BLE001 - each caller gets it raised
            if len(group) > 1 and not self._is_shared(error):
                for place in group:
                    self._settle([place])
                return
            for place in group:
                place.error = error
        else:
            for place, result in zip(group, results, strict=True):
                place.result, place.error = result, None
