"""The page that searches; never stored and never cached, since what somebody looks for is nobody else's business."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from membership.articles import presenting, queries, searching
from membership.articles.blueprint import bp
from membership.db import db
from membership.newsroom import present
from membership.web import access, languages
from membership.web.limits import limiter


@bp.get("/search")
@access.public
@limiter.limit("60 per minute")
def search() -> ResponseReturnValue:
    """Search the articles of this language for the words in `q`; the query is kept nowhere."""
    session, newsroom = db.session(), present.newsroom()
    query = " ".join(request.args.get("q", "").replace("\x00", " ").split())[: searching.LONGEST_QUERY]
    page = _page(request.args.get("page", ""))
    found = searching.search(session, query, languages.page_language(), page=page)
    articles = queries.by_ids(session, [hit.article_id for hit in found.hits])
    stories = [
        (card, hit.passage)
        for card, hit in zip(
            presenting.cards(session, [articles[hit.article_id] for hit in found.hits], newsroom),
            found.hits,
            strict=True,
        )
    ]
    return render_template(
        "articles/search.html",
        query=query,
        has_words=bool(searching.words_of(query)),
        stories=stories,
        count=found.count,
        first=(page - 1) * searching.A_PAGE + 1,
        newer_url=url_for(".search", q=query, page=page - 1) if page > 1 else None,
        older_url=url_for(".search", q=query, page=page + 1) if page < found.pages else None,
    )


def _page(typed: str) -> int:
    """Which page is asked for; the first for anything that is no such number."""
    is_number = typed.isascii() and typed.isdigit() and len(typed) < 4
    return min(max(int(typed), 1), searching.MOST_PAGES) if is_number else 1
