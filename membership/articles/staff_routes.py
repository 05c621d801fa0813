"""The pages of articles for staff, below /staff/articles: the list and the editor."""

from typing import Any
from urllib.parse import urlencode

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership.accounts.models import Account
from membership.accounts.session import signed_in_account
from membership.articles import (
    presenting,
    publishing,
    queries,
    routes,
    staff_appeal_routes,
    staff_life_routes,
)
from membership.articles import staff_frame as frame
from membership.articles.blueprint import staff_bp as bp
from membership.articles.errors import EditConflictError, IncompleteArticleError
from membership.articles.forms import ArticleForm
from membership.articles.models import Article, ArticleState
from membership.db import db
from membership.newsroom import present
from membership.web import access, languages

__all__ = ["bp", "staff_appeal_routes", "staff_life_routes"]
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
    """Show the editor, empty."""
    form = frame.form(None)
    form.authors.data = signed_in_account().display_name
    form.language.data = present.newsroom().default_language
    return frame.editor(form, None)


@bp.post("/new")
@access.staff("editor")
def create() -> ResponseReturnValue:
    """Begin an article as a draft."""
    form = frame.form(None)
    draft = frame.draft(form, None)
    if draft is None:
        return frame.editor(form, None), 422
    article = publishing.create(db.session(), draft, by=frame.by())
    db.session.commit()
    flash(_("Saved as a draft."), "success")
    return redirect(url_for("staff.articles.edit", article_id=article.id), 303)


@bp.post("/preview")
@access.staff("editor")
def preview_new() -> ResponseReturnValue:
    """Show what a new article would look like; nothing is saved but a picture that was sent with it."""
    return _preview(None)


@bp.get("/<int:article_id>")
@access.staff("editor")
def edit(article_id: int) -> ResponseReturnValue:
    """Show the editor with an article in it."""
    article = frame.article(article_id)
    return frame.editor(frame.filled(article), article)


@bp.post("/<int:article_id>")
@access.staff("editor")
def update(article_id: int) -> ResponseReturnValue:
    """Save an article; who has been overtaken by another editor is told and loses nothing."""
    article = frame.article(article_id)
    form = frame.form(article)
    draft = frame.draft(form, article)
    if draft is None:
        return frame.editor(form, article), 422
    seen = int(form.seen.data) if form.seen.data else None
    try:
        publishing.change(db.session(), article, draft, by=frame.by(), seen=seen)
    except EditConflictError as error:
        return _conflict(form, article_id, error)
    except IncompleteArticleError:
        db.session.rollback()
        form.body.errors = [_("A published story cannot lose its text. Withdraw it instead.")]
        return frame.editor(form, frame.article(article_id)), 422
    db.session.commit()
    flash(_("Saved."), "success")
    return frame.to_editor(article_id)


@bp.post("/<int:article_id>/preview")
@access.staff("editor")
def preview(article_id: int) -> ResponseReturnValue:
    """Show what an article would look like as typed; nothing is saved but a picture that was sent with it."""
    return _preview(frame.article(article_id))


@bp.get("/<int:article_id>/page")
@access.staff("editor")
def show(article_id: int) -> ResponseReturnValue:
    """Show the saved article as readers will see it, in its asking or its quiet copy."""
    article = frame.article(article_id)
    g.language = article.language
    page = routes.page_of(article, is_quiet=request.args.get("copy") == "quiet")
    return render_template("articles/article.html", **page)


def _preview(article: Article | None) -> ResponseReturnValue:
    form = frame.form(article)
    draft = frame.draft(form, article)
    if draft is None:
        return frame.editor(form, article), 422
    db.session.commit()  # only the picture, if one was sent
    names = presenting.pictures_in(draft.body) | ({draft.picture} - {""})
    sizes = queries.sizes(db.session(), names)
    body = presenting.body_of(draft.body, draft.body_format, sizes)
    return frame.editor(
        form, article, preview={"draft": draft, "body": body, "minutes": presenting.minutes(body)}
    )


def _conflict(form: ArticleForm, article_id: int, error: EditConflictError) -> ResponseReturnValue:
    """Say who saved meanwhile; what was typed is still there, and saving again replaces theirs knowingly."""
    db.session.rollback()
    article = frame.article(article_id)
    other = db.session.get(Account, error.saved_by) if error.saved_by else None
    latest = publishing.latest_revision(db.session(), article_id)
    form.seen.data = str(latest.id) if latest else ""
    name = other.display_name if other else _("A command")
    return frame.editor(form, article, conflict={"name": name, "revision": latest}), 409


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
