"""Several style sheets as one answer, compressed: a page asks once for what stands in many small files.

Nothing is built and nothing is written: `/sheets/frame.css` is the text of the files it stands for, in that order,
made once a process. It lies outside of /static/, which a server in front may serve by itself.
"""

import gzip
import hashlib
from functools import lru_cache

import brotli
from flask import Flask, Response, abort, request

from membership import paths
from membership.web import access

YEAR_S = 31_536_000
GROUPS = {
    "frame": ("tokens", "base", "layout"),  # every page
    "reading": ("article", "controls", "appeal"),  # an article
    "front": ("article", "front"),
    "tools": ("signals", "controls", "forms", "parts", "tables"),  # public pages with something to do
    "work": ("signals", "controls", "forms", "parts", "tables", "charts", "staff"),  # staff pages
    "paper": ("print",),
}
"""Which files below static/css/ are asked for together."""


def init_app(app: Flask) -> None:
    """Give templates `sheets('frame')`, and serve what that address names."""
    app.jinja_env.globals["sheets"] = address
    app.add_url_rule("/sheets/<group>.css", "sheets", show)


def address(group: str) -> str:
    """The address of a group, with a hash of its content; the same in every language.

    Raises:
        KeyError: there is no such group (a typing error in a template should not go unseen).
    """
    return f"/sheets/{group}.css?v={_digest(group)}"


@access.public
def show(group: str) -> Response:
    """A group's text; kept for a year by whoever asked for just this content."""
    if group not in GROUPS or request.script_root:
        abort(404)
    encoding = request.accept_encodings.best_match(("br", "gzip", "identity"), "identity")
    response = Response(_encoded(group, encoding), mimetype="text/css")
    if encoding != "identity":
        response.headers["Content-Encoding"] = encoding
    response.headers["Vary"] = "Accept-Encoding"
    response.set_etag(f"{_digest(group)}-{encoding}")
    hashed = request.args.get("v") == _digest(group)
    response.headers["Cache-Control"] = (
        f"public, max-age={YEAR_S}, immutable" if hashed else "public, max-age=300"
    )
    response.make_conditional(request)
    return response


def _text(group: str) -> bytes:
    return b"\n".join((paths.STATIC / "css" / f"{name}.css").read_bytes() for name in GROUPS[group])


@lru_cache
def _digest(group: str) -> str:
    return hashlib.sha256(_text(group)).hexdigest()[:12]


@lru_cache
def _encoded(group: str, encoding: str) -> bytes:
    if encoding == "br":
        return bytes(brotli.compress(_text(group), mode=brotli.MODE_TEXT))
    if encoding == "gzip":
        return gzip.compress(_text(group), 9, mtime=0)
    return _text(group)
