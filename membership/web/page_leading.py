"""Frames on other sites: what those sites call their articles leads to a stored page, which is sent in its place.

The application says by a redirect within `/embed/` which page stands at an address: an article's own, or the one for
any article. It is asked once; then whoever opens that address gets the very page, from the store, and nothing is asked
of the application or the database. What leads where is in a worker's memory alone, so that addresses which nobody knows
never fill the folder of stored pages; it is bounded, holds for HOLDS_S, and longer while it cannot be asked anew.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from membership.web import page_files
from membership.web.page_news import EXCUSED_S

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

    from membership.web.page_store import PageStore

MOST = 5_000
"""How many addresses a worker remembers; the one that was learned longest ago goes first."""
LONGEST = 1_000
"""Longer addresses are asked about each time."""
HOLDS_S = 60.0
"""An article that is imported is known at its old address so long afterwards, at the latest."""
MOST_STEPS = 4
"""A language's prefix, an address elsewhere, a slug, any article."""
_READING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Place:
    """Which page is sent, as of a generation, and until when that is believed."""

    path: str
    generation: int
    until: float


class Leading:
    """The layer before the page store (see the module)."""

    def __init__(self, store: "PageStore") -> None:
        self.places: OrderedDict[str, Place] = OrderedDict()
        self._store = store
        self._lock = threading.Lock()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer with the page that stands at an address; everything but frames is left to the store."""
        path = environ.get("PATH_INFO", "")
        if page_files.EMBEDDED not in path or environ["REQUEST_METHOD"] not in _READING:
            return self._store(environ, start_response)
        self._store.news.poll(time.monotonic())
        asked: list[str] = []
        found = self._at(environ, path)
        while isinstance(found, str) and len(asked) < MOST_STEPS:
            asked.append(path)
            path = found
            found = self._at(environ, path)
        answer = found if isinstance(found, _Held) else _Held(self._store, environ, path)
        return answer.send(start_response, asked)

    def _at(self, environ: "WSGIEnvironment", path: str) -> "str | _Held":
        """Where a path leads, or the answer for it if it leads nowhere."""
        news, now = self._store.news, time.monotonic()
        known = self.places.get(path)
        if known is not None and (known.generation < news.forgotten or news.is_old(path, known.generation)):
            known = None  # what stands there has changed: not even a stopped database makes it true again
        if known is not None and now <= known.until:
            return known.path
        generation = news.generation  # before it is asked, so that no change is missed
        answer = _Held(self._store, environ, path)
        if answer.status.startswith("5") and known is not None:
            place = replace(known, until=now + EXCUSED_S)
        elif self._is_page(answer.location):
            place = Place(answer.location, generation, now + HOLDS_S)
        else:
            self._remember(path, None)
            return answer
        answer.close()
        self._remember(path, place)
        return place.path

    def _is_page(self, path: str) -> bool:
        return page_files.EMBEDDED in path and self._store.is_stored(path)

    def _remember(self, path: str, place: Place | None) -> None:
        with self._lock:
            self.places.pop(path, None)
            if place is not None and len(path) <= LONGEST:
                self.places[path] = place
            while len(self.places) > MOST:
                self.places.popitem(last=False)


class _Held:
    """The store's answer for a path, held back until it is known whether it is what is to be sent."""

    def __init__(
        self,
        store: "Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]",
        environ: "WSGIEnvironment",
        path: str,
    ) -> None:
        self.status = ""
        self._headers: list[tuple[str, str]] = []
        self._body = store({**environ, "PATH_INFO": path}, self._start)  # type: ignore[arg-type]  # nothing here writes

    def _start(self, status: str, headers: list[tuple[str, str]], _error: object = None) -> None:
        self.status, self._headers = status, headers

    @property
    def location(self) -> str:
        """Where it redirects to; "" if it does not."""
        if not self.status.startswith("3"):
            return ""
        return next((value for name, value in self._headers if name.lower() == "location"), "")

    def send(self, start_response: "StartResponse", asked: list[str]) -> Iterable[bytes]:
        """Give it to whoever asked; caches are told the addresses that led here, by which they may be purged too."""
        also = "".join(f" {path}" for path in asked if page_files.may_be_stored(path))
        start_response(
            self.status,
            [
                (name, value + also if name.lower() == "surrogate-key" else value)
                for name, value in self._headers
            ],
        )
        return self._body

    def close(self) -> None:
        """Let go of what is not sent."""
        close = getattr(self._body, "close", None)
        if close is not None:
            close()
