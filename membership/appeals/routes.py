"""The pages of appeals that readers and patrons see."""

from urllib.parse import urlsplit

from flask import Blueprint, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue

from membership.appeals import embed_routes, reminder_routes
from membership.appeals.forms import SUPPORTER, AppealOffForm
from membership.newsroom import present
from membership.web import access, quieting, redirects

bp = Blueprint("appeals", __name__)
bp.register_blueprint(reminder_routes.bp)
bp.register_blueprint(embed_routes.bp)


@bp.post("/appeal/off")
@access.public
def not_now() -> ResponseReturnValue:
    """Stop asking in this browser: for a month, or half a year for who already gives. Nothing is written down."""
    form = AppealOffForm()
    if not form.validate():
        abort(400)
    response = current_app.make_response(redirect(_way_back(form), 303))
    newsroom = present.newsroom()
    quieting.quiet(
        response, days=newsroom.quiet_days if form.reason.data == SUPPORTER else newsroom.not_now_days
    )
    return response


def _way_back(form: AppealOffForm) -> str:
    """The article the button stood under: as named, else where the browser says it came from, else the front page."""
    front = url_for("site.front")
    if form.next.data:
        return redirects.safe_path(form.next.data, default=front)
    if form.article.data:
        return url_for("articles.article", slug=form.article.data)
    came_from = urlsplit(request.referrer or "")
    if came_from.netloc != urlsplit(current_app.config["BASE_URL"]).netloc:
        return front
    return redirects.safe_path(came_from.path, default=front)
