"""What signing in changes around a person: the few ways of a patron's pages, and an appeal that keeps quiet."""

from flask import Flask, Response, current_app, request, url_for
from flask_babel import gettext as _

from membership import clock
from membership.accounts import session as sign_in_session
from membership.accounts.models import Account
from membership.db import db
from membership.giving import gifts
from membership.newsroom.present import newsroom
from membership.patrons import queries as patrons
from membership.patrons import standing
from membership.patrons.standing import Standing
from membership.web import access, quieting
from membership.web.access import Entry

WAYS = ("site.patron", "topics.index", "patrons.edit_preferences")


def init_app(app: Flask) -> None:
    """Give the pages of `app` for signed-in people `account_nav`, and active patrons their quiet."""
    app.context_processor(_account_nav)
    if _quiet_for_patrons not in sign_in_session.on_sign_in:
        sign_in_session.on_sign_in.append(_quiet_for_patrons)


def _account_nav() -> dict[str, object]:
    declared = access.of(current_app.view_functions.get(request.endpoint or "")) if request else None
    if declared is None or declared.entry is not Entry.SIGNED_IN:
        return {}
    labels = {
        "site.patron": _("Your support"),
        "topics.index": _("Topics"),
        "patrons.edit_preferences": _("Preferences"),
    }
    return {
        "account_nav": [
            {"label": labels[name], "url": url_for(name), "current": name == request.endpoint}
            for name in WAYS
        ]
    }


def _quiet_for_patrons(account: Account, response: Response) -> None:
    """A patron who is active, or has paused, and has signed in is not asked again on this browser."""
    session = db.session()
    patron = patrons.of_account(session, account.id)
    if patron is None:
        return
    is_active = standing.of(session, patron.id, clock.now()) is Standing.ACTIVE
    if is_active or any(gift.is_paused for gift in gifts.live(session, patron.id)):
        quieting.quiet(response, days=newsroom().quiet_days)
