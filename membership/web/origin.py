"""Refuses writes that another site makes a browser send; no token, no cookie, so that pages can be stored.

Browsers say where a request comes from in `Sec-Fetch-Site`; older ones send `Origin`. Neither can be set by a
page. A request with none of both does not come from a browser that could be tricked.
Source: Fetch Metadata Request Headers, W3C; OWASP CSRF prevention, "Fetch Metadata headers".
"""

from urllib.parse import urlsplit

from flask import Flask, abort, current_app, request

from membership.web import access
from membership.web.units import SAFE


def init_app(app: Flask) -> None:
    """Refuse cross-site writes to every route of `app` but those declared for machines."""
    app.before_request(_refuse_other_sites)


def _refuse_other_sites() -> None:
    if request.method in SAFE:
        return
    declared = access.of(current_app.view_functions.get(request.endpoint or ""))
    if declared is not None and declared.crosses_sites:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site != "same-origin":
            abort(403)
        return
    origin = request.headers.get("Origin")
    if origin is not None and not _is_ours(origin):
        abort(403)


def _is_ours(origin: str) -> bool:
    ours = urlsplit(current_app.config["BASE_URL"])
    theirs = urlsplit(origin)
    return (theirs.scheme, theirs.netloc) == (ours.scheme, ours.netloc)
