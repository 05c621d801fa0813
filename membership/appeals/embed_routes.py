"""The appeal under the articles of another site: a page for its frame, and the script that puts the frame there.

The page is stored and the same for everybody: it knows no cookie and has no button that changes anything; whoever goes
on opens /support in a window of this site's own. An article of another site that stands here too may be named by its
slug, or by its address there, so that its own rules hold and gifts are credited to it.
"""

import base64
import hashlib
from functools import lru_cache

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from membership import clock, paths
from membership.appeals import attribution, choosing, placing, presenting
from membership.appeals.choosing import ArticleFacts
from membership.db import db
from membership.newsroom import present
from membership.web import access, headers, languages
from membership.web.page_store import stored

bp = Blueprint("embed", __name__, url_prefix="/embed")


@bp.get("/appeal")
@access.public
@stored
def show() -> ResponseReturnValue:
    """The appeal of highest priority that stands under articles of any section and with any tags."""
    return _page(choosing.elsewhere(languages.page_language()), slug="")


@bp.get("/appeal/<slug>")
@access.public
@stored
def show_under(slug: str) -> ResponseReturnValue:
    """The appeal that stands under an article of ours; leads on from any other slug, as `lead_on` does."""
    found = placing.by_slug(db.session(), slug, languages.page_language())
    return _page(placing.facts_of(found), slug=slug) if found is not None else lead_on(slug)


@bp.get("/appeal/at/<path:address>")
@access.public
def lead_on(address: str) -> ResponseReturnValue:
    """From what another site calls an article to the page for it here, or to the one for any article.

    Readers never see the redirect: web.page_leading sends the page itself.
    """
    found = placing.elsewhere(db.session(), address, languages.page_language())
    return redirect(placing.embedded_page_of(found) if found else url_for(".show"), 302)


@bp.get("/appeal.js")
@access.public
def script() -> ResponseReturnValue:
    """The script for other sites, which may be told to hold it to its hash; `v` makes the address one for a version."""
    response = Response(_script(), mimetype="text/javascript")
    response.set_etag(version())
    response.make_conditional(request)
    is_this = request.args.get("v") == version()
    response.headers["Cache-Control"] = (
        "public, max-age=31536000, immutable" if is_this else "public, max-age=3600"
    )
    return _for_other_sites(response)


def _page(facts: ArticleFacts, *, slug: str) -> ResponseReturnValue:
    session, newsroom = db.session(), present.newsroom()
    chosen = choosing.for_article(session, facts, on=clock.today(newsroom.zone))
    ask = campaign = None
    if chosen is not None:
        campaign = presenting.running_campaign(session, newsroom, facts.language)
        slot = attribution.slot_of(session, facts.id, chosen)
        ask = presenting.ask(session, chosen, newsroom, slot=slot, campaign=campaign)
    page = render_template(
        "appeals/embed.html", appeal=ask, campaign=campaign, article={"slug": slug} if slug else None
    )
    answer = _for_other_sites(current_app.make_response(page))
    policy = headers.content_security_policy(form_hosts=(), frame_ancestors="*")
    answer.headers["Content-Security-Policy"] = policy
    return answer


def _for_other_sites(response: Response) -> Response:
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@lru_cache(maxsize=1)
def _script() -> bytes:
    return (paths.STATIC / "embed" / "appeal.js").read_bytes()


@lru_cache(maxsize=1)
def version() -> str:
    """What stands in the address of just this script."""
    return hashlib.sha256(_script()).hexdigest()[:12]


@lru_cache(maxsize=1)
def integrity() -> str:
    """The script's hash, as a page that holds it to that writes it (W3C, Subresource Integrity, 3.1)."""
    return f"sha384-{base64.b64encode(hashlib.sha384(_script()).digest()).decode()}"
