"""The demonstration's way to the desk by one click. In every other mode these pages do not exist."""

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from membership import clock
from membership.accounts import enrolling, second_factor, session
from membership.accounts.models import Account, Role
from membership.db import db
from membership.settings import Mode, Settings
from membership.web import access

bp = Blueprint("demo", __name__, url_prefix="/demo")
PEOPLE = {
    Role.PUBLISHER: ("publisher@example.org", "Iryna Publisher"),
    Role.EDITOR: ("editor@example.org", "Olena Editor"),
    Role.STAFF: ("staff@example.org", "Taras Staff"),
}


@bp.before_request
def _only_in_a_demo() -> None:
    settings: Settings = current_app.extensions["membership_settings"]
    if settings.mode is not Mode.DEMO:
        abort(404)


@bp.get("/desk")
@access.public
def new_desk() -> str:
    """Offer the desk as each role sees it."""
    return render_template("accounts/demo/new_desk.html", roles=list(PEOPLE))


@bp.post("/desk")
@access.public
def create_desk() -> ResponseReturnValue:
    """Sign in at once as somebody of the demonstration's staff, second factor and all."""
    role = Role(request.form["role"]) if request.form.get("role") in set(Role) else Role.PUBLISHER
    account = _somebody(role)
    session.sign_in(account)
    session.pass_second_factor()
    db.session.commit()
    return redirect(url_for("staff.desk.index"), 303)


def _somebody(role: Role) -> Account:
    email, name = PEOPLE[role]
    account = db.session.scalars(select(Account).filter_by(role=role).order_by(Account.id).limit(1)).first()
    if account is None:
        account = enrolling.find_or_make(db.session(), email, name=name, language="en")
        account.role, account.proven_at = role, clock.now()
        account.sees_patrons = role is Role.PUBLISHER
        second_factor.prepare(db.session(), account)
        account.totp_confirmed_at = clock.now()
    return account
