"""One's own page at the desk: sessions, second factor, passkeys."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields import SelectChoice

from membership.accounts import passkeys, second_factor, session, trail
from membership.accounts.forms import LanguageForm
from membership.accounts.models import Account
from membership.accounts.session import signed_in_account
from membership.db import db
from membership.newsroom.present import newsroom
from membership.web import access
from membership.web.forms import SignedInForm
from membership.web.languages import AVAILABLE

bp = Blueprint("accounts", __name__, url_prefix="/accounts")


@bp.get("/me")
@access.staff("staff")
def show() -> str:
    """Show how one signs in."""
    account = signed_in_account()
    return render_template(
        "accounts/staff/show.html",
        form=_language_form(None, account),
        passkeys=passkeys.of(db.session(), account),
        codes_left=second_factor.recovery_codes_left(db.session(), account),
    )


@bp.post("/me/language")
@access.staff("staff")
def update_language() -> ResponseReturnValue:
    """Choose the language of one's pages and mails."""
    account = signed_in_account()
    form = _language_form(request.form, account)
    if form.validate():
        account.language = form.language.data
        db.session.commit()
    return redirect(url_for(".show"), 303)


@bp.post("/me/recovery-codes")
@access.staff("staff")
def create_recovery_codes() -> ResponseReturnValue:
    """Make new recovery codes, and show them for the only time."""
    account = signed_in_account()
    if not SignedInForm().validate():
        return redirect(url_for(".show"), 303)
    codes = second_factor.new_recovery_codes(db.session(), account)
    trail.note("recovery_codes.made", f"account:{account.public_id}")
    db.session.commit()
    return render_template(
        "accounts/second_factor/recovery_codes.html", codes=codes, next_url=url_for(".show")
    )


@bp.post("/me/sessions/end")
@access.staff("staff")
def end_sessions() -> ResponseReturnValue:
    """Sign out everywhere, here too."""
    if SignedInForm().validate():
        session.sign_out_everywhere(signed_in_account())
        db.session.commit()
        flash(_("You are signed out everywhere."), "success")
    return redirect(url_for("accounts.new_sign_in"), 303)


def _language_form(sent: object, account: Account) -> LanguageForm:
    form = LanguageForm(sent, data={"language": account.language})
    form.language.choices = [
        SelectChoice(code, AVAILABLE[code]) for code in newsroom().languages if code in AVAILABLE
    ]
    return form
