"""The error pages: what went wrong in a sentence, and what a person can do next. They need no database."""

import structlog
from flask import Flask, Response, current_app, make_response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeftError
from werkzeug.exceptions import HTTPException

from membership.db import db, is_passing
from membership.web import access
from membership.web.access import Entry
from membership.web.languages import page_language

log = structlog.get_logger(__name__)

PAGES = frozenset({400, 403, 404, 405, 409, 413, 422, 429, 500, 503})
RETRY_AFTER_S = {429: 60, 503: 30}


def init_app(app: Flask) -> None:
    """Answer every error of `app` with a page in the site's look."""
    app.register_error_handler(HTTPException, _show)
    for error in (DBAPIError, NoConnectionLeftError):
        app.register_error_handler(error, _database_down)


def _show(error: HTTPException) -> ResponseReturnValue:
    """The page of an HTTP error; redirects and answers that a view has made itself are left alone."""
    code = error.code or 500
    if error.response is not None or code < 400:
        return error.get_response(request.environ)
    answer = page(code)
    for name, value in error.get_headers(request.environ):
        if name in {"Allow", "Retry-After"}:
            answer.headers[name] = value
    return answer


def _database_down(error: Exception) -> ResponseReturnValue:
    """503 where the database is busy, full, read-only or gone; what is a fault of ours stays a fault."""
    if not isinstance(error, (OperationalError, InterfaceError)) and not is_passing(error):
        raise error
    db.session.rollback()
    log.error("database_unreachable", kind=type(error).__name__, path=request.path)
    return page(503)


def page(code: int) -> Response:
    """The error page of a status, made without asking anything of the database; a line of text for machines."""
    known = code if code in PAGES else (400 if code < 500 else 500)
    declared = access.of(current_app.view_functions.get(request.endpoint or ""))
    if declared is not None and declared.entry is Entry.MACHINE:
        answer = make_response(f"{code}\n", code)
        answer.mimetype = "text/plain"
    else:
        # Without the context processors, which may ask who is signed in.
        template = current_app.jinja_env.get_template(f"errors/{known}.html")
        answer = make_response(template.render(language=page_language()), code)
    answer.headers["Cache-Control"] = "no-store"
    if code in RETRY_AFTER_S:
        answer.headers.setdefault("Retry-After", str(RETRY_AFTER_S[code]))
    return answer
