"""The stored pages that a worker was asked for last, kept in memory ready to be sent."""

import sys
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache

from werkzeug.http import parse_accept_header

from membership.web.page_files import ENCODINGS, StoredPage
from membership.web.page_purging import surrogate_key

MOST_BYTES = 8 * 1024 * 1024
"""Bodies alone; with headers, and with what is lost between them, a worker holds half as much again."""
CACHE_CONTROL = {
    "asking": "public, max-age=0, s-maxage=300, stale-while-revalidate=60, stale-if-error=86400",
    "quiet": "private, no-store",
}
Key = tuple[str, str, str]
"""Path, copy and encoding."""


@dataclass(slots=True)
class Kept:
    """A representation, ready to be sent."""

    generation: int
    body: bytes
    tag: str
    headers: list[tuple[str, str]]
    headers_unchanged: list[tuple[str, str]]  # of a 304
    excused_until: float = 0.0  # an old page, served until then without asking again
    turn: int = -1  # with what News knew at this turn it was true


def ready(page: StoredPage, *, path: str, copy: str) -> Kept:
    """A stored representation with all its headers; the copy that caches may keep names its surrogate keys."""
    always = [("ETag", page.tag), ("Cache-Control", CACHE_CONTROL[copy]), ("Vary", "Accept-Encoding")]
    if copy == "asking":
        always.append(("Surrogate-Key", surrogate_key(path)))
    encoded = [] if page.encoding == "plain" else [("Content-Encoding", page.encoding)]
    length = [("Content-Length", str(len(page.body)))]
    own = [
        (sys.intern(name), sys.intern(value)) for name, value in page.meta.headers
    ]  # the same on most pages
    return Kept(
        generation=page.meta.generation,
        body=page.body,
        tag=page.tag,
        headers=[*own, *encoded, *length, *always],
        headers_unchanged=always,
    )


@lru_cache(maxsize=512)
def accepted_encoding(header: str) -> str:
    """The best encoding that an Accept-Encoding header takes: br, gzip or plain."""
    accepted = parse_accept_header(header)
    weights = {encoding: accepted.quality(encoding) for encoding in ("br", "gzip")}
    best = max(weights, key=lambda encoding: weights[encoding])
    return best if weights[best] > 0 and best in ENCODINGS else "plain"


class Memory:
    """Representations within MOST_BYTES; the one stored longest ago goes first."""

    def __init__(self) -> None:
        self.pages: OrderedDict[Key, Kept] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def put(self, key: Key, page: Kept) -> None:
        """Keep a representation in place of an older one."""
        with self._lock:
            self._drop(key)
            self.pages[key] = page
            self._size += len(page.body)
            while self._size > MOST_BYTES:
                self._drop(next(iter(self.pages)))

    def forget(self, path: str) -> None:
        """Let go of every representation of a path."""
        with self._lock:
            for key in [key for key in self.pages if key[0] == path]:
                self._drop(key)

    def clear(self) -> None:
        """Let go of everything."""
        with self._lock:
            self.pages.clear()
            self._size = 0

    def _drop(self, key: Key) -> None:
        old = self.pages.pop(key, None)
        if old is not None:
            self._size -= len(old.body)
