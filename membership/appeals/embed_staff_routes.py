"""How other sites show the appeal: the snippets to put there, with this site's address and the script's hash."""

from dataclasses import dataclass

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from membership.appeals import embed_routes
from membership.newsroom import present
from membership.web import access, languages

bp = Blueprint("embed", __name__)


@dataclass(frozen=True)
class Snippet:
    """Something to copy: what it is called in the page, what it is, when to take it, and its HTML."""

    name: str
    heading: str
    text: str
    html: str


@bp.get("/elsewhere")
@access.staff("editor")
def show() -> ResponseReturnValue:
    """Show the snippets."""
    newsroom = present.newsroom()
    others = [code for code in newsroom.languages if code != newsroom.default_language]
    return render_template(
        "appeals/staff/elsewhere.html",
        snippets=_snippets(str(current_app.config["BASE_URL"]), newsroom.name),
        languages=[(code, languages.AVAILABLE.get(code, code)) for code in others],
    )


def _snippets(base_url: str, name: str) -> list[Snippet]:
    title = Markup.escape(_("Support %(newsroom)s", newsroom=name))
    holder = (
        f'<div data-membership-appeal data-appeal-title="{title}">\n'
        f'  <a href="{base_url}/support">{title}</a>\n'
        "</div>\n"
    )
    address = f"{base_url}/embed/appeal.js"
    version, integrity = embed_routes.version(), embed_routes.integrity()
    return [
        Snippet(
            "usual",
            _("Below each article"),
            _(
                "The appeal comes in a frame shortly before it is seen and takes the height it needs. The link is what "
                "readers see without scripts, or while this site cannot be reached."
            ),
            f'{holder}<script async src="{address}"></script>',
        ),
        Snippet(
            "exact",
            _("The same, held to this version of the script"),
            _(
                "For sites that hold scripts to their hash. Copy it anew after a release that changes the script; "
                "until then readers see the link."
            ),
            f'{holder}<script async src="{address}?v={version}" crossorigin="anonymous"\n'
            f'        integrity="{integrity}"></script>',
        ),
        Snippet(
            "frame",
            _("Without a script"),
            _("A plain frame of a fixed height."),
            f'<iframe src="{base_url}/embed/appeal" title="{title}" loading="lazy"\n'
            '        referrerpolicy="origin" style="inline-size: 100%; block-size: 46rem; border: 0"></iframe>',
        ),
    ]
