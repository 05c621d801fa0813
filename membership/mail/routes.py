"""The demonstration's mailbox: every mail that would have left. In every other mode these pages do not exist."""

from pathlib import Path

from flask import Blueprint, Response, abort, current_app, make_response, render_template
from flask.typing import ResponseReturnValue

from membership.mail import folder, transport
from membership.mail.folder import Letter
from membership.settings import Mode, Settings
from membership.web import access
from membership.web.headers import content_security_policy

bp = Blueprint("mail", __name__, url_prefix="/demo/mailbox")
FRAMED = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
"""The policy of a mail's HTML part: its inlined styles and nothing else."""


@bp.before_request
def _only_in_a_demo() -> None:
    settings: Settings = current_app.extensions["membership_settings"]
    if settings.mode is not Mode.DEMO:
        abort(404)


@bp.get("")
@access.public
def index() -> str:
    """List the mails, newest first."""
    return render_template("mail/demo/index.html", letters=folder.letters(_folder()))


@bp.get("/<name>")
@access.public
def show(name: str) -> ResponseReturnValue:
    """Show one mail, its text and its HTML part."""
    answer = make_response(render_template("mail/demo/show.html", letter=_letter_or_404(name)))
    policy = content_security_policy(form_hosts=())
    answer.headers["Content-Security-Policy"] = f"{policy}; frame-src 'self'"
    return answer


@bp.get("/<name>/html")
@access.public
def show_html(name: str) -> ResponseReturnValue:
    """Give the HTML part alone, for the frame on the page; its links open in the whole window."""
    html = _letter_or_404(name).html.replace("<head>", '<head><base target="_top">', 1)
    return Response(html, mimetype="text/html", headers={"Content-Security-Policy": FRAMED})


def _folder() -> Path:
    chosen = transport.current()
    return chosen.folder if isinstance(chosen, transport.FolderTransport) else Path("/nonexistent")


def _letter_or_404(name: str) -> Letter:
    found = folder.letter(_folder(), name)
    if found is None:
        abort(404)
    return found
