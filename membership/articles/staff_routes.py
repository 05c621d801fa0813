"""The pages of articles for staff, below /staff/articles: the list and the editor."""

from typing import Any
from urllib.parse import urlencode

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership.accounts.session import signed_in_account
from membership.articles import (
    editing,
    presence,
    previewing,
    publishing,
    queries,
    routes,
    staff_appeal_routes,
    staff_life_routes,
    staff_picture_routes,
    staff_preview_link_routes,
    staff_revision_routes,
    staff_typing_routes,
    working_copies,
)
from membership.articles import staff_frame as frame
from membership.articles.blueprint import staff_bp as bp
from membership.articles.models import Article, ArticleState
from membership.articles.working_copies import Subject
from membership.db import db
from membership.newsroom import present
from membership.secrets import new_public_id
from membership.web import access, languages
from membership.web.forms import SignedInForm

__all__ = [
    "bp",
    "staff_appeal_routes",
    "staff_life_routes",
    "staff_picture_routes",
    "staff_preview_link_routes",
    "staff_revision_routes",
    "staff_typing_routes",
]
PAGE_SIZE = 50


@bp.get("")
@access.staff("editor")
def index() -> ResponseReturnValue:
    """List articles by state, language and words of the headline, the last touched first."""
    told = request.args.get("state", "")
    state = ArticleState(told) if told in set(ArticleState) else None
    page = max(1, request.args.get("page", 1, type=int))
    language, words = request.args.get("language", "")[:2], request.args.get("words", "")[:100]
    found, count = queries.for_staff(
        db.session(), state=state, language=language, words=words, page=min(page, 10_000), size=PAGE_SIZE
    )
    return render_template(
        "articles/staff/index.html",
        articles=found,
        bylines=queries.bylines(db.session(), [article.id for article in found]),
        there=presence.by_article(db.session(), [article.id for article in found]),
        unsaved=working_copies.articles_with_mine(db.session(), signed_in_account().id),
        begun=working_copies.of_new_articles(db.session(), signed_in_account().id),
        act=SignedInForm(),
        tabs=_tabs(state, language=language, words=words),
        filters={"state": state or "", "language": language, "words": words},
        languages=[(code, languages.AVAILABLE.get(code, code)) for code in present.newsroom().languages],
        count=count,
        newer=_page_url(page - 1) if page > 1 else None,
        older=_page_url(page + 1) if page * PAGE_SIZE < count else None,
    )


@bp.get("/new")
@access.staff("editor")
def new() -> ResponseReturnValue:
    """Show the editor, empty, or with what was begun and never saved (`?copy=` and its key)."""
    session, account = db.session(), signed_in_account()
    begun = working_copies.of_new_articles(session, account.id)
    told = request.args.get("copy", "")
    if told:
        copy = next((one for one in begun if one.subject == Subject(key=told).name), None)
        if copy is None:
            abort(404)
        filled = {**copy.typed, "key": told, "version": str(copy.version)}
        return frame.editor(frame.form(None, data=filled), None, copy=copy, is_restored=True)
    empty = {
        "authors": account.display_name,
        "language": present.newsroom().default_language,
        "key": new_public_id(),
        "version": "0",
    }
    return frame.editor(frame.form(None, data=empty), None, begun=begun)


@bp.post("/new")
@access.shows_again
@access.staff("editor")
def create() -> ResponseReturnValue:
    """Begin an article as a draft."""
    form = frame.form(None)
    draft = frame.draft(form, None)
    if draft is None:
        return frame.editor(form, None), 422
    article = publishing.create(db.session(), draft, by=frame.by())
    if form.key.data:
        working_copies.discard(db.session(), signed_in_account().id, Subject(key=form.key.data))
    db.session.commit()
    flash(_("Saved as a draft."), "success")
    return redirect(url_for("staff.articles.edit", article_id=article.id), 303)


@bp.post("/preview")
@access.shows_again
@access.staff("editor")
def preview_new() -> ResponseReturnValue:
    """Show what a new article would look like; nothing is saved but a picture that was sent with it."""
    return _preview(None)


@bp.get("/<int:article_id>")
@access.writes_on_get
@access.staff("editor")
def edit(article_id: int) -> ResponseReturnValue:
    """Show the editor with an article in it, or with unsaved changes (`?copy=mine`); others learn who is there."""
    article, account = frame.found(article_id), signed_in_account()
    presence.note(db.session(), article.id, account.id, stays=presence.AFTER_OPENING)
    db.session.commit()
    copy = working_copies.find(db.session(), account.id, Subject(article.id))
    is_restored = copy is not None and request.args.get("copy") == "mine"
    values = editing.values_of(db.session(), article)
    if copy is not None and is_restored:
        values |= {**copy.typed, "version": str(copy.version)}
    form = frame.form(article, data={"version": "0", **values})
    return frame.editor(form, article, copy=copy, is_restored=is_restored)


@bp.post("/<int:article_id>")
@access.shows_again
@access.staff("editor")
def update(article_id: int) -> ResponseReturnValue:
    """Save an article; who has been overtaken by another editor is told and loses nothing."""
    refusal = frame.save(frame.found(article_id))
    if refusal is not None:
        return refusal
    db.session.commit()
    flash(_("Saved."), "success")
    return frame.to_editor(article_id)


@bp.post("/<int:article_id>/preview")
@access.shows_again
@access.staff("editor")
def preview(article_id: int) -> ResponseReturnValue:
    """Show what an article would look like as typed; nothing is saved but a picture that was sent with it."""
    return _preview(frame.found(article_id))


@bp.get("/<int:article_id>/page")
@access.staff("editor")
def show(article_id: int) -> ResponseReturnValue:
    """Show the saved article as readers will see it, in its asking or its quiet copy."""
    article = frame.found(article_id)
    g.language = article.language
    page = routes.page_of(article, is_quiet=request.args.get("copy") == "quiet")
    return render_template("articles/article.html", **page)


def _preview(article: Article | None) -> ResponseReturnValue:
    form = frame.form(article)
    draft = frame.draft(form, article)
    if draft is None:
        return frame.editor(form, article), 422
    db.session.commit()  # only the picture, if one was sent
    return frame.editor(form, article, preview=previewing.of(db.session(), draft))


def _tabs(state: ArticleState | None, *, language: str, words: str) -> list[dict[str, Any]]:
    counted = queries.counts(db.session())
    labels: dict[ArticleState | None, str] = {
        None: _("All (%(count)s)", count=sum(counted.values())),
        ArticleState.DRAFT: _("Drafts (%(count)s)", count=counted.get(ArticleState.DRAFT, 0)),
        ArticleState.SCHEDULED: _("Scheduled (%(count)s)", count=counted.get(ArticleState.SCHEDULED, 0)),
        ArticleState.PUBLISHED: _("Published (%(count)s)", count=counted.get(ArticleState.PUBLISHED, 0)),
        ArticleState.WITHDRAWN: _("Withdrawn (%(count)s)", count=counted.get(ArticleState.WITHDRAWN, 0)),
    }
    return [
        {
            "label": label,
            "url": _url(state=one.value if one else "", language=language, words=words),
            "current": one is state,
        }
        for one, label in labels.items()
    ]


def _page_url(page: int) -> str:
    kept = {name: request.args.get(name, "") for name in ("state", "language", "words")}
    return _url(**kept, page=str(page))


def _url(**filters: str) -> str:
    """The list with filters, those left empty left out."""
    query = urlencode({name: value for name, value in filters.items() if value})
    return url_for("staff.articles.index") + (f"?{query}" if query else "")
