"""A patron's own data: to take along as a file, and to delete. Both ask for a sign-in of this hour."""

import json
from datetime import timedelta

from flask import Response, abort, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import BooleanField, ValidationError

from membership import clock, jobs
from membership.accounts.models import Account
from membership.accounts.session import current_visitor
from membership.db import db
from membership.gateway import client as gateway
from membership.gateway.errors import GatewayUnavailable
from membership.giving import departing, gifts
from membership.giving.gifts import Gift
from membership.patrons import forgetting
from membership.patrons import queries as patrons
from membership.patrons.models import Patron
from membership.site import own_data
from membership.site.blueprint import bp
from membership.topics import forgetting as _of_votes  # noqa: F401 - registers
from membership.web import access
from membership.web.forms import SignedInForm

RECENT = timedelta(hours=1)
"""So long after signing in a browser may take along or delete what is kept."""


class DeletionForm(SignedInForm):
    """The wish to have everything deleted, and, where a gift renews, that it ends now: both ticked by hand."""

    ends_gifts = BooleanField(lazy_gettext("End my gift now; it does not come back"))
    is_meant = BooleanField(lazy_gettext("Delete my data; this cannot be undone"))

    def __init__(self, running: list[Gift]) -> None:
        self._running = running
        super().__init__()

    def validate_ends_gifts(self, field: BooleanField) -> None:
        """Chosen where there is a gift to end."""
        if self._running and not field.data:
            raise ValidationError(
                _("A gift that renews needs your address. Tick that it ends, or keep your data.")
            )

    def validate_is_meant(self, field: BooleanField) -> None:
        """Chosen."""
        if not field.data:
            raise ValidationError(_("Tick this if you mean it."))


@bp.get("/patron/data")
@access.signed_in
def show_own_data() -> ResponseReturnValue:
    """Show what can be done with what is kept about a patron."""
    patron, _account = _own()
    return _page(patron)


@bp.get("/patron/data.json")
@access.signed_in
def download_own_data() -> ResponseReturnValue:
    """Give a patron everything that is kept about the patron as a file."""
    patron, account = _own()
    if not _is_recent():
        return _page(patron), 403
    told = own_data.of(db.session(), account, patron)
    answer = Response(json.dumps(told, ensure_ascii=False, indent=2) + "\n", mimetype="application/json")
    answer.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.post("/patron/data/deletion")
@access.signed_in
def delete_own_data() -> ResponseReturnValue:
    """End a patron's gifts at Stripe, then delete what is personal: now, or once Stripe answers."""
    patron, _account = _own()
    session, patron_id = db.session(), patron.id
    form = DeletionForm(gifts.live(session, patron_id))
    if not _is_recent() or not form.validate():
        return _page(patron, form), 422
    forgetting.ask(session, patron)
    jobs.wake(session, "deletions")
    session.commit()
    try:
        is_done = departing.settle(session, gateway.current(), patron_id)
    except GatewayUnavailable:
        session.rollback()
        is_done = False
    return redirect(url_for(".deleted" if is_done else ".show_own_data"), 303)


@bp.get("/support/deleted")
@access.public
def deleted() -> ResponseReturnValue:
    """Say good-bye to somebody whose data is deleted; it names nobody."""
    return render_template("site/deleted.html")


def _page(patron: Patron, form: DeletionForm | None = None) -> Response:
    running = gifts.live(db.session(), patron.id)
    page = render_template(
        "site/own_data.html",
        patron=patron,
        gifts=running,
        form=form or DeletionForm(running),
        is_recent=_is_recent(),
    )
    return make_response(page)


def _is_recent() -> bool:
    visitor = current_visitor()
    return visitor is not None and visitor.row.created_at > clock.now() - RECENT


def _own() -> tuple[Patron, Account]:
    visitor = current_visitor()
    account = visitor.account if visitor is not None else None
    patron = patrons.of_account(db.session(), account.id) if account is not None else None
    if account is None or patron is None:
        abort(404)
    return patron, account
