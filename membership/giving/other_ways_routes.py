"""The other ways to support, written by editors, below /staff/giving/other-ways."""

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from membership.accounts import trail
from membership.db import db
from membership.giving.staff_forms import DeletionForm, OtherWayForm
from membership.newsroom import page_changes
from membership.newsroom.models import AuditEntry, OtherWay
from membership.web import access, htmlize
from membership.web.languages import AVAILABLE, default_language

bp = Blueprint("other_ways", __name__, url_prefix="/other-ways")
PATH = "/support/other-ways"


@bp.get("")
@access.staff("editor")
def index() -> str:
    """List all ways in all languages."""
    ways = db.session.scalars(select(OtherWay).order_by(OtherWay.language, OtherWay.position, OtherWay.id))
    return render_template("giving/staff/index_other_ways.html", ways=list(ways), languages=AVAILABLE)


@bp.get("/new")
@access.staff("editor")
def new() -> str:
    """Ask for a new way."""
    return _page(OtherWayForm(data={"language": default_language(), "position": 0}), None)


@bp.post("")
@access.staff("editor")
def create() -> ResponseReturnValue:
    """Add a way."""
    form = OtherWayForm()
    if not form.validate() or not _is_free(form, None):
        return _page(form, None), 422
    way = OtherWay(
        language=form.language.data,
        title=form.title.data,
        text=form.text.data,
        position=form.position.data or 0,
    )
    db.session.add(way)
    return _save(way, "other_way.created", _("Added."))


@bp.get("/<int:way_id>")
@access.staff("editor")
def edit(way_id: int) -> str:
    """Show a way as it is written."""
    way = _way(way_id)
    return _page(OtherWayForm(obj=way), way)


@bp.post("/<int:way_id>")
@access.staff("editor")
def update(way_id: int) -> ResponseReturnValue:
    """Write a way anew."""
    way, form = _way(way_id), OtherWayForm()
    if not form.validate() or not _is_free(form, way):
        return _page(form, way), 422
    way.language, way.title, way.text = form.language.data, form.title.data, form.text.data
    way.position = form.position.data or 0
    return _save(way, "other_way.changed", _("Saved."))


@bp.post("/<int:way_id>/deletion")
@access.staff("editor")
def delete(way_id: int) -> ResponseReturnValue:
    """Take a way off the page."""
    way = _way(way_id)
    if not DeletionForm().validate():
        return _page(OtherWayForm(formdata=None, obj=way), way), 422
    _note(way, "other_way.deleted")
    db.session.delete(way)
    page_changes.record(db.session(), PATH)
    db.session.commit()
    flash(_("Taken off the page."), "success")
    return redirect(url_for(".index"), 303)


def _save(way: OtherWay, action: str, told: str) -> ResponseReturnValue:
    db.session.flush()
    way.edited_by = _note(way, action).id
    page_changes.record(db.session(), PATH)
    db.session.commit()
    flash(told, "success")
    return redirect(url_for(".index"), 303)


def _is_free(form: OtherWayForm, way: OtherWay | None) -> bool:
    """Whether no other way of this language has the title; says so at the field if one has."""
    other = db.session.scalars(
        select(OtherWay).filter_by(language=form.language.data, title=form.title.data)
    ).one_or_none()
    if other is None or other is way:
        return True
    form.title.errors = [_("Another way has this title already.")]
    return False


def _page(form: OtherWayForm, way: OtherWay | None) -> str:
    preview = None
    if form.text.data and not form.text.errors:
        preview = htmlize.markdown(form.text.data)
    return render_template(
        "giving/staff/edit_other_way.html",
        form=form,
        way=way,
        preview=preview,
        deletion=DeletionForm(formdata=None),
    )


def _way(way_id: int) -> OtherWay:
    way = db.session.get(OtherWay, way_id)
    if way is None:
        abort(404)
    return way


def _note(way: OtherWay, action: str) -> AuditEntry:
    return trail.note(action, f"other_way:{way.id}", language=way.language, title=way.title)
