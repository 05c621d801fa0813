"""All style of a page as one answer, compressed: it asks once for what stands in many small files.

A second sheet would wait for a second connection, or a second turn, before anything is shown; so kinds of pages share
files, but no address. Nothing is built and nothing is written: `/sheets/front.css` is the text of the files it stands
for, in that order, and of the newsroom's own color, made once a process. It lies outside of /static/, which a server
in front may serve by itself.
"""

import gzip
import hashlib
from functools import lru_cache

import brotli
from flask import Flask, Response, abort, current_app, request

from membership import paths
from membership.web import accents, access

YEAR_S = 31_536_000
_FRAME = ("tokens", "base", "layout")
_TOOLS = ("signals", "controls", "forms", "parts", "tables")
GROUPS = {
    "reading": (*_FRAME, "article", "controls", "appeal"),  # an article
    "front": (*_FRAME, "article", "front"),
    "lists": (*_FRAME, "article"),  # stories of an author, a section, a series
    "texts": (*_FRAME, *_TOOLS, "article"),  # other pages that are read like an article
    "tools": (*_FRAME, *_TOOLS, "topics", "support", "gifts"),  # public pages with something to do
    "preview": (*_FRAME, *_TOOLS, "article", "appeal"),  # an article that is not published yet
    "work": (*_FRAME, *_TOOLS, "charts", "staff"),  # staff pages
    "embed": (*_FRAME, "controls", "appeal", "embed"),  # in a frame on another site
    "paper": ("print",),
}
"""Which files below static/css/ make the one sheet of a kind of page."""


def init_app(app: Flask) -> None:
    """Give templates `sheets('front')`, and serve what that address names."""
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
    return str(current_app.extensions["membership_color"]()) if "tokens" in GROUPS[group] else ""


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
