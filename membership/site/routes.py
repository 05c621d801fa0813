"""Home, health, and by import all other pages that draw on several features."""

from flask import render_template
from flask.typing import ResponseReturnValue

from membership import revisions
from membership.articles import canonical, presenting
from membership.db import db
from membership.newsroom import present
from membership.site import metrics, own_data_routes, patron_routes, public_routes, thanks_routes  # noqa: F401 - their views
from membership.site.blueprint import bp
from membership.web import access, languages
from membership.web.page_store import stored

__all__ = ["bp"]


@bp.get("/")
@access.public
@stored
def front() -> ResponseReturnValue:
    """Show the front page of a language."""
    page = presenting.front(db.session(), present.newsroom(), languages.page_language())
    return render_template(
        "articles/front.html",
        lead=page.lead,
        secondary=page.secondary,
        by_section=page.by_section,
        **canonical.of_page(),
    )


@bp.get("/live")
@access.public
def live() -> str:
    """Say that this process answers; asks nothing of anything."""
    return "live\n"


@bp.get("/ready")
@access.public
def ready() -> ResponseReturnValue:
    """Say whether this process can serve everything: its database answers and has this release's tables.

    For load balancers, not for people.
    """
    try:
        is_current = revisions.is_current(db.session.connection())
    except Exception:  # noqa: BLE001 - whatever is wrong with the database, the answer is the same
        db.session.rollback()
        return "database\n", 503
    return ("ready\n", 200) if is_current else ("schema\n", 503)
