"""Making a page to be stored: from a request with its path and nothing else, so that nothing else can enter it."""

from collections.abc import Callable, Iterable
from contextvars import Context
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from werkzeug.test import create_environ, run_wsgi_app

from membership.web.page_files import Rendered

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

log = structlog.get_logger(__name__)
_LEFT_OUT = frozenset({"cache-control", "vary", "content-length", "date", "etag", "expires", "set-cookie"})


@dataclass(frozen=True)
class Answer:
    """What the application answered."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def sets_cookie(self) -> bool:
        """Whether it would set a cookie, which no stored page may."""
        return any(name.lower() == "set-cookie" for name, _value in self.headers)

    @property
    def may_be_stored(self) -> bool:
        """Whether it is a page, the same for everybody."""
        return self.status == "200 OK" and not self.sets_cookie

    def to_store(self) -> Rendered:
        """The page with its own headers; those of caches are the store's."""
        return Rendered(
            [(name, value) for name, value in self.headers if name.lower() not in _LEFT_OUT], self.body
        )


def make(
    application: "Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]",
    path: str,
    *,
    copy: str,
    base_url: str,
) -> Answer:
    """What the application answers to a bare GET of a path; 500 for whatever goes wrong in it."""
    environ = create_environ(path, base_url=base_url)
    environ["membership.copy"] = copy
    try:
        # In a context of its own, as a server's request has: nothing of the worker's, nor of the page before.
        body, status, headers = Context().run(run_wsgi_app, application, environ, buffered=True)
    except Exception:
        log.exception("page_not_made", path=path)
        return Answer("500 INTERNAL SERVER ERROR", [], b"")
    return Answer(status, list(headers), b"".join(body))
