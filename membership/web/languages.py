"""Which language a page is in: the newsroom's default at plain addresses, others under `/<language>/`.

A small WSGI layer takes the prefix off the path and makes it the mount point (SCRIPT_NAME), so that `url_for`
on a Ukrainian page leads to Ukrainian pages without any view knowing of it. Accept-Language is never read.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Flask, abort, current_app, g, redirect, request
from flask_babel import Babel, force_locale, refresh

from membership import paths

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

    from flask.typing import ResponseReturnValue

AVAILABLE = {"en": "English", "uk": "Українська"}
"""The languages that the interface is translated into, each by its own name."""

__all__ = [
    "AVAILABLE",
    "babel",
    "default_language",
    "force_locale",
    "init_app",
    "localized_path",
    "page_language",
    "without_prefix",
]

babel = Babel()
Chosen = Callable[[], tuple[str, list[str]]]


class LanguagePrefix:
    """Moves a leading `/<language>` of the path into SCRIPT_NAME."""

    def __init__(self, app: "Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Serve the request below the prefix."""
        path = environ.get("PATH_INFO", "")
        language = path[1:3]
        if language in AVAILABLE and (len(path) == 3 or path[3] == "/"):
            environ["membership.language"] = language
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + path[:3]
            environ["PATH_INFO"] = path[3:] or "/"
        return self._app(environ, start_response)


def init_app(app: Flask, *, chosen: Chosen) -> None:
    """Serve `app` in several languages; `chosen` gives the default one and all that the newsroom offers."""
    app.wsgi_app = LanguagePrefix(app.wsgi_app)  # type: ignore[method-assign]  # as Flask documents it
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(paths.TRANSLATIONS)
    app.extensions["membership_languages"] = chosen
    babel.init_app(app, locale_selector=page_language)
    app.before_request(_forget_the_language_before)
    app.before_request(_refuse_unoffered)


def default_language() -> str:
    """The language at plain addresses."""
    chosen: Chosen = current_app.extensions["membership_languages"]
    return chosen()[0]


def page_language() -> str:
    """The language of the page being made: a view's own choice (`g.language`), the prefix, or the default."""
    chosen: str | None = g.get("language")
    if chosen:
        return chosen
    if request:
        prefix: str | None = request.environ.get("membership.language")
        if prefix:
            return prefix
    return default_language()


def without_prefix(path: str) -> str:
    """A path of this site as views know it: `/uk/topics` → `/topics`."""
    has_prefix = path[1:3] in AVAILABLE and (len(path) == 3 or path[3] == "/")
    return (path[3:] or "/") if has_prefix else path


def localized_path(path: str, language: str) -> str:
    """A path of this site in a language: `/topics` → `/uk/topics`, unchanged for the default language."""
    return path if language == default_language() else f"/{language}{path}"


def _forget_the_language_before() -> None:
    """Pages made one after another within one application context would all speak the first one's language."""
    g.pop("language", None)
    refresh()


def _refuse_unoffered() -> "ResponseReturnValue | None":
    """404 for a language not offered; the default language's prefix leads to the plain address."""
    prefix = request.environ.get("membership.language")
    if prefix is None:
        return None

    default, offered = current_app.extensions["membership_languages"]()
    if prefix == default and request.method in {"GET", "HEAD"}:
        query = f"?{request.query_string.decode('ascii', 'replace')}" if request.query_string else ""
        return redirect(request.path + query, 308)
    if prefix not in offered and prefix != default:
        abort(404)
    return None
