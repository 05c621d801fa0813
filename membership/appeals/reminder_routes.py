"""/appeal/remind: asked for under an article, confirmed or forgotten from the mail. Links show, buttons act.

What these pages answer never depends on whose address it is.
"""

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from membership.appeals import placing, reminding
from membership.appeals.errors import DeadReminderError
from membership.appeals.forms import RemindForm
from membership.appeals.models import Placement, Reminder
from membership.appeals.reminding import Wish
from membership.db import db
from membership.newsroom import refusing
from membership.newsroom.budgets import BudgetSpentError
from membership.web import access, headers
from membership.web.languages import page_language
from membership.web.limits import client_network, limiter

bp = Blueprint("reminders", __name__, url_prefix="/appeal/remind")


bp.after_request(headers.keep_to_itself)


@bp.post("")
@access.public
def ask() -> ResponseReturnValue:
    """Mail a link to confirm by, whoever it is."""
    form = RemindForm()
    article = placing.by_slug(db.session(), form.article.data or "", page_language())
    if article is None:
        abort(400)
    if not form.validate():
        return _page("asking", article, form=form), 422
    wish = Wish(email=form.email.data, article_id=article.article_id, language=page_language())
    try:
        reminding.ask(db.session(), wish, network=client_network())
    except BudgetSpentError as spent:
        db.session.commit()
        return refusing.too_often(spent)
    db.session.commit()
    return redirect(url_for("appeals.reminders.asked", article=article.slug), 303)


@bp.get("")
@access.public
def asked() -> ResponseReturnValue:
    """Say what happens next: the same whatever was typed."""
    slug = request.args.get("article", "")
    return _page("asked", placing.by_slug(db.session(), slug, page_language()))


@bp.get("/<token>")
@access.public
@limiter.limit("60 per minute")
def show(token: str) -> ResponseReturnValue:
    """Show what a mailed link would confirm, or has; opening it uses nothing up."""
    reminder = _find(token)
    state = "confirmed" if reminder.confirmed_at is not None else "confirming"
    return _page(state, reminding.article(db.session(), reminder), reminder=reminder, token=token)


@bp.post("/<token>")
@access.public
@limiter.limit("60 per minute")
def confirm(token: str) -> ResponseReturnValue:
    """Let the reminder count."""
    _find(token)
    reminding.confirm(db.session(), token)
    db.session.commit()
    return redirect(url_for("appeals.reminders.show", token=token), 303)


@bp.get("/<token>/forget")
@access.public
@limiter.limit("60 per minute")
def show_forgetting(token: str) -> ResponseReturnValue:
    """Show that an address would be forgotten."""
    reminder = _find(token)
    return _page("forgetting", reminding.article(db.session(), reminder), reminder=reminder, token=token)


@bp.post("/<token>/forget")
@access.public
@limiter.limit("60 per minute")
def forget(token: str) -> ResponseReturnValue:
    """Forget an address."""
    reminder = _find(token)
    article = reminding.article(db.session(), reminder)
    page = _page("forgotten", article)
    reminding.forget(db.session(), reminder)
    db.session.commit()
    return page


def _find(token: str) -> Reminder:
    try:
        return reminding.find(db.session(), token)
    except DeadReminderError:
        abort(Response(_page("dead", None), 410))


def _page(
    state: str,
    article: Placement | None,
    *,
    form: RemindForm | None = None,
    reminder: Reminder | None = None,
    token: str = "",
) -> str:
    return render_template(
        "appeals/reminder.html",
        state=state,
        article=article,
        article_url=placing.page_of(article) if article is not None else None,
        form=form,
        reminder=reminder,
        token=token,
    )
