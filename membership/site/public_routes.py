"""Pages about the newsroom that anybody may read: about, the wall of patrons, where the money goes."""

from flask import render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from membership import clock
from membership.db import db
from membership.newsroom import present
from membership.patrons import queries as patrons
from membership.patrons import walls
from membership.site import openness
from membership.site.blueprint import bp
from membership.web import access, htmlize
from membership.web.languages import default_language, page_language
from membership.web.page_store import stored


@bp.get("/about")
@access.public
@stored
def about() -> ResponseReturnValue:
    """Say who makes this."""
    return render_template("site/about.html", text=_text(present.newsroom().about))


@bp.get("/patrons")
@access.public
@stored
def patrons_wall() -> ResponseReturnValue:
    """Thank the patrons who wish to be named; no amounts, no order but the alphabet's."""
    session, now = db.session(), clock.now()
    return render_template(
        "site/patrons_wall.html",
        names=walls.names(session, now),
        count=openness.rounded(patrons.count_active(session, now)),
    )


@bp.get("/transparency")
@access.public
@stored
def transparency() -> ResponseReturnValue:
    """Say where the money comes from, in figures that are rounded so that nobody can be told from them."""
    return render_template(
        "site/transparency.html",
        text=_text(present.newsroom().transparency_text),
        years=openness.years(db.session()),
        patrons=openness.rounded(patrons.count_active(db.session(), clock.now())),
    )


def _text(by_language: dict[str, str]) -> Markup | None:
    """The newsroom's own words in the page's language, or in its default one."""
    written = by_language.get(page_language()) or by_language.get(default_language()) or ""
    return htmlize.markdown(written) if written else None
