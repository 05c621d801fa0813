"""The sandbox's pages and control addresses: who answers what."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.wrappers import Request, Response

from membership.sandbox import desk, desk_actions, pages, payment_page, portal_page
from membership.sandbox.errors import ApiError

if TYPE_CHECKING:
    from membership.sandbox.control import Control

_View = Callable[["Control", Request, str], Response]

_VIEWS: tuple[tuple[str, str, _View], ...] = (
    ("GET", "/", lambda control, request, _: desk.index(control, request)),
    ("GET", "/objects/([a-z_.]+)", desk.kind),
    ("GET", "/object/([A-Za-z0-9_]+)", desk.thing),
    ("GET", "/c/pay/([A-Za-z0-9_]+)", payment_page.show),
    ("POST", "/c/pay/([A-Za-z0-9_]+)", payment_page.pay),
    ("GET", "/c/pay/([A-Za-z0-9_]+)/authenticate", payment_page.ask),
    ("POST", "/c/pay/([A-Za-z0-9_]+)/authenticate", payment_page.answer),
    ("GET", "/p/session/([A-Za-z0-9_]+)", portal_page.show),
    ("GET", "/p/session/([A-Za-z0-9_]+)/([a-z-]+)", portal_page.show),
    ("POST", "/p/session/([A-Za-z0-9_]+)/([a-z-]+)", portal_page.act),
    ("GET", "/i/([A-Za-z0-9_]+)", portal_page.invoice),
    ("POST", "/i/([A-Za-z0-9_]+)", portal_page.pay_invoice),
    ("POST", "/_sandbox/([a-z-]+)", desk_actions.act),
    ("GET", "/_sandbox/clock", lambda control, _request, _: desk_actions.clock(control)),
    ("GET", "/sandbox.css", lambda _control, _request, _: pages.file("sandbox.css", "text/css")),
    ("GET", "/sandbox.svg", lambda _control, _request, _: pages.file("sandbox.svg", "image/svg+xml")),
)


def answer(control: "Control", request: Request) -> Response:
    """Answer a page or control request.

    Raises:
        HTTPException: There is no such page, or not by this method.
    """
    other = False
    for method, pattern, view in _VIEWS:
        found = re.fullmatch(pattern, request.path)
        if found is None:
            continue
        if method != ("GET" if request.method == "HEAD" else request.method):
            other = True
            continue
        return view(control, request, "/".join(found.groups()))
    raise MethodNotAllowed() if other else NotFound()


def error_page(error: HTTPException) -> Response:
    """Say that there is no such page."""
    return pages.message(
        error.name, error.description or "", error.code or 500, link="/", link_text="To the sandbox"
    )


def refusal(error: ApiError) -> Response:
    """Say why the sandbox did not do what a page asked for."""
    return pages.message(
        "That cannot be done", str(error), error.status, link="/", link_text="To the sandbox"
    )
