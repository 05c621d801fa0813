"""The audit trail: who did what. For publishers; rows are only read here."""

from urllib.parse import urlencode

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from membership.db import db
from membership.staff import trail
from membership.web import access

bp = Blueprint("audit", __name__, url_prefix="/audit")
PAGE = 50


@bp.get("")
@access.staff("publisher")
def index() -> ResponseReturnValue:
    """Show the newest entries, or those about one thing, by one actor, of one kind."""
    asked = {name: request.args.get(name, "")[:120] for name in ("action", "actor", "subject")}
    before = request.args.get("before", type=int)
    entries = trail.entries(db.session(), **asked, before=before, most=PAGE + 1)
    older = _page(asked, entries[PAGE - 1].id) if len(entries) > PAGE else None
    newer = _page(asked, None) if before else None
    shown = entries[:PAGE]
    return render_template(
        "staff/audit/index.html",
        entries=shown,
        names=trail.names_of(db.session(), shown),
        actions=trail.actions(db.session()),
        asked=asked,
        newer_url=newer,
        older_url=older,
    )


def _page(asked: dict[str, str], before: int | None) -> str:
    told = {name: value for name, value in asked.items() if value}
    query = urlencode(told | ({"before": str(before)} if before else {}))
    return url_for(".index") + (f"?{query}" if query else "")
