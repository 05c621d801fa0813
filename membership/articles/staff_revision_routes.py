"""Earlier versions of an article, for staff: who saved what, what differs between two, going back."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership.articles import publishing, revising
from membership.articles import staff_frame as frame
from membership.articles.blueprint import staff_bp as bp
from membership.articles.errors import EditConflictError, IncompleteArticleError
from membership.articles.forms import RestorationForm
from membership.articles.models import Article, Revision
from membership.db import db
from membership.web import access

PAGE_SIZE = 50


@bp.get("/<int:article_id>/revisions")
@access.staff("editor")
def index_revisions(article_id: int) -> ResponseReturnValue:
    """List every save of an article, with who and when; any two can be compared."""
    article = frame.found(article_id)
    page = min(max(1, request.args.get("page", 1, type=int)), 10_000)
    found = revising.saves(db.session(), article.id, limit=PAGE_SIZE + 1, offset=(page - 1) * PAGE_SIZE)
    here = url_for("staff.articles.index_revisions", article_id=article_id)
    return render_template(
        "articles/staff/index_revisions.html",
        article=article,
        saves=found[:PAGE_SIZE],
        newer=f"{here}?page={page - 1}" if page > 1 else None,
        older=f"{here}?page={page + 1}" if len(found) > PAGE_SIZE else None,
        is_first_page=page == 1,
    )


@bp.get("/<int:article_id>/revisions/<int:revision_id>")
@access.staff("editor")
def show_revision(article_id: int, revision_id: int) -> ResponseReturnValue:
    """Show what a save changed: a version beside the one before it."""
    newer = _revision(article_id, revision_id)
    return _compared(frame.found(article_id), revising.before(db.session(), newer), newer)


@bp.get("/<int:article_id>/revisions/compared")
@access.staff("editor")
def compare_revisions(article_id: int) -> ResponseReturnValue:
    """Show what differs between any two versions (`?older=` and `?newer=`, in whichever order)."""
    article = frame.found(article_id)
    told = [request.args.get(name, "") for name in ("older", "newer")]
    if not all(one.isdigit() and len(one) < 18 for one in told):
        return redirect(url_for("staff.articles.index_revisions", article_id=article_id), 303)
    older, newer = (_revision(article_id, number) for number in sorted(map(int, told)))
    return _compared(article, older, newer)


@bp.post("/<int:article_id>/revisions/<int:revision_id>/restoration")
@access.staff("editor")
def create_restoration(article_id: int, revision_id: int) -> ResponseReturnValue:
    """Let the article say again what a version said; that is saved as a new version."""
    article, form = frame.found(article_id), RestorationForm()
    if not form.validate():
        abort(400)
    seen = int(form.seen.data) if form.seen.data else None
    try:
        revising.restore(db.session(), article, _revision(article_id, revision_id), by=frame.by(), seen=seen)
    except EditConflictError:
        db.session.rollback()
        flash(_("Somebody has saved this story meanwhile. Look at their version first."), "error")
        return redirect(url_for("staff.articles.index_revisions", article_id=article_id), 303)
    except IncompleteArticleError:
        return frame.refused(
            article_id, _("That version has no text. A published story cannot lose its text.")
        )
    db.session.commit()
    flash(_("Restored, as a new version. The one before it is kept as well."), "success")
    return frame.to_editor(article_id)


def _revision(article_id: int, revision_id: int) -> Revision:
    found = revising.find(db.session(), article_id, revision_id)
    if found is None:
        abort(404)
    return found


def _compared(article: Article, older: Revision | None, newer: Revision) -> str:
    latest = publishing.latest_revision(db.session(), article.id)
    before = revising.words_of(older) if older else dict.fromkeys(revising.WORDS, "")
    return render_template(
        "articles/staff/show_revision.html",
        article=article,
        older=older,
        newer=newer,
        differences=revising.compare(before, revising.words_of(newer)),
        names=revising.names_of(db.session(), [one for one in (older, newer) if one]),
        latest=latest.id if latest else 0,
        form=RestorationForm(formdata=None, data={"seen": str(latest.id) if latest else ""}),
    )
