"""What machines read: the feed with whole texts, the sitemaps, robots.txt."""

from datetime import timedelta

from flask import Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from membership import clock
from membership.articles import addresses, presenting, queries
from membership.articles.blueprint import bp
from membership.db import db
from membership.newsroom import present
from membership.web import access, languages
from membership.web.page_store import stored

MOST_IN_FEED = 20
MOST_NEWS = 1_000
NEWS_AGE = timedelta(hours=48)
"""Two days, and at most 1,000 articles.

Source: https://developers.google.com/search/docs/crawling-indexing/sitemaps/news-sitemap.
"""


@bp.get("/feed.xml")
@access.public
@stored
def feed() -> ResponseReturnValue:
    """Give the newest articles of a language, whole, as Atom."""
    newsroom, language = present.newsroom(), languages.page_language()
    found = queries.latest(db.session(), language, limit=MOST_IN_FEED)
    stories = [presenting.story(db.session(), one, newsroom) for one in found]
    page = render_template(
        "feeds/atom.xml",
        stories=stories,
        address=addresses.article,
        front=addresses.front(language, newsroom.default_language),
        updated=max((story.updated_at or story.published_at for story in stories), default=None),
    )
    return Response(page, mimetype="application/atom+xml")


@bp.get("/sitemap.xml")
@access.public
@stored
def sitemap() -> ResponseReturnValue:
    """List every article of every language for search engines, at the plain address only."""
    if request.script_root:
        abort(404)
    newsroom = present.newsroom()
    default = newsroom.default_language
    found = [
        (addresses.article(slug, language, default), updated)
        for language, slug, updated in queries.for_sitemap(db.session())
    ]
    fronts = [addresses.front(language, default) for language in newsroom.languages]
    return Response(
        render_template("feeds/sitemap.xml", fronts=fronts, articles=found), mimetype="application/xml"
    )


@bp.get("/news-sitemap.xml")
@access.public
def news_sitemap() -> ResponseReturnValue:
    """List the news of the last two days, without what is paid for.

    Not stored, since a story leaves the list by the clock alone; caches may keep it for five minutes.
    """
    if request.script_root:
        abort(404)
    newsroom = present.newsroom()
    found = queries.news_since(db.session(), clock.now() - NEWS_AGE, limit=MOST_NEWS)
    news = [
        {
            "address": addresses.article(one.slug, one.language, newsroom.default_language),
            "publication": newsroom.in_language(one.language).name,
            "language": one.language,
            "published_at": one.published_at,
            "title": one.headline,
        }
        for one in found
    ]
    page = Response(render_template("feeds/news-sitemap.xml", news=news), mimetype="application/xml")
    page.headers["Cache-Control"] = "public, max-age=300"
    return page


@bp.get("/robots.txt")
@access.public
@stored
def robots() -> ResponseReturnValue:
    """Tell robots what is nobody's business, and where the sitemaps are."""
    if request.script_root:
        abort(404)
    return Response(render_template("feeds/robots.txt"), mimetype="text/plain")
