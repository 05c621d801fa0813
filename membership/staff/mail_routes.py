"""Mails that did not arrive: what the mail server said, without a word of what they contain."""

from flask import Blueprint, render_template

from membership.accounts.session import current_account
from membership.db import db
from membership.mail import queries
from membership.patrons import revealing
from membership.web import access

bp = Blueprint("mail", __name__, url_prefix="/mail")


@bp.get("")
@access.staff("publisher")
def index() -> str:
    """List what was refused or is being tried again; addresses only for who may see patrons, of hidden ones never."""
    account = current_account()
    mails = queries.troubled(db.session())
    return render_template(
        "staff/mail/index.html",
        mails=mails,
        hidden=revealing.hidden_addresses(db.session(), [mail.recipient for mail in mails]),
        counts=queries.counts(db.session()),
        shows_addresses=account is not None and account.sees_patrons,
    )
