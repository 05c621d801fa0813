"""An article's life, for staff: published, scheduled, corrected, withdrawn.

What is published or scheduled from the editor is saved first, in the same transaction: nobody publishes other words
than those on the screen.
"""

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership.articles import editing, publishing
from membership.articles import staff_frame as frame
from membership.articles.blueprint import staff_bp as bp
from membership.articles.errors import IncompleteArticleError, PastInstantError
from membership.articles.forms import CorrectionForm, WithdrawalForm
from membership.db import db
from membership.newsroom import present
from membership.web import access, filters


@bp.post("/<int:article_id>/publication")
@access.shows_again
@access.staff("editor")
def create_publication(article_id: int) -> ResponseReturnValue:
    """Publish it now, with what the editor's form says if that is sent."""
    if not _is_editors():
        frame.demand_token()
    refusal = _saved_first(article_id)
    if refusal is not None:
        return refusal
    try:
        publishing.publish(db.session(), frame.found(article_id), by=frame.by())
    except IncompleteArticleError:
        return frame.refused(article_id, _("A story needs a headline and a text before it can be published."))
    db.session.commit()
    flash(_("Published: everybody can read it now."), "success")
    return frame.to_editor(article_id)


@bp.post("/<int:article_id>/schedule")
@access.shows_again
@access.staff("editor")
def create_schedule(article_id: int) -> ResponseReturnValue:
    """Publish it at an instant to come, with what the editor's form says if that is sent."""
    article, form = frame.found(article_id), frame.schedule_form(None, is_sent=True)
    if not form.validate():
        typed = frame.form(article) if _is_editors() else frame.filled(article)
        return frame.editor(typed, article, schedule=form), 422
    refusal = _saved_first(article_id)
    if refusal is not None:
        return refusal
    at = editing.in_zone(form.at.data, present.newsroom().zone)
    try:
        publishing.schedule(db.session(), article, at, by=frame.by())
    except PastInstantError:
        return frame.refused(article_id, _("That moment has passed. Choose one to come, or publish now."))
    except IncompleteArticleError:
        return frame.refused(article_id, _("A story needs a headline and a text before it can be published."))
    db.session.commit()
    flash(_("Scheduled for %(at)s.", at=filters.instant(at)), "success")
    return frame.to_editor(article_id)


def _is_editors() -> bool:
    """Whether the whole form of the editor was sent."""
    return "headline" in request.form


def _saved_first(article_id: int) -> ResponseReturnValue | None:
    return frame.save(frame.found(article_id)) if _is_editors() else None


@bp.post("/<int:article_id>/schedule/delete")
@access.staff("editor")
def delete_schedule(article_id: int) -> ResponseReturnValue:
    """Do not publish it by itself."""
    frame.demand_token()
    publishing.unschedule(db.session(), frame.found(article_id), by=frame.by())
    db.session.commit()
    flash(_("It is a draft again and will not be published by itself."), "success")
    return frame.to_editor(article_id)


@bp.post("/<int:article_id>/corrections")
@access.staff("editor")
def create_correction(article_id: int) -> ResponseReturnValue:
    """Add a dated correction below a published article."""
    article, form = frame.published(article_id), CorrectionForm()
    if not form.validate():
        return frame.editor(frame.filled(article), article, correction=form), 422
    publishing.correct(db.session(), article, " ".join(form.text.data.split()), by=frame.by())
    db.session.commit()
    flash(_("The correction stands below the story, with today's date."), "success")
    return frame.to_editor(article_id)


@bp.get("/<int:article_id>/withdrawal")
@access.staff("editor")
def new_withdrawal(article_id: int) -> ResponseReturnValue:
    """Ask before a published article is taken back."""
    return render_template(
        "articles/staff/new_withdrawal.html", article=frame.published(article_id), form=WithdrawalForm()
    )


@bp.post("/<int:article_id>/withdrawal")
@access.staff("editor")
def create_withdrawal(article_id: int) -> ResponseReturnValue:
    """Take a published article back."""
    article, form = frame.published(article_id), WithdrawalForm()
    if not form.validate():
        return render_template("articles/staff/new_withdrawal.html", article=article, form=form), 422
    publishing.withdraw(db.session(), article, by=frame.by(), reason=form.reason.data)
    db.session.commit()
    flash(_("Withdrawn: its address now says so."), "success")
    return frame.to_editor(article_id)
