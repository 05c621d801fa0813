"""A worker's memory of stored pages: bounded by the bytes of their bodies, the one stored longest ago goes first."""

import pytest

from membership.web import page_memory
from membership.web.page_files import Rendered, unstored
from membership.web.page_memory import MOST_BYTES, Kept, Memory, ready

PAGE = 200 * 1024


def a_page(size: int = PAGE) -> Kept:
    page = unstored(Rendered([("Content-Type", "text/html")], b"x" * size), generation=1, build="b")
    return ready(page, path="/articles/ferry", copy="asking")


def key(number: int, encoding: str = "plain") -> tuple[str, str, str]:
    return f"/articles/story-{number}", "asking", encoding


def held(memory: Memory) -> int:
    return sum(len(page.body) for page in memory.pages.values())


def test_a_hundred_large_pages_stay_within_the_bound_and_the_oldest_are_gone():
    memory = Memory()
    for number in range(100):
        memory.put(key(number), a_page())
        assert held(memory) <= MOST_BYTES

    fit = MOST_BYTES // PAGE
    assert list(memory.pages) == [key(number) for number in range(100 - fit, 100)]


def test_a_page_made_anew_takes_the_place_of_the_old_one_and_counts_once():
    memory = Memory()
    for _ in range(100):
        memory.put(key(1), a_page())
    memory.put(key(2), a_page())
    memory.put(key(1), a_page(10))

    assert list(memory.pages) == [key(2), key(1)]
    assert held(memory) == PAGE + 10


def test_what_is_forgotten_makes_room(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(page_memory, "MOST_BYTES", 4 * PAGE)
    memory = Memory()
    for encoding in ("plain", "gzip", "br"):
        memory.put(key(1, encoding), a_page())
    memory.put(key(2), a_page())
    memory.forget("/articles/story-1")
    assert list(memory.pages) == [key(2)]

    for number in (3, 4, 5):
        memory.put(key(number), a_page())
    assert list(memory.pages) == [key(2), key(3), key(4), key(5)]
    memory.clear()
    for number in range(6):
        memory.put(key(number), a_page())
    assert list(memory.pages) == [key(2), key(3), key(4), key(5)]


def test_a_page_larger_than_all_of_it_is_not_kept():
    memory = Memory()
    memory.put(key(1), a_page(MOST_BYTES + 1))

    assert not memory.pages
    memory.put(key(2), a_page())
    assert list(memory.pages) == [key(2)]
