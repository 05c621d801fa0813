"""The pages of appeals for staff, below /staff/appeals: their words, their rules, which of them stands where."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership.accounts.session import signed_in_account
from membership.appeals import (
    embed_staff_routes,
    explaining,
    managing,
    placing,
    staff_campaign_routes,
    staff_trial_routes,
)
from membership.appeals import staff_frame as frame
from membership.appeals.errors import OnTrialError
from membership.appeals.managing import Words
from membership.db import db
from membership.newsroom import present
from membership.web import access, languages

bp = Blueprint("appeals", __name__, url_prefix="/appeals")
bp.register_blueprint(staff_campaign_routes.bp)
bp.register_blueprint(embed_staff_routes.bp)
bp.register_blueprint(staff_trial_routes.bp)


@bp.get("")
@access.staff("editor")
def index() -> ResponseReturnValue:
    """List the appeals of each language in the order in which they are chosen, and say where each stands."""
    return render_template(
        "appeals/staff/index.html", rows=explaining.rows(db.session()), names=languages.AVAILABLE
    )


@bp.get("/stories")
@access.staff("editor")
def stories() -> ResponseReturnValue:
    """List the newest stories of a language, each with the appeal that stands under it today."""
    offered = present.newsroom().languages
    asked = request.args.get("language", "")
    language = asked if asked in offered else present.newsroom().default_language
    tabs = [
        {
            "label": languages.AVAILABLE.get(code, code),
            "url": url_for("staff.appeals.stories", language=code),
            "current": code == language,
        }
        for code in offered
    ]
    return render_template(
        "appeals/staff/stories.html", rows=explaining.stories(db.session(), language), tabs=tabs
    )


@bp.get("/new")
@access.staff("editor")
def new() -> ResponseReturnValue:
    """Show the form of a new appeal; empty, or with the words of another one."""
    copied = request.args.get("copy", "")
    if not copied:
        return frame.page(frame.form(), None)
    of = frame.appeal(copied)
    name = _("%(name)s (copy)", name=of.name)[:120]
    return frame.page(frame.form(of, name=name, is_on=False), None)


@bp.post("/new")
@access.staff("editor")
def create() -> ResponseReturnValue:
    """Write a new appeal."""
    form, account = frame.form(), signed_in_account()
    if not form.validate():
        return frame.page(form, None), 422
    words = frame.words(form)
    appeal = managing.write(db.session(), words, actor_id=account.id, actor=account.public_id)
    _tell_of_tags(words)
    db.session.commit()
    flash(_("Saved. The pages of readers follow within seconds."), "success")
    return redirect(url_for("staff.appeals.edit", public_id=appeal.public_id), 303)


@bp.get("/<public_id>")
@access.staff("editor")
def edit(public_id: str) -> ResponseReturnValue:
    """Show an appeal with all its words and rules."""
    appeal = frame.appeal(public_id)
    return frame.page(frame.form(appeal), appeal)


@bp.post("/<public_id>")
@access.staff("editor")
def update(public_id: str) -> ResponseReturnValue:
    """Change an appeal."""
    appeal, form, account = frame.appeal(public_id), frame.form(), signed_in_account()
    if not form.validate():
        return frame.page(form, appeal), 422
    words = frame.words(form)
    try:
        managing.change(db.session(), appeal, words, actor_id=account.id, actor=account.public_id)
    except OnTrialError:
        form.form_errors.append(
            _("It is being tried out and stays as it is until the trial is over, or is ended.")
        )
        return frame.page(form, appeal), 409
    _tell_of_tags(words)
    db.session.commit()
    flash(_("Saved. The pages of readers follow within seconds."), "success")
    return redirect(url_for("staff.appeals.edit", public_id=public_id), 303)


def _tell_of_tags(words: Words) -> None:
    """A tag that no story bears may be meant for later, or mistyped."""
    known = {tag.casefold() for tag in placing.tags(db.session())}
    told = [*words.rules.tags_in, *words.rules.tags_out]
    if unknown := [tag for tag in told if tag.casefold() not in known]:
        flash(_("No published story has this tag yet: %(tags)s.", tags=", ".join(unknown)), "info")
