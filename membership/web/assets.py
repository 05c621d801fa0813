"""Static addresses that carry a hash of the content, so that browsers may keep them for a year."""

import hashlib
from functools import lru_cache

from flask import Flask, Response, request

from membership import paths

YEAR_S = 31_536_000


def init_app(app: Flask) -> None:
    """Give templates `asset('css/base.css')`, and static answers their caching header."""
    app.jinja_env.globals["asset"] = asset
    app.after_request(_keep_long)


def asset(name: str) -> str:
    """The address of a file below `static/`, with its hash; the same in every language.

    Raises:
        FileNotFoundError: there is no such file (a typing error in a template should not go unseen).
    """
    return f"/static/{name}?v={_digest(name)}"


@lru_cache(maxsize=256)
def _digest(name: str) -> str:
    return hashlib.sha256((paths.STATIC / name).read_bytes()).hexdigest()[:12]


def _keep_long(response: Response) -> Response:
    if request.endpoint == "static" and response.status_code in {200, 304}:
        hashed = request.args.get("v") is not None
        response.headers["Cache-Control"] = (
            f"public, max-age={YEAR_S}, immutable" if hashed else "public, max-age=300"
        )
    return response
