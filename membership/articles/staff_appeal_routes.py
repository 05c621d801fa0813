"""An appeal as readers would see it under a story that staff choose, in both copies; also before it is saved."""

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership.appeals import placing
from membership.appeals import staff_frame as appeals
from membership.appeals.models import Appeal
from membership.articles import queries, routes
from membership.articles.blueprint import staff_bp as bp
from membership.articles.models import Article, ArticleState
from membership.db import db
from membership.web import access

OF_THE_PREVIEW = frozenset({"csrf_token", "article", "copy"})
"""Fields of the form that are not the appeal's."""


@bp.get("/under-appeal/<public_id>")
@access.staff("editor")
def show_under_appeal(public_id: str) -> ResponseReturnValue:
    """Show a saved appeal under a story."""
    appeal = appeals.appeal(public_id)
    found = _article(request.args.get("article", 0, type=int), appeal.language)
    if found is None:
        flash(_("There is no published article in this language to show it under."), "info")
        return redirect(url_for("staff.appeals.edit", public_id=public_id), 303)
    return _page(found, appeal, copy=request.args.get("copy", ""))


@bp.post("/under-appeal")
@access.staff("editor")
def preview_under_appeal() -> ResponseReturnValue:
    """Show an appeal as it has been typed under a story; nothing is saved."""
    form = appeals.form()
    if not form.validate():
        return appeals.page(form, None), 422
    appeal = appeals.unsaved(form)
    found = _article(request.form.get("article", 0, type=int), appeal.language)
    if found is None:
        flash(_("There is no published article in this language to show it under."), "info")
        return appeals.page(form, None)
    typed = [(name, value) for name, value in request.form.items(multi=True) if name not in OF_THE_PREVIEW]
    return _page(found, appeal, copy=request.form.get("copy", ""), typed=typed, form=form)


def _article(article_id: int, language: str) -> Article | None:
    """The published story that was chosen, else the newest of the language."""
    chosen = db.session.get(Article, article_id) if article_id else None
    if chosen is not None and chosen.state is ArticleState.PUBLISHED and chosen.language == language:
        return chosen
    return next(iter(queries.latest(db.session(), language, limit=1)), None)


def _page(found: Article, appeal: Appeal, *, copy: str, **more: Any) -> str:  # noqa: ANN401 - what one template names
    g.language = found.language
    is_quiet = copy == "quiet"
    bar = {
        "appeal_name": appeal.name,
        "public_id": appeal.public_id,
        "chosen": found.id,
        "stories": placing.newest(db.session(), found.language),
        "typed": [],
        "form": None,
        **more,
    }
    page = routes.page_of(found, is_quiet=is_quiet, appeal=appeal)
    return render_template("articles/staff/under_appeal.html", **page, bar=bar, is_marked=_is_marked(found))


def _is_marked(found: Article) -> bool:
    return found.is_sensitive or found.is_sponsored
