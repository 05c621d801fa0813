"""Several style sheets as one answer, compressed: a page asks once for what stands in many small files.

Nothing is built and nothing is written: `/sheets/frame.css` is the text of the files it stands for, in that order,
and of the newsroom's own color, made once a process. It lies outside of
/static/, which a server in front may serve by itself.
"""

import gzip
import hashlib
from functools import lru_cache

import brotli
from flask import Flask, Response, abort, current_app, request

from membership import paths
from membership.web import accents, access

YEAR_S = 31_536_000
GROUPS = {
    "frame": ("tokens", "base", "layout"),  # every page
    "reading": ("article", "controls", "appeal"),  # an article
    "embed": ("controls", "appeal", "embed"),  # in a frame on another site
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
    return f"/sheets/{group}.css?v={_digest(group, _color(group))}"


@access.public
def show(group: str) -> Response:
    """A group's text; kept for a year by whoever asked for just this content."""
    if group not in GROUPS or request.script_root:
        abort(404)
    color = _color(group)
    encoding = request.accept_encodings.best_match(("br", "gzip", "identity"), "identity")
    response = Response(_encoded(group, color, encoding), mimetype="text/css")
    if encoding != "identity":
        response.headers["Content-Encoding"] = encoding
    response.headers["Vary"] = "Accept-Encoding"
    response.set_etag(f"{_digest(group, color)}-{encoding}")
    hashed = request.args.get("v") == _digest(group, color)
    response.headers["Cache-Control"] = (
        f"public, max-age={YEAR_S}, immutable" if hashed else "public, max-age=300"
    )
    response.make_conditional(request)
    return response


def _color(group: str) -> str:
    """The newsroom's color, for the group that has the tokens."""
    return str(current_app.extensions["membership_color"]()) if group == "frame" else ""


def _text(group: str, color: str) -> bytes:
    files = [(paths.STATIC / "css" / f"{name}.css").read_bytes() for name in GROUPS[group]]
    return b"\n".join([*files, accents.tokens(color).encode()] if color else files)


@lru_cache
def _digest(group: str, color: str) -> str:
    return hashlib.sha256(_text(group, color)).hexdigest()[:12]


@lru_cache
def _encoded(group: str, color: str, encoding: str) -> bytes:
    if encoding == "br":
        return bytes(brotli.compress(_text(group, color), mode=brotli.MODE_TEXT))
    if encoding == "gzip":
        return gzip.compress(_text(group, color), 9, mtime=0)
    return _text(group, color)
