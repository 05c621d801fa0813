"""The pages of appeals for staff, below /staff/appeals: their words, their amounts, which of them stands."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership.accounts.session import signed_in_account
from membership.appeals import managing, presenting, queries
from membership.appeals.forms import AppealForm, appeal_form
from membership.appeals.managing import Words
from membership.appeals.models import Appeal
from membership.db import db
from membership.newsroom import present
from membership.web import access, languages

bp = Blueprint("appeals", __name__, url_prefix="/appeals")


@bp.get("")
@access.staff("editor")
def index() -> ResponseReturnValue:
    """List the appeals of each language in the order in which they are chosen."""
    found = queries.by_rank(db.session())
    shown: dict[str, int] = {}
    for appeal in found:
        if appeal.is_on:
            shown.setdefault(appeal.language, appeal.id)
    names = languages.AVAILABLE
    return render_template("appeals/staff/index.html", appeals=found, shown=shown, names=names)


@bp.get("/new")
@access.staff("editor")
def new() -> ResponseReturnValue:
    """Show the form of a new appeal."""
    return _page(_form(), None)


@bp.post("/new")
@access.staff("editor")
def create() -> ResponseReturnValue:
    """Write a new appeal."""
    form, account = _form(), signed_in_account()
    if not form.validate():
        return _page(form, None), 422
    appeal = managing.write(db.session(), _words(form), actor_id=account.id, actor=account.public_id)
    db.session.commit()
    flash(_("Saved."), "success")
    return redirect(url_for("staff.appeals.edit", public_id=appeal.public_id), 303)


@bp.get("/<public_id>")
@access.staff("editor")
def edit(public_id: str) -> ResponseReturnValue:
    """Show an appeal with all its words."""
    appeal = _appeal(public_id)
    return _page(_form(appeal), appeal)


@bp.post("/<public_id>")
@access.staff("editor")
def update(public_id: str) -> ResponseReturnValue:
    """Change an appeal."""
    appeal, form, account = _appeal(public_id), _form(), signed_in_account()
    if not form.validate():
        return _page(form, appeal), 422
    managing.change(db.session(), appeal, _words(form), actor_id=account.id, actor=account.public_id)
    db.session.commit()
    flash(_("Saved. The pages of readers follow within seconds."), "success")
    return redirect(url_for("staff.appeals.edit", public_id=public_id), 303)


def _appeal(public_id: str) -> Appeal:
    found = queries.by_public_id(db.session(), public_id)
    if found is None:
        abort(404)
    return found


def _form(appeal: Appeal | None = None) -> AppealForm:
    newsroom = present.newsroom()
    made = appeal_form(tuple(newsroom.currencies))
    form = made(data=_values(appeal)) if appeal else made()
    form.language.choices = [(code, languages.AVAILABLE.get(code, code)) for code in newsroom.languages]
    return form


def _values(appeal: Appeal) -> dict[str, Any]:
    names = ("name", "language", "heading", "body", "highlight", "priority", "is_on")
    amounts = {
        f"amounts_{currency}_{interval}": units
        for currency, by_interval in appeal.suggested_amounts.items()
        for interval, units in by_interval.items()
    }
    return {name: getattr(appeal, name) for name in names} | amounts


def _words(form: AppealForm) -> Words:
    return Words(
        name=form.name.data,
        language=form.language.data,
        heading=form.heading.data,
        body="\n\n".join(presenting.paragraphs(form.body.data)),
        highlight=form.highlight.data or "",
        suggested_amounts=form.amounts(),
        priority=form.priority.data,
        is_on=form.is_on.data,
    )


def _page(form: AppealForm, appeal: Appeal | None) -> str:
    return render_template("appeals/staff/edit.html", form=form, appeal=appeal)
