"""Which requests may write: POST and the like, and views declared `access.writes_on_get`."""

from flask import Flask, current_app, g, request

from membership import db
from membership.web import access

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def init_app(app: Flask) -> None:
    """Let every GET and HEAD of `app` read only."""
    app.before_request(_begin)
    app.teardown_request(_end)


def _begin() -> None:
    declared = access.of(current_app.view_functions.get(request.endpoint or ""))
    if request.method in SAFE and not (declared and declared.writes_on_get):
        g.reading = db.begin_reading()


def _end(_error: BaseException | None) -> None:
    token = g.pop("reading", None)
    if token is not None:
        db.end_reading(token)
