"""Links that show an unpublished article to somebody without account: made, and taken back, by editors."""

from flask import abort, flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership.articles import canonical, preview_links
from membership.articles import staff_frame as frame
from membership.articles.blueprint import staff_bp as bp
from membership.articles.forms import PreviewLinkForm
from membership.articles.models import ArticleState
from membership.db import db
from membership.web import access


@bp.post("/<int:article_id>/preview-links")
@access.staff("editor")
def create_preview_link(article_id: int) -> ResponseReturnValue:
    """Make a link that shows the article as it is saved; it stands on this answer and nowhere else."""
    article, form = frame.found(article_id), PreviewLinkForm()
    if not form.validate():
        return frame.editor(frame.filled(article), article, link_form=form), 422
    if article.state is ArticleState.PUBLISHED:
        abort(409)
    token = preview_links.make(
        db.session(), article, by=frame.by(), days=form.days.data, note=form.note.data or ""
    )
    db.session.commit()
    link = canonical.absolute(url_for("articles.show_preview", token=token))
    return frame.editor(frame.filled(article), article, new_link=link)


@bp.post("/<int:article_id>/preview-links/<int:link_id>/delete")
@access.staff("editor")
def delete_preview_link(article_id: int, link_id: int) -> ResponseReturnValue:
    """Take a link back: it shows nothing from now on."""
    frame.demand_token()
    if not preview_links.take_back(db.session(), frame.found(article_id), link_id, by=frame.by()):
        abort(404)
    db.session.commit()
    flash(_("Taken back: the link shows nothing any more."), "success")
    return frame.to_editor(article_id)
