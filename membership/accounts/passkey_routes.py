"""Passkeys: made and used by a script; the code of the app works without one.

Browsers send JSON here. web.origin keeps other sites out, and an answer holds only for this session's challenge.
"""

from flask import Blueprint, Response, abort, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership.accounts import passkeys, second_factor, session
from membership.accounts.errors import SecondFactorError
from membership.accounts.passkeys import Site
from membership.accounts.session import Visitor
from membership.db import db
from membership.newsroom import audit, budgets
from membership.newsroom.budgets import BudgetSpentError
from membership.newsroom.present import newsroom
from membership.web import access
from membership.web.forms import SignedInForm

bp = Blueprint("passkeys", __name__, url_prefix="/sign-in/passkeys")
MOST_BYTES = 20_000


@bp.post("/proof/options")
@access.signed_in
def new_proof() -> ResponseReturnValue:
    """Give what the browser asks a passkey."""
    from membership.accounts import ceremonies  # noqa: PLC0415 - WebAuthn is 7 MiB that few workers need

    visitor = _staff()
    options = ceremonies.proof_options(db.session(), visitor.row, visitor.account, _site())
    db.session.commit()
    return Response(options, mimetype="application/json")


@bp.post("/proof")
@access.signed_in
def create_proof() -> ResponseReturnValue:
    """Open the desk with a passkey."""
    from membership.accounts import ceremonies  # noqa: PLC0415 - WebAuthn is 7 MiB that few workers need

    visitor = _staff()
    try:
        for limit in second_factor.PER_ACCOUNT:
            budgets.spend(db.session(), limit, f"account:{visitor.account.id}")
        sent = passkeys.parse(request.get_data()[:MOST_BYTES])
        ceremonies.prove(db.session(), visitor.row, visitor.account, _site(), credential=sent["credential"])
    except (SecondFactorError, BudgetSpentError):
        db.session.commit()
        return Response(status=422)
    session.pass_second_factor()
    db.session.commit()
    return Response(status=204)


@bp.post("/new/options")
@access.staff("staff")
def new() -> ResponseReturnValue:
    """Give what the browser is asked in order to make a passkey."""
    from membership.accounts import ceremonies  # noqa: PLC0415 - WebAuthn is 7 MiB that few workers need

    visitor = _staff()
    options = ceremonies.registration_options(db.session(), visitor.row, visitor.account, _site())
    db.session.commit()
    return Response(options, mimetype="application/json")


@bp.post("")
@access.staff("staff")
def create() -> ResponseReturnValue:
    """Keep a new passkey."""
    from membership.accounts import ceremonies  # noqa: PLC0415 - WebAuthn is 7 MiB that few workers need

    visitor = _staff()
    account = visitor.account
    try:
        sent = passkeys.parse(request.get_data()[:MOST_BYTES])
        name = "".join(c for c in str(sent.get("name", "")) if c.isprintable()).strip()[:80]
        ceremonies.register(
            db.session(),
            visitor.row,
            account,
            _site(),
            credential=sent["credential"],
            name=name or _("Passkey"),
        )
    except SecondFactorError:
        db.session.commit()
        return Response(status=422)
    _write(visitor, "passkey.added")
    db.session.commit()
    flash(_("The passkey is set up."), "success")
    return Response(status=204)


@bp.post("/<int:passkey_id>/removal")
@access.staff("staff")
def delete(passkey_id: int) -> ResponseReturnValue:
    """Forget a passkey."""
    visitor = _staff()
    found = {passkey.id: passkey for passkey in passkeys.of(db.session(), visitor.account)}
    if passkey_id not in found:
        abort(404)
    if SignedInForm().validate():
        db.session.delete(found[passkey_id])
        _write(visitor, "passkey.removed")
        db.session.commit()
        flash(_("The passkey is removed."), "success")
    return redirect(url_for("staff.accounts.show"), 303)


def _staff() -> Visitor:
    visitor = session.current_visitor()
    if visitor is None or visitor.account.role is None:
        abort(404)
    return visitor


def _site() -> Site:
    return Site(current_app.config["BASE_URL"], newsroom().name)


def _write(visitor: Visitor, action: str) -> None:
    account = visitor.account
    audit.write(
        db.session(),
        action=action,
        subject=f"account:{account.public_id}",
        actor_id=account.id,
        actor=account.public_id,
    )
