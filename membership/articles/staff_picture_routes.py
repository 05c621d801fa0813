"""The library of pictures, for staff: kept, described, chosen; dropped into a story."""

from flask import abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership.articles import queries
from membership.articles import staff_frame as frame
from membership.articles.blueprint import staff_bp as bp
from membership.articles.forms import PictureDetailsForm, PictureForm
from membership.articles.models import Media
from membership.db import db
from membership.newsroom import audit
from membership.web import access

PICTURES_SHOWN = 48


@bp.get("/pictures")
@access.staff("editor")
def index_pictures() -> ResponseReturnValue:
    """List the pictures kept last, or those found by their words, each with the Markdown that shows it."""
    return _library(PictureForm(formdata=None))


@bp.post("/pictures")
@access.staff("editor")
def create_picture() -> ResponseReturnValue:
    """Take a picture to be used within stories."""
    form = PictureForm()
    if not form.validate() or frame.sent_picture(form.file) is None:
        if not form.file.errors:
            form.file.errors = [_("Choose a picture.")]
        return _library(form), 422
    db.session.commit()
    flash(_("The picture is here; copy its line into a story."), "success")
    return redirect(url_for("staff.articles.index_pictures"), 303)


@bp.post("/pictures/dropped")
@access.staff("editor")
def create_dropped_picture() -> ResponseReturnValue:
    """Take a picture that was dropped into a story; the answer is for the editor's script."""
    form = PictureForm()
    if not form.validate():
        abort(400)
    name = frame.sent_picture(form.file)
    if name is None:
        return jsonify(
            {"error": str(form.file.errors[0]) if form.file.errors else _("Choose a picture.")}
        ), 422
    db.session.commit()
    kept = queries.media(db.session(), name)
    if kept is None:
        abort(404)
    return jsonify({"name": kept.name, "alt": kept.alt, "caption": kept.caption, "credit": kept.credit})


@bp.get("/pictures/choice")
@access.staff("editor")
def choose_picture() -> ResponseReturnValue:
    """The pictures to choose from, as a part of the editor's page."""
    words = request.args.get("words", "")[:100]
    found = queries.pictures(db.session(), limit=PICTURES_SHOWN, words=words)
    return render_template("articles/staff/_choice_of_pictures.html", pictures=found)


@bp.post("/pictures/<int:picture_id>")
@access.staff("editor")
def update_picture(picture_id: int) -> ResponseReturnValue:
    """Say what a picture shows and whose it is; offered wherever it is used from then on."""
    picture, form = db.session.get(Media, picture_id), PictureDetailsForm()
    if picture is None:
        abort(404)
    if not form.validate():
        flash(_("Remove line breaks and invisible characters."), "error")
        return redirect(url_for("staff.articles.index_pictures"), 303)
    picture.alt, picture.caption, picture.credit = form.alt.data, form.caption.data, form.credit.data
    who = frame.by()
    audit.write(
        db.session(),
        action="picture.described",
        subject=f"media:{picture.name}"[:120],
        actor_id=who.account_id,
        actor=who.name,
    )
    db.session.commit()
    flash(_("Saved."), "success")
    return redirect(url_for("staff.articles.index_pictures", _anchor=f"picture-{picture.id}"), 303)


def _library(form: PictureForm) -> str:
    words = request.args.get("words", "")[:100]
    return render_template(
        "articles/staff/index_pictures.html",
        pictures=queries.pictures(db.session(), limit=PICTURES_SHOWN, words=words),
        words=words,
        form=form,
    )
