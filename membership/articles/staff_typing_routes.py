"""While an editor types: the working copy that is kept, who else is there, the live preview."""

from flask import Response, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership import clock
from membership.accounts.session import signed_in_account
from membership.articles import editing, presence, previewing, revising, working_copies
from membership.articles import staff_frame as frame
from membership.articles.blueprint import staff_bp as bp
from membership.articles.errors import OtherWindowError
from membership.articles.models import Article
from membership.articles.working_copies import KEY, Subject
from membership.db import db, reading
from membership.newsroom import present
from membership.web import access, htmlize
from membership.web.forms import SignedInForm


@bp.post("/new/working-copies/<key>")
@access.staff("editor")
def keep_new(key: str) -> ResponseReturnValue:
    """Keep what is typed of an article that was never saved."""
    if not KEY.fullmatch(key):
        abort(404)
    return _keep(None, Subject(key=key))


@bp.post("/new/working-copies/<key>/delete")
@access.staff("editor")
def discard_new(key: str) -> ResponseReturnValue:
    """Forget what was typed of an article that was never saved."""
    frame.demand_token()
    working_copies.discard(db.session(), signed_in_account().id, Subject(key=key))
    db.session.commit()
    flash(_("Discarded."), "success")
    return redirect(url_for("staff.articles.index"), 303)


@bp.post("/<int:article_id>/working-copy")
@access.staff("editor")
def keep(article_id: int) -> ResponseReturnValue:
    """Keep what is typed of an article; nothing that readers see changes. Says who else is there."""
    article = frame.found(article_id)
    presence.note(db.session(), article.id, signed_in_account().id, stays=presence.AFTER_A_SIGN)
    return _keep(article, Subject(article.id))


@bp.get("/<int:article_id>/working-copy")
@access.staff("editor")
def show_working_copy(article_id: int) -> ResponseReturnValue:
    """Show what the editor's unsaved changes would change."""
    article = frame.found(article_id)
    copy = working_copies.find(db.session(), signed_in_account().id, Subject(article.id))
    if copy is None:
        flash(_("There are no unsaved changes."), "info")
        return redirect(url_for("staff.articles.edit", article_id=article_id), 303)
    saved = editing.values_of(db.session(), article)
    differences = revising.compare(revising.words_of(article), revising.typed(copy.typed))
    return render_template(
        "articles/staff/show_working_copy.html",
        article=article,
        copy=copy,
        differences=differences,
        others=editing.other_changes(frame.form(article, data=saved), saved, copy.typed),
        act=SignedInForm(),
    )


@bp.post("/<int:article_id>/working-copy/delete")
@access.staff("editor")
def discard(article_id: int) -> ResponseReturnValue:
    """Forget the editor's unsaved changes."""
    frame.demand_token()
    article = frame.found(article_id)
    working_copies.discard(db.session(), signed_in_account().id, Subject(article.id))
    db.session.commit()
    flash(_("Discarded: this is the version that was saved."), "success")
    return frame.to_editor(article_id)


@bp.post("/<int:article_id>/presence")
@access.staff("editor")
def note_presence(article_id: int) -> ResponseReturnValue:
    """Say that the article is still open; hear who else has it open, and whether somebody has saved it."""
    frame.demand_token()
    article = frame.found(article_id)
    presence.note(db.session(), article.id, signed_in_account().id, stays=presence.AFTER_A_SIGN)
    db.session.commit()
    return jsonify(_around(article))


@bp.post("/<int:article_id>/presence/delete")
@access.staff("editor")
def leave(article_id: int) -> ResponseReturnValue:
    """Say that the article is open no longer."""
    frame.demand_token()
    presence.leave(db.session(), frame.found(article_id).id, signed_in_account().id)
    db.session.commit()
    return Response(status=204)


@bp.post("/live-preview")
@access.staff("editor")
def live_preview() -> ResponseReturnValue:
    """The article as readers would see it, as a part of a page; nothing is saved."""
    frame.demand_token()
    told = request.form.get("article_id", "")
    article = frame.found(int(told)) if told.isdigit() and len(told) < 18 else None
    form = frame.form(article)
    try:
        htmlize.markdown(form.body.data or "")
    except htmlize.TooLongError:
        return _("This is longer, or more tangled, than a story can be."), 422
    if form.language.data not in present.newsroom().languages:
        abort(400)
    draft = editing.typed_draft(form, body_format=article.body_format if article else "markdown")
    db.session.rollback()  # no writer waits while a page is made
    with reading(db.session()):
        return render_template("articles/staff/_preview.html", preview=previewing.of(db.session(), draft))


def _keep(article: Article | None, subject: Subject) -> ResponseReturnValue:
    frame.demand_token()
    form = frame.form(article)
    told, account = form.version.data or "0", signed_in_account()
    version = int(told) if told.isdigit() and len(told) < 10 else -1
    try:
        copy = working_copies.keep(db.session(), account.id, subject, form.data, version=version)
    except OtherWindowError:
        db.session.rollback()
        sentence = _("Not kept: this story was changed or saved in another window of yours.")
        return jsonify({"error": sentence}), 409
    db.session.commit()
    answer = {"version": copy.version, "kept": _kept_sentence()}
    return jsonify(answer | (_around(article) if article is not None else {}))


def _kept_sentence() -> str:
    local = clock.now().astimezone(present.newsroom().zone)
    return str(_("Kept at %(time)s, not saved yet", time=f"{local:%H:%M}"))


def _around(article: Article) -> dict[str, str]:
    """What the open page should know: who else is there, and who has saved since it was opened ("" for nobody)."""
    there = presence.others(db.session(), article.id, signed_in_account().id)
    latest = revising.saves(db.session(), article.id, limit=1)
    told = request.form.get("seen", "")
    overtaken = bool(latest) and told.isdigit() and latest[0].id != int(told)
    return {
        "others": editing.sentence_of(there),
        "overtaken": _(
            "%(name)s has saved this story since you opened it. You will be shown what differs when you save.",
            name=latest[0].name or _("A command"),
        )
        if overtaken
        else "",
    }
