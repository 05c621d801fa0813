"""An article's life, for staff: published, scheduled, corrected, withdrawn; and the pictures of stories."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership.articles import editing, publishing, queries
from membership.articles import staff_frame as frame
from membership.articles.blueprint import staff_bp as bp
from membership.articles.errors import IncompleteArticleError, PastInstantError
from membership.articles.forms import CorrectionForm, PictureForm, ScheduleForm, WithdrawalForm
from membership.db import db
from membership.newsroom import present
from membership.web import access

PICTURES_SHOWN = 50


@bp.post("/<int:article_id>/publication")
@access.staff("editor")
def create_publication(article_id: int) -> ResponseReturnValue:
    """Publish it now."""
    frame.demand_token()
    article = frame.article(article_id)
    try:
        publishing.publish(db.session(), article, by=frame.by())
    except IncompleteArticleError:
        return frame.refused(article_id, _("A story needs a headline and a text before it can be published."))
    db.session.commit()
    flash(_("Published: everybody can read it now."), "success")
    return frame.to_editor(article_id)


@bp.post("/<int:article_id>/schedule")
@access.staff("editor")
def create_schedule(article_id: int) -> ResponseReturnValue:
    """Publish it at an instant to come."""
    article, form = frame.article(article_id), ScheduleForm()
    if not form.validate():
        return frame.editor(frame.filled(article), article, schedule=form), 422
    at = editing.in_zone(form.at.data, present.newsroom().zone)
    try:
        publishing.schedule(db.session(), article, at, by=frame.by())
    except PastInstantError:
        return frame.refused(article_id, _("That moment has passed. Choose one to come, or publish now."))
    except IncompleteArticleError:
        return frame.refused(article_id, _("A story needs a headline and a text before it can be published."))
    db.session.commit()
    flash(_("Scheduled."), "success")
    return frame.to_editor(article_id)


@bp.post("/<int:article_id>/schedule/delete")
@access.staff("editor")
def delete_schedule(article_id: int) -> ResponseReturnValue:
    """Do not publish it by itself."""
    frame.demand_token()
    publishing.unschedule(db.session(), frame.article(article_id), by=frame.by())
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


@bp.get("/pictures")
@access.staff("editor")
def index_pictures() -> ResponseReturnValue:
    """List the pictures kept last, each with the Markdown that shows it."""
    found = queries.pictures(db.session(), limit=PICTURES_SHOWN)
    return render_template("articles/staff/index_pictures.html", pictures=found, form=PictureForm())


@bp.post("/pictures")
@access.staff("editor")
def create_picture() -> ResponseReturnValue:
    """Take a picture to be used within stories."""
    form = PictureForm()
    if not form.validate() or frame.sent_picture(form.file) is None:
        if not form.file.errors:
            form.file.errors = [_("Choose a picture.")]
        found = queries.pictures(db.session(), limit=PICTURES_SHOWN)
        return render_template("articles/staff/index_pictures.html", pictures=found, form=form), 422
    db.session.commit()
    flash(_("The picture is here; copy its line into a story."), "success")
    return redirect(url_for("staff.articles.index_pictures"), 303)
