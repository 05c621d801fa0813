"""Stored pages: what readers open is served from files, before Flask is entered.

A view marked `@stored` gives the same bytes to everybody, in two copies: *asking*, and *quiet* for browsers with the
cookie `appeal=off`. The first request for a page lets the application make both from a request that carries nothing
but the path; after that the files answer, until a page change says that they are out of date. So nobody's page can
hold anything of somebody's, queries and headers cannot poison it, and with the database down readers go on reading.

Every worker asks for new page changes at most every POLL_S. The worker process makes changed pages ahead of their
readers (`page_rendering`) and compresses them as well as can be.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from flask import Flask, current_app, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from membership import paths
from membership.db import db
from membership.web import languages, page_files, page_memory, quieting
from membership.web.limits import limiter
from membership.web.page_files import COPIES, PageFiles, Rendered, StoredPage
from membership.web.page_leading import Leading
from membership.web.page_making import Answer, make
from membership.web.page_memory import Kept, Key, Memory, accepted_encoding
from membership.web.page_news import EXCUSED_S, POLL_S, Changes, News
from membership.web.page_purging import Purger
from membership.web.page_rendering import Renderer

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

log = structlog.get_logger(__name__)
View = TypeVar("View", bound=Callable[..., Any])
_MARK = "__membership_stored__"

NEVER = -1
_READING = frozenset({"GET", "HEAD"})


def stored(view: View) -> View:
    """Mark a view whose answer is the same for everybody but for its copy, and is stored."""
    setattr(view, _MARK, True)
    return view


def is_quiet() -> bool:
    """Whether the quiet copy of a page is being made."""
    return request.environ.get("membership.copy") == "quiet"


def init_app(
    app: Flask, *, folder: Path, changes: Changes, known: Callable[[Session], Iterable[str]]
) -> None:
    """Serve the stored views of `app` from `folder`; `known` lists every page that readers can open.

    Called last, so that nothing stands before the store.
    """
    app.config.setdefault("PAGE_POLL_S", 0.0 if app.config["TESTING"] else POLL_S)
    store = PageStore(app, PageFiles(folder), changes)
    app.extensions["membership_pages"] = (store, known)
    app.wsgi_app = Leading(store)  # type: ignore[method-assign]  # as Flask documents it
    limiter.request_filter(lambda: "membership.copy" in request.environ)


def render_ahead(session: Session) -> int:
    """Make what has changed since this machine's last round anew, and compress it well; how many pages."""
    store, known = _store()
    return Renderer(store, lambda: _all(session, known)).render_all()


def renderer() -> Renderer:
    """This machine's renderer, to be run in a thread of the worker; it reads with sessions of its own."""
    store, known = _store()
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - Flask's documented way to the app behind the proxy

    def ask() -> list[str]:
        with app.app_context():
            try:
                return _all(db.session(), known)
            finally:
                db.session.remove()

    settings = app.extensions["membership_settings"]
    purger = Purger(settings.purge_url, base_url=settings.base_url) if settings.purge_url else None
    return Renderer(store, ask, purger=purger)


def rebuild(session: Session) -> Iterable[str]:
    """Make every page anew; gives the path of each as it is done."""
    store, known = _store()
    return Renderer(store, list).rebuild(dict.fromkeys([*_all(session, known), *store.files.paths()]))


def _all(session: Session, known: "Callable[[Session], Iterable[str]]") -> list[str]:
    """Every path known, in its order; the transaction that read them ends, for making the pages takes its time."""
    found = list(dict.fromkeys(known(session)))
    session.rollback()
    return found


def generations() -> Iterator[tuple[str, int]]:
    """Each page that is stored on this machine: its path, and the generation that the older of its copies is of."""
    store, _known = _store()
    return store.generations()


def forget_everything() -> None:
    """Delete all stored pages of this machine; each is made anew when it is asked for."""
    _store()[0].files.clear()


def _store() -> "tuple[PageStore, Callable[[Session], Iterable[str]]]":
    kept: tuple[PageStore, Callable[[Session], Iterable[str]]] = current_app.extensions["membership_pages"]
    return kept


class PageStore:
    """The outermost layer of the application (see the module)."""

    def __init__(self, app: Flask, files: PageFiles, changes: Changes) -> None:
        self.files = files
        self._app = app
        self._inner: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]] = app.wsgi_app
        self.build = page_files.build_of(paths.TEMPLATES, paths.PACKAGE, base_url=str(app.config["BASE_URL"]))
        self._memory = Memory()
        if not files.fresh.is_of(self.build):
            files.fresh.clear()  # made by another version of the program
        self.news = News(
            app,
            changes,
            every_s=float(app.config["PAGE_POLL_S"]),
            when_too_many=self._memory.clear,
            when_changed=self.leave_fresh,
        )

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer from the store, or let the application answer."""
        method = environ["REQUEST_METHOD"]
        if method not in _READING:
            return self._inner(environ, start_response)
        path, cookies = environ.get("PATH_INFO", ""), environ.get("HTTP_COOKIE", "")
        is_quiet = cookies and quieting.asks_for_quiet(cookies) and page_files.EMBEDDED not in path
        copy = "quiet" if is_quiet else "asking"
        if len(path) == 3:
            path = _canonical(path)
        key = (path, copy, accepted_encoding(environ.get("HTTP_ACCEPT_ENCODING", "")))
        now = time.monotonic()
        if now >= self.news.due:
            self.news.poll(now)
        page = self._memory.pages.get(key)
        if page is None or (page.turn != self.news.turn and not self._may_be_sent(path, page, now)):
            found = self._find(key) if self.is_stored(key[0]) else None
            if found is None:
                return self._inner(environ, start_response)
            if isinstance(found, Answer):
                start_response(found.status, found.headers)
                return [] if method == "HEAD" else [found.body]
            page = found
        tags = environ.get("HTTP_IF_NONE_MATCH", "")
        if tags and (page.tag in tags or tags == "*"):
            start_response("304 NOT MODIFIED", page.headers_unchanged)
            return []
        start_response("200 OK", page.headers)
        return [] if method == "HEAD" else [page.body]

    def _may_be_sent(self, path: str, page: Kept, now: float) -> bool:
        """Whether a page in memory is true, or excused; what is true stays so until more changes are known."""
        turn = self.news.turn
        if self.news.is_old(path, page.generation):
            return page.excused_until >= now
        page.turn = turn
        return True

    def generations(self) -> Iterator[tuple[str, int]]:
        """Path and generation of each stored page that readers can still open."""
        for path in filter(self.is_stored, self.files.paths()):
            told = [self.files.meta(path, copy) for copy in COPIES]
            yield path, min((meta.generation for meta in told if meta is not None), default=NEVER)

    def leave_fresh(self, rows: Sequence[tuple[int, str]]) -> None:
        """Take what has changed out of what a web server in front serves by itself; every process does that."""
        fresh = self.files.fresh
        if not fresh.is_of(self.build):
            return
        everything = [generation for generation, key in rows if key == self.news.EVERYTHING]
        if (
            everything or rows[-1][0] < fresh.generation
        ):  # the latter: the database is younger, restored or new
            fresh.begin(self.build, max(everything, default=rows[-1][0]))
        for path in {key for _generation, key in rows if key != self.news.EVERYTHING}:
            self.files.leave_fresh(path)

    def is_stored(self, path: str) -> bool:
        """Whether a path leads to a view that is stored."""
        if not page_files.may_be_stored(path):
            return False
        try:
            endpoint, _values = self._app.url_map.bind("stored").match(languages.without_prefix(path), "GET")
        except (HTTPException, RequestRedirect):
            return False
        return getattr(self._app.view_functions.get(endpoint), _MARK, False)

    def _find(self, key: Key) -> Kept | Answer | None:
        """A page that is not in memory, or old there: from the files if they are new enough, else made anew."""
        path, copy, encoding = key
        page = self.files.read(path, copy, encoding)
        if page is not None and self._is_fresh(path, page):
            return self._keep(key, page)
        answer = self.renew(path, wanted=[(copy, encoding)])
        if isinstance(answer, Answer):
            return answer
        unstored = self._memory.pages.get(key)
        if answer and unstored is not None and not self.news.is_old(path, unstored.generation):
            return unstored
        renewed = self.files.read(path, copy, encoding)
        if renewed is not None and answer:
            return self._keep(key, renewed)
        old = renewed or page or self.files.read(path, _other(copy), encoding)
        return self._keep(key, old, excused=True) if old else None

    def _is_fresh(self, path: str, page: StoredPage) -> bool:
        """Whether a stored page says what is true now; not if an unreachable database cannot tell."""
        newest = self.news.newest(path)
        if newest is None:
            return False
        of_path, of_all = newest
        return page.meta.build == self.build and of_path <= page.meta.generation <= of_all

    def renew(self, path: str, *, wanted: Sequence[tuple[str, str]]) -> bool | Answer:
        """Make both copies of a page and store them, unless all `wanted` (copy, encoding) are fresh by now.

        False if it cannot be done now.
        """
        with self.files.lock(path) as is_mine:
            if not is_mine:
                return False
            there = [self.files.read(path, copy, encoding) for copy, encoding in wanted]
            if wanted and all(page is not None and self._is_fresh(path, page) for page in there):
                return True  # another worker made it while this one waited
            newest = self.news.newest(path)
            if newest is None:
                return False
            base_url = str(self._app.config["BASE_URL"])
            made = [make(self._inner, path, copy=copy, base_url=base_url) for copy in COPIES]
            for answer in made:
                if not answer.may_be_stored:
                    return self._not_stored(path, answer)
            return self._write(path, [answer.to_store() for answer in made], newest[1])

    def _write(self, path: str, pages: Sequence[Rendered], generation: int) -> bool:
        """Store both copies of a page; keep them in memory alone where the disk does not take them."""
        try:
            for copy, page in zip(COPIES, pages, strict=True):
                self.files.write(path, copy, page, generation=generation, build=self.build)
        except OSError as error:
            log.error("page_not_stored", path=path, kind=type(error).__name__)  # noqa: TRY400 - no fault of ours
            for copy, page in zip(COPIES, pages, strict=True):
                whole = page_files.unstored(page, generation=generation, build=self.build)
                for encoding in page_files.ENCODINGS:
                    self._keep((path, copy, encoding), whole)
        return True

    def _not_stored(self, path: str, answer: Answer) -> bool | Answer:
        """A page that is gone is deleted; one that cannot be made now stays as it was."""
        if answer.status.startswith("5"):
            return False
        if answer.sets_cookie:
            log.error("stored_page_sets_cookie", path=path)
        self.files.delete(path)
        self._memory.forget(path)
        return answer

    def _keep(self, key: Key, page: StoredPage, *, excused: bool = False) -> Kept:
        kept = page_memory.ready(page, path=key[0], copy=key[1])
        if excused:
            kept.generation, kept.excused_until = NEVER, time.monotonic() + EXCUSED_S
        self._memory.put(key, kept)
        return kept


def _canonical(path: str) -> str:
    """The path a page is stored under: `/uk` is the same page as `/uk/`."""
    return f"{path}/" if languages.without_prefix(path) == "/" else path


def _other(copy: str) -> str:
    return COPIES[1 - COPIES.index(copy)]
