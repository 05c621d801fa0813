"""What the pages of a patron's gift share: whose gift it is, and the answers after an act."""

from flask import Response, abort, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from membership.accounts.session import current_account
from membership.db import db
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving import gifts
from membership.giving.gifts import Gift
from membership.patrons import queries as patrons


def own_gift(subscription_id: str) -> Gift:
    """The gift in the address if it is the signed-in patron's; for anybody else it does not exist (404)."""
    account = current_account()
    patron = patrons.of_account(db.session(), account.id) if account is not None else None
    gift = gifts.one_of(db.session(), patron.id, subscription_id) if patron is not None else None
    if gift is None:
        abort(404)
    return gift


def done(sentence: str) -> ResponseReturnValue:
    """Back to the patron's page, which says what has been done."""
    flash(sentence, "success")
    return redirect(url_for("site.patron"), 303)


def home() -> ResponseReturnValue:
    """Back to the patron's page."""
    return redirect(url_for("site.patron"), 303)


def out_of_reach(error: GatewayUnavailable | GatewayRefused) -> Response:
    """Stripe has not done it, or has not said so; the page tells how to go on."""
    is_open = isinstance(error, GatewayUnavailable)
    answer = make_response(render_template("giving/out_of_reach.html", is_open=is_open), 503)
    answer.headers["Retry-After"] = "60"
    return answer
