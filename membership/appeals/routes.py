"""The pages of appeals that readers and patrons see."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue

from membership.appeals import counting, embed_routes, reminder_routes
from membership.appeals.counting import Happened
from membership.appeals.forms import SUPPORTER, AppealOffForm
from membership.db import db, reading
from membership.newsroom import present
from membership.web import access, limits, quieting, redirects

bp = Blueprint("appeals", __name__)
bp.register_blueprint(reminder_routes.bp)
bp.register_blueprint(embed_routes.bp)
MOST_BYTES = 200
OF_A_NETWORK, OF_A_NETWORK_AND_SLOT = "600 per minute", "60 per minute"
"""How much one network may add to what is shown, in all and of one slot."""


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


def _slot() -> str:
    """The slot that was sent; no more than that is read."""
    request.max_content_length = MOST_BYTES
    return request.form.get("slot", "")


def _network_and_slot() -> str:
    return f"{limits.client_network()} {_slot()[:32]}"


def _too_many(_limit: object) -> Response:
    """Nobody reads it: the script asks nothing back."""
    return Response(status=429)


@bp.post("/appeal/shown")
@access.public
@limits.limiter.limit(OF_A_NETWORK, on_breach=_too_many)
@limits.limiter.limit(OF_A_NETWORK_AND_SLOT, key_func=_network_and_slot, on_breach=_too_many)
def shown() -> ResponseReturnValue:
    """Count that the place of a slot's appeal came into view; no cookie is read or set, nothing told of who read."""
    with reading(db.session()):  # who counts waits for no writer
        counting.count(Happened.SHOWN, _slot())
    return Response(status=204)


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
