"""What the newsroom decides: shown, tried, and only then saved. For publishers."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership.accounts import trail
from membership.db import db
from membership.newsroom import settings_rows
from membership.newsroom.settings_rows import NewsroomSettings
from membership.staff import deciding, settings_forms
from membership.staff.decisions import Group
from membership.staff.settings_forms import GroupForm
from membership.web import access

bp = Blueprint("settings", __name__, url_prefix="/settings")


@bp.get("")
@access.staff("publisher")
def index() -> ResponseReturnValue:
    """Lead to the first page of the settings."""
    return redirect(url_for(".edit", name="name"), 303)


@bp.get("/<name>")
@access.staff("publisher")
def edit(name: str) -> str:
    """Show one page of the settings."""
    settings = settings_rows.current(db.session())
    group = _group_or_404(name, settings)
    return _page(settings_forms.form_of(group, settings, None), group, settings)


@bp.post("/<name>")
@access.staff("publisher")
def update(name: str) -> ResponseReturnValue:
    """Show what would change; save it once that was confirmed."""
    settings = settings_rows.current(db.session())
    group = _group_or_404(name, settings)
    form = settings_forms.form_of(group, settings, request.form)
    if not settings_forms.decide(form, group, settings) or form.decided is None:
        return _page(form, group, settings), 422
    changed = deciding.changes(settings, form.decided)
    if not changed:
        flash(_("Nothing was changed."), "info")
        return redirect(url_for(".edit", name=name), 303)
    if form.confirmed.data != "1":
        return render_template(
            "staff/settings/confirm.html", form=form, group=group, rows=_differences(form, group, settings)
        )
    _save(settings, changed)
    flash(_("Saved. Readers see it within seconds."), "success")
    return redirect(url_for(".edit", name=name), 303)


def _save(settings: NewsroomSettings, changed: dict[str, object]) -> None:
    settings_rows.change(db.session(), changed)
    before = {name: getattr(settings, name) for name in changed}
    trail.note("settings.changed", "newsroom", before=before, after=changed)
    db.session.commit()


def _group_or_404(name: str, settings: NewsroomSettings) -> Group:
    named = {group.name: group for group in deciding.groups(settings)}
    if name not in named:
        abort(404)
    return named[name]


def _differences(form: GroupForm, group: Group, settings: NewsroomSettings) -> list[tuple[str, str, str]]:
    """Label, what holds now, and what would hold, of every field that changes."""
    decided = form.decided or settings
    rows = [
        (f"{d.section}: {d.label}" if d.section else d.label, d.kind, d.show(settings), d.show(decided))
        for d in group.decisions
    ]
    return [
        (label, _in_words(kind, before), _in_words(kind, after))
        for label, kind, before, after in rows
        if before != after
    ]


def _in_words(kind: str, text: str) -> str:
    if kind == "yes_no":
        return str(_("yes") if text == "1" else _("no"))
    return text or "–"


def _page(form: GroupForm, group: Group, settings: NewsroomSettings) -> str:
    tabs = [
        {"label": each.title, "url": url_for(".edit", name=each.name), "current": each.name == group.name}
        for each in deciding.groups(settings)
    ]
    return render_template("staff/settings/edit.html", form=form, group=group, tabs=tabs)
