"""The second factor: setting it up at the first sign-in, and giving it at each one."""

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership import clock
from membership.accounts import mail as mails
from membership.accounts import passkeys, second_factor, session
from membership.accounts.errors import SecondFactorError
from membership.accounts.forms import SecondFactorForm
from membership.accounts.models import Account
from membership.accounts.session import Visitor
from membership.db import db
from membership.newsroom import audit
from membership.newsroom.budgets import BudgetSpentError
from membership.newsroom.present import newsroom
from membership.web import access
from membership.web.redirects import safe_path

bp = Blueprint("second_factor", __name__, url_prefix="/sign-in/second-factor")


@bp.get("")
@access.signed_in
def new_proof() -> ResponseReturnValue:
    """Ask for the code."""
    visitor, account = _staff()
    goal = _goal(request.args.get("next"))
    if visitor.row.proven_second_factor_at is not None:
        return redirect(goal, 303)
    if account.totp_confirmed_at is None:
        return redirect(url_for(".new", next=goal), 303)
    return _proof_page(SecondFactorForm(None, data={"next": goal}), account)


@bp.post("")
@access.signed_in
def create_proof() -> ResponseReturnValue:
    """Take the code, and open the desk."""
    _visitor, account = _staff()
    form = SecondFactorForm()
    if account.totp_confirmed_at is None:
        return redirect(url_for(".new"), 303)
    if not form.validate():
        return _proof_page(form, account), 422
    try:
        by_recovery_code = second_factor.prove(db.session(), account, form.code.data)
    except (SecondFactorError, BudgetSpentError) as error:
        db.session.commit()
        form.code.errors = [_sentence(error)]
        return _proof_page(form, account), 422
    if by_recovery_code:
        mails.recovery_code_used(db.session(), account)
    session.pass_second_factor()
    db.session.commit()
    return redirect(_goal(form.next.data), 303)


@bp.get("/set-up")
@access.writes_on_get
@access.signed_in
def new() -> ResponseReturnValue:
    """Show the picture for the app. Writes the secret that both will share, if there is none yet."""
    visitor, account = _staff()
    if account.totp_confirmed_at is not None:
        return redirect(url_for(".new_proof"), 303)
    if not _is_fresh(visitor):
        return _sign_in_anew()
    second_factor.prepare(db.session(), account)
    db.session.commit()
    return _set_up_page(SecondFactorForm(None, data={"next": _goal(request.args.get("next"))}), account)


@bp.post("/set-up")
@access.signed_in
def create() -> ResponseReturnValue:
    """End the set-up with the app's first code, and show the recovery codes for the only time."""
    visitor, account = _staff()
    if account.totp_confirmed_at is not None:
        return redirect(url_for(".new_proof"), 303)
    if not _is_fresh(visitor):
        return _sign_in_anew()
    form = SecondFactorForm()
    if not form.validate():
        return _set_up_page(form, account), 422
    try:
        codes = second_factor.confirm(db.session(), account, form.code.data)
    except (SecondFactorError, BudgetSpentError) as error:
        db.session.commit()
        form.code.errors = [_sentence(error)]
        return _set_up_page(form, account), 422
    audit.write(
        db.session(),
        action="second_factor.set_up",
        subject=f"account:{account.public_id}",
        actor_id=account.id,
        actor=account.public_id,
    )
    session.pass_second_factor()
    db.session.commit()
    return render_template(
        "accounts/second_factor/recovery_codes.html", codes=codes, next_url=_goal(form.next.data)
    )


@bp.get("/picture.svg")
@access.signed_in
def picture() -> ResponseReturnValue:
    """The QR picture, while the set-up lasts; afterwards nobody sees the secret again."""
    visitor, account = _staff()
    if account.totp_secret is None or account.totp_confirmed_at is not None or not _is_fresh(visitor):
        return Response(status=404)
    return Response(second_factor.picture(account, issuer=newsroom().name), mimetype="image/svg+xml")


def _staff() -> tuple[Visitor, Account]:
    """The member of staff at this browser; others have no second factor and find nothing here."""
    visitor = session.current_visitor()
    if visitor is None or visitor.account.role is None:
        abort(404)
    return visitor, visitor.account


def _goal(next_path: str | None) -> str:
    return safe_path(next_path, default=url_for("staff.desk.index"))


def _is_fresh(visitor: Visitor) -> bool:
    return visitor.row.created_at > clock.now() - second_factor.FRESH


def _sign_in_anew() -> ResponseReturnValue:
    """The mailbox was proven too long ago: somebody else may sit at this browser."""
    session.sign_out()
    db.session.commit()
    return redirect(url_for("accounts.new_sign_in", next=url_for("staff.desk.index")), 303)


def _proof_page(form: SecondFactorForm, account: Account) -> str:
    return render_template(
        "accounts/second_factor/new_proof.html",
        form=form,
        account=account,
        has_passkeys=passkeys.any_of(db.session(), account),
    )


def _set_up_page(form: SecondFactorForm, account: Account) -> str:
    secret = account.totp_secret or ""
    return render_template(
        "accounts/second_factor/new.html",
        form=form,
        secret=" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
    )


def _sentence(error: Exception) -> str:
    if isinstance(error, BudgetSpentError):
        return str(_("Too many tries. Wait a few minutes, then use a new code."))
    return str(_("This code does not fit. Each works once; use the one that the app shows now."))
