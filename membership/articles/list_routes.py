"""Lists of articles that readers open: sections, authors, series; stored, the same for everybody."""

from flask import abort, render_template
from flask.typing import ResponseReturnValue

from membership.articles import addresses, canonical, presenting, queries, relating
from membership.articles.blueprint import bp
from membership.db import db
from membership.newsroom import present
from membership.web import access, languages
from membership.web.page_store import stored

MOST_IN_LIST = 60


@bp.get("/sections/<slug>")
@access.public
@stored
def section(slug: str) -> ResponseReturnValue:
    """List a section's newest articles."""
    newsroom, language = present.newsroom(), languages.page_language()
    found = queries.latest(db.session(), language, limit=MOST_IN_LIST, section=slug)
    if not found and slug not in {known["slug"] for known in newsroom.sections}:
        abort(404)
    return render_template(
        "articles/section.html",
        name=newsroom.section_name(slug, language),
        stories=presenting.cards(db.session(), found, newsroom),
        **canonical.of_page(),
    )


@bp.get("/authors/<slug>")
@access.public
@stored
def author(slug: str) -> ResponseReturnValue:
    """List an author's newest articles."""
    language = languages.page_language()
    name = queries.author_name(db.session(), slug, language)
    if name is None:
        abort(404)
    found = queries.by_author(db.session(), slug, language, limit=MOST_IN_LIST)
    stories = presenting.cards(db.session(), found, present.newsroom())
    return render_template("articles/author.html", name=name, stories=stories, **canonical.of_page())


@bp.get("/series/<slug>")
@access.public
@stored
def series(slug: str) -> ResponseReturnValue:
    """List the parts of a series, the first one first."""
    session, newsroom, language = db.session(), present.newsroom(), languages.page_language()
    found = relating.articles_of(session, slug, language)
    if not found:
        abort(404)
    alternates = [
        {
            "language": other,
            "url": addresses.series(other_slug, other, newsroom.default_language),
            "name": languages.AVAILABLE.get(other, other),
        }
        for other, other_slug in relating.series_elsewhere(session, found)
    ]
    path = addresses.series(slug, language, newsroom.default_language)
    return render_template(
        "articles/series.html",
        name=found[-1].series,
        stories=presenting.cards(session, found, newsroom),
        alternates=alternates,
        **canonical.of_article(path, language, alternates),
    )
