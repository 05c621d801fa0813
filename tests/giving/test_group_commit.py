"""Writes of many threads in one transaction: who comes while one is under way shares the next."""

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain

import pytest

from membership.giving.group_commit import GroupCommit, InterruptedGroupError

pytestmark = pytest.mark.one_engine  # no database is asked


class Book:
    """A store that is slow to begin with: its first write waits until it is let go."""

    def __init__(self, *, most: int = 50) -> None:
        self.groups: list[list[int]] = []
        self.tried: list[list[int]] = []
        self.bad: dict[int, BaseException] = {}
        self.go = threading.Event()
        self.commits = GroupCommit(self.write, is_shared=lambda e: isinstance(e, ConnectionError), most=most)

    def write(self, items: Sequence[int]) -> list[str]:
        """Write down, or raise for the first bad one."""
        self.tried.append(list(items))
        if len(self.tried) == 1:
            assert self.go.wait(10)
        for item in items:
            if item in self.bad:
                raise self.bad[item]
        self.groups.append(list(items))
        return [f"kept {item}" for item in items]

    def has_come(self, count: int) -> bool:
        """Whether the first is being written, and so many others wait for the next write."""
        return bool(self.tried) and len(self.commits._queue) == count


@pytest.fixture
def together() -> Callable[[Book, int], dict[int, object]]:
    """Put 0 first, and so many others while it is being written; gives what each came back with."""

    def put(book: Book, others: int) -> dict[int, object]:
        results: dict[int, object] = {}

        def one(item: int) -> None:
            try:
                results[item] = book.commits.put(item)
            except BaseException as error:  # noqa: BLE001 - also what stops a thread
                results[item] = error

        threads = [threading.Thread(target=one, args=(item,)) for item in range(others + 1)]
        for count, thread in enumerate(threads):
            thread.start()
            _until(partial(book.has_come, count))
        book.go.set()
        for thread in threads:
            thread.join(10)
        return results

    return put


def _until(holds: Callable[[], object]) -> None:
    ends = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.001)


def test_what_comes_alone_is_written_at_once():
    book = Book()
    book.go.set()

    assert [book.commits.put(item) for item in (1, 2)] == ["kept 1", "kept 2"]
    assert book.groups == [[1], [2]]


def test_what_comes_during_a_commit_shares_the_next_one(together):
    book = Book()

    results = together(book, 20)

    assert results == {item: f"kept {item}" for item in range(21)}
    assert book.groups == [[0], list(range(1, 21))]


def test_no_group_is_larger_than_it_may_be_and_nobody_is_left_behind(together):
    book = Book(most=8)

    results = together(book, 20)

    assert len(results) == 21
    assert [len(group) for group in book.groups] == [1, 8, 8, 4]


def test_one_that_cannot_be_written_fails_alone(together):
    book = Book()
    book.bad[7] = ValueError("seven")

    results = together(book, 20)

    assert results.pop(7) is book.bad[7]
    assert set(results.values()) == {f"kept {item}" for item in results}
    assert sorted(chain(*book.groups)) == sorted(results)


def test_what_would_meet_each_alone_is_tried_once_for_all(together):
    book = Book()
    book.bad[7] = ConnectionError("gone")

    results = together(book, 20)

    assert results.pop(0) == "kept 0"
    assert set(results.values()) == {book.bad[7]}
    assert len(book.tried) == 2


def test_a_writer_that_is_stopped_promises_nobody_anything_and_keeps_the_door_open(together):
    book = Book()
    book.bad[0] = SystemExit()
    book.bad[1] = KeyboardInterrupt()

    results = together(book, 3)

    assert isinstance(results[0], SystemExit)
    assert isinstance(results[1], KeyboardInterrupt)
    assert [type(results[item]) for item in (2, 3)] == [InterruptedGroupError] * 2
    assert book.commits.put(9) == "kept 9"


def test_under_many_threads_each_is_written_once():
    book = Book(most=5)
    book.go.set()
    kept: list[str] = []

    def many(start: int) -> None:
        kept.extend(book.commits.put(item) for item in range(start, start + 100))

    threads = [threading.Thread(target=many, args=(number * 100,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(kept) == sorted(f"kept {item}" for item in range(800))
    assert sorted(chain(*book.groups)) == list(range(800))
