"""Refuses addresses with a NUL character, which no table could hold: PostgreSQL would answer with an error."""

from flask import Flask, abort, request

NUL = "\x00"


def init_app(app: Flask) -> None:
    """Find nothing at such addresses of `app`."""
    app.before_request(_refuse)


def _refuse() -> None:
    query = (text for name, values in request.args.lists() for text in (name, *values))
    if NUL in request.path or any(NUL in text for text in query):
        abort(404)
