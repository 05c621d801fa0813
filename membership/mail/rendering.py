"""The three parts of a mail, written in a reader's language, without a request.

A mail of kind "giving/receipt" is `templates/mail/giving/receipt.subject.txt`, `.txt` and `.html`. A missing name is
an error; a mail that cannot be written in one language goes out in English, and the log says so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

import structlog
from flask_babel import gettext, ngettext, npgettext, pgettext
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from membership import paths
from membership.web import filters
from membership.web.languages import AVAILABLE, force_locale

if TYPE_CHECKING:
    from css_inline import CSSInliner

log = structlog.get_logger(__name__)
FALLBACK = "en"


@dataclass(frozen=True)
class Rendered:
    """A mail in words: one line of subject, a text part, an HTML part with inlined styles."""

    language: str
    subject: str
    text: str
    html: str


def render(kind: str, language: str, context: dict[str, object]) -> Rendered:
    """Write the mail of `kind` in `language`, or in English where that fails.

    Raises:
        TemplateError: a template is missing or reads a name that `context` has not.
    """
    language = language if language in AVAILABLE else FALLBACK
    try:
        return _render(kind, language, context)
    except Exception:
        # Whatever is wrong in one language, a translation that names a value we have not above all: no mail is lost.
        if language == FALLBACK:
            raise
        log.exception("mail_template_failed", kind=kind, language=language)
        return _render(kind, FALLBACK, context)


def _render(kind: str, language: str, context: dict[str, object]) -> Rendered:
    names = {"language": language, **context}
    environment = _environment(language)
    with force_locale(language):
        subject = environment.get_template(f"mail/{kind}.subject.txt").render(names)
        text = environment.get_template(f"mail/{kind}.txt").render(names)
        html = environment.get_template(f"mail/{kind}.html").render(names, subject=one_line(subject))
    return Rendered(language, one_line(subject), text.strip() + "\n", _inliner().inline(html))


def one_line(text: str) -> str:
    """The text without line breaks and control characters, so that no header can follow it."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


@cache
def _environment(language: str) -> Environment:
    """Templates for mails alone: strict, and with the filters of the pages in one fixed language."""
    environment = Environment(
        loader=FileSystemLoader(paths.TEMPLATES),
        autoescape=select_autoescape(["html"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # the extension adds it
        gettext, ngettext, newstyle=True, pgettext=pgettext, npgettext=npgettext
    )
    in_language: dict[str, Callable[..., str]] = {
        "money": filters.money,
        "date": filters.day,
        "datetime": filters.instant,
        "number": filters.number,
    }
    environment.filters.update(
        {name: partial(function, language=language) for name, function in in_language.items()}
    )
    return environment


@cache
def _inliner() -> "CSSInliner":
    """Writes mail.css into the elements, as mail clients need; its rules for dark screens stay in a `<style>`."""
    from css_inline import CSSInliner  # noqa: PLC0415 - 2 MiB that a web worker, which writes no mail, does not need

    return CSSInliner(
        keep_style_tags=False,
        keep_at_rules=True,
        load_remote_stylesheets=False,
        extra_css=(paths.TEMPLATES / "mail" / "mail.css").read_text(),
    )
