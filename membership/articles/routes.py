"""The pages of articles that readers and patrons see: free to all, stored, the same for everybody."""

from typing import Any

from flask import abort, current_app, g, make_response, redirect, render_template, request, send_file
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from membership import clock
from membership.appeals import attribution, choosing
from membership.appeals import presenting as appeals
from membership.appeals.models import Appeal
from membership.articles import (
    addresses,
    appealing,
    canonical,
    list_routes,
    machine_routes,
    old_addresses,
    presenting,
    preview_links,
    queries,
    relating,
    search_routes,
    structured,
)
from membership.articles.blueprint import bp
from membership.articles.models import Article, ArticleState
from membership.db import db
from membership.newsroom import present
from membership.web import access, languages, media, page_store
from membership.web.limits import limiter
from membership.web.page_store import stored

__all__ = ["address_of", "bp", "list_routes", "machine_routes", "page_of", "search_routes"]


@bp.app_context_processor
def _frame() -> dict[str, Any]:
    """The sections in the masthead of every page."""
    newsroom, language = present.newsroom(), languages.page_language()
    return {
        "sections": [
            {
                "name": newsroom.section_name(section["slug"], language),
                "url": addresses.section(section["slug"], language, newsroom.default_language),
                "current": request.endpoint == "articles.section"
                and (request.view_args or {}).get("slug") == section["slug"],
            }
            for section in newsroom.sections
        ],
        "base_url": current_app.config["BASE_URL"],
    }


@bp.before_app_request
def _lead_from_old_address() -> ResponseReturnValue | None:
    """At an address that is none of ours: lead to the article that had it elsewhere, before it was imported."""
    if request.method not in {"GET", "HEAD"} or not isinstance(request.routing_exception, NotFound):
        return None
    found = old_addresses.find(db.session(), request.script_root + request.path)
    if found is None or found.state not in {ArticleState.PUBLISHED, ArticleState.WITHDRAWN}:
        return None
    return redirect(address_of(found), 301)


@bp.get("/articles/<slug>")
@access.public
@stored
def article(slug: str) -> ResponseReturnValue:
    """Show an article; one that was withdrawn says so, an address it had before leads on."""
    found = queries.by_slug(db.session(), slug, languages.page_language())
    if found is None:
        return _elsewhere(slug)
    if found.state is ArticleState.WITHDRAWN:
        return render_template("articles/withdrawn.html"), 410
    if found.state is not ArticleState.PUBLISHED:
        abort(404)
    return render_template(
        "articles/article.html", **page_of(found, is_quiet=page_store.is_quiet(), is_counted=True)
    )


def page_of(
    found: Article, *, is_quiet: bool, appeal: Appeal | None = None, is_counted: bool = False
) -> dict[str, Any]:
    """Everything the template of an article names, in one of its two copies.

    For editors' previews too, of drafts, and with another appeal than the one that would be chosen; only what readers
    open is counted (`is_counted`).
    """
    session, newsroom = db.session(), present.newsroom()
    story = presenting.story(session, found, newsroom)
    alternates = _translations(found)
    heading = canonical.of_article(address_of(found), found.language, alternates)
    return {
        "article": story,
        "read_more": presenting.cards(session, relating.read_more(session, found), newsroom),
        "alternates": alternates,
        "locale": canonical.LOCALES.get(found.language, found.language),
        **heading,
        "structured": structured.news_article(
            story,
            newsroom.in_language(found.language),
            canonical=heading["canonical"],
            base_url=canonical.absolute(""),
        ),
        "place": "",
        **_appeal_of(found, is_quiet=is_quiet, instead=appeal, is_counted=is_counted),
    }


def address_of(found: Article) -> str:
    """The path at which readers open an article."""
    return addresses.article(found.slug, found.language, present.newsroom().default_language)


def _appeal_of(found: Article, *, is_quiet: bool, instead: Appeal | None, is_counted: bool) -> dict[str, Any]:
    session, newsroom = db.session(), present.newsroom()
    choice = choosing.Choice(instead)
    if instead is None:
        choice = choosing.choose(session, appealing.facts(found), on=clock.today(newsroom.zone))
    chosen = choice.appeal
    without = attribution.slot_of(session, found.id, None)
    way = addresses.localized("/support", found.language, newsroom.default_language)
    around = {"quiet": is_quiet, "support_url": f"{way}?article={found.slug}&appeal={without}"}
    if is_quiet:
        return {**around, "appeal": appeals.quiet(session, found.language), "campaign": None}
    if chosen is None:
        place = without if choice.is_held_back and is_counted else ""
        return {**around, "appeal": None, "campaign": None, "place": place}
    slot = attribution.slot_of(session, found.id, chosen)
    campaign = appeals.running_campaign(session, newsroom, found.language)
    if campaign is not None:
        around["support_url"] = f"{around['support_url']}&campaign={campaign.slug}"
    ask = appeals.ask(session, chosen, newsroom, slot=slot, campaign=campaign)
    return {**around, "appeal": ask, "campaign": campaign, "place": slot if is_counted else ""}


def _elsewhere(slug: str) -> ResponseReturnValue:
    """Where an article is that is not at this address: moved, or in another language."""
    newsroom, language = present.newsroom(), languages.page_language()
    moved = queries.by_former_slug(db.session(), slug, language) or queries.by_slug(db.session(), slug)
    if moved is None or moved.state is not ArticleState.PUBLISHED:
        abort(404)
    return redirect(addresses.article(moved.slug, moved.language, newsroom.default_language), 301)


def _translations(found: Article) -> list[dict[str, str]]:
    default = present.newsroom().default_language
    return [
        {
            "language": other.language,
            "url": addresses.article(other.slug, other.language, default),
            "locale": canonical.LOCALES.get(other.language, other.language),
            "name": languages.AVAILABLE.get(other.language, other.language),
        }
        for other in queries.translations(db.session(), found)
    ]


@bp.get("/previews/<token>")
@access.public
@limiter.limit("60 per minute")
def show_preview(token: str) -> ResponseReturnValue:
    """Show an unpublished article to whoever was sent a link; once it is published, lead to its own page.

    Without an appeal, kept by no cache, told to no other site.
    """
    article = preview_links.find(db.session(), token)
    if article is None or article.state is ArticleState.WITHDRAWN:
        abort(404)
    g.language = article.language
    if article.state is ArticleState.PUBLISHED:
        answer = redirect(address_of(article), 303)
    else:
        page = page_of(article, is_quiet=False) | {"appeal": None, "quiet": False}
        answer = make_response(render_template("articles/preview.html", **page))
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return answer


@bp.get("/media/<name>")
@access.public
def picture(name: str) -> ResponseReturnValue:
    """Send a picture of ours: with a fixed type, never as a page; browsers may keep it, a name has one meaning."""
    found = media.find(current_app.extensions["membership_media"], name)
    if found is None or request.script_root:
        abort(404)
    file, content_type = found
    response = send_file(file, mimetype=content_type, conditional=True, max_age=31_536_000)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Content-Security-Policy"] = media.POLICY
    if content_type not in media.RASTER:
        response.headers["Content-Disposition"] = "attachment"
    return response
