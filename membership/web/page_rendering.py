"""Making changed pages ahead of their readers: one renderer a machine, in a thread of the worker.

A page that was named by a change is made at once. When everything has changed, a page that is asked for is made for
whoever asks (page_store), and the renderer makes all the others, the front pages and the newest stories first, with
half of a core at most; what changes meanwhile goes before them.
"""

import fcntl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from membership.web.page_files import COPIES
from membership.web.page_news import EXCUSED_S, POLL_S
from membership.web.page_purging import Purger

if TYPE_CHECKING:
    from membership.web.page_store import PageStore

log = structlog.get_logger(__name__)
BUSY_SHARE = 0.5
"""How much of a core the pages that nobody has asked for may take."""


class Renderer:
    """What is to be made anew on this machine, in order; `known` gives every page that readers can open."""

    def __init__(
        self, store: "PageStore", known: Callable[[], Iterable[str]], *, purger: Purger | None = None
    ) -> None:
        self._store = store
        self._known = known
        self._purger = purger
        self._seen: int | None = None  # the newest change that has been taken up
        self._named: dict[str, None] = {}
        self._others: dict[str, None] = {}
        self._nudged = threading.Event()

    def nudge(self) -> None:
        """Look for changes now rather than within POLL_S."""
        self._nudged.set()

    def render_all(self) -> int:
        """Make everything that has changed, without a pause; how many pages."""
        self.look()
        return sum(1 for _path in self._make_waiting())

    def rebuild(self, paths: Iterable[str]) -> Iterator[str]:
        """Make these pages anew even if nothing says that they changed; gives each path as it is done."""
        for path in paths:
            if self._make(path, even_fresh=True):
                yield path

    def run(self, stop: threading.Event) -> None:
        """Look and make until `stop` is set; while another process of this machine does, only wait for its end."""
        while not stop.is_set():
            try:
                with self._only_one() as is_mine:
                    while is_mine and not stop.is_set():
                        self._turn(stop)
            except OSError as error:  # a full disk takes not even the lock's file
                log.warning("renderer_waits", kind=type(error).__name__)
            stop.wait(EXCUSED_S)

    def look(self) -> None:
        """Take up what has changed since the last look: pages that are out of date leave `fresh` at once."""
        files, news = self._store.files, self._store.news
        rows = news.since(files.last_round() if self._seen is None else self._seen)
        if not files.fresh.is_of(self._store.build):
            files.fresh.begin(self._store.build, rows[-1][0] if rows else files.last_round())
        if not rows:
            return
        self._seen = rows[-1][0]
        self._store.leave_fresh(rows)
        named = dict.fromkeys(key for _generation, key in rows if key != news.EVERYTHING)
        has_all_changed = any(key == news.EVERYTHING for _generation, key in rows)
        if has_all_changed:
            self._others = dict.fromkeys([*self._known(), *files.paths()])
        self._named = named | self._named
        if self._purger:
            self._purger.tell(list(named), everything=has_all_changed)

    def _turn(self, stop: threading.Event) -> None:
        """Look, then make what was named and others for POLL_S; or wait, if there is nothing to make."""
        until = time.monotonic() + POLL_S
        try:
            self.look()
        except SQLAlchemyError:
            log.warning("page_changes_unread")
            stop.wait(EXCUSED_S)
            return
        for began in self._times_of(self._make_waiting()):
            now = time.monotonic()
            if now > until or stop.is_set():
                break
            if not self._named:
                stop.wait((now - began) * (1 / BUSY_SHARE - 1))
        if self._purger:
            self._purger.send_due()
        if not self._named and not self._others:
            self._nudged.wait(POLL_S)
        self._nudged.clear()

    @staticmethod
    def _times_of(made: Iterator[str]) -> Iterator[float]:
        """When the making of each page began."""
        began = time.monotonic()
        for _path in made:
            yield began
            began = time.monotonic()

    def _make_waiting(self) -> Iterator[str]:
        """Make what waits, named pages first; when nothing is left, remember up to which change all is made."""
        while self._named or self._others:
            waiting = self._named or self._others
            path = next(iter(waiting))
            del waiting[path]
            self._others.pop(path, None)
            if self._make(path):
                yield path
        if self._seen is not None:
            self._store.files.note_round(self._seen)

    def _make(self, path: str, *, even_fresh: bool = False) -> bool:
        """Make a page and compress it well; False for a path that is not a stored page."""
        if not self._store.is_stored(path):
            return False
        self._store.renew(path, wanted=[] if even_fresh else [(copy, "plain") for copy in COPIES])
        with self._store.files.lock(path):
            self._store.files.improve(path)
        return True

    @contextmanager
    def _only_one(self) -> Iterator[bool]:
        """Be this machine's renderer, if no other process is."""
        with self._store.files.lock_file("renderer").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
            else:
                yield True
