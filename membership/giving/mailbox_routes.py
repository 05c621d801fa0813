"""/support/lost-mailbox: help for who cannot get into the mailbox of a gift. The answer is always the same."""

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from membership.db import db
from membership.giving import mailbox
from membership.giving.blueprint import bp
from membership.giving.mailbox_forms import MailboxForm
from membership.newsroom import refusing
from membership.newsroom.budgets import BudgetSpentError
from membership.newsroom.present import newsroom
from membership.web import access, filters
from membership.web.languages import page_language
from membership.web.limits import client_network, limiter


@bp.get("/support/lost-mailbox")
@access.public
def new_mailbox_request() -> str:
    """Ask for what a bank statement says."""
    return _page(MailboxForm(newsroom(), formdata=None))


@bp.post("/support/lost-mailbox")
@access.public
@limiter.limit("20 per minute")
def create_mailbox_request() -> ResponseReturnValue:
    """Put it on the desk, and say the same to everybody."""
    form = MailboxForm(newsroom())
    money = form.amount.data
    if not form.validate() or money is None or form.paid_on.data is None:
        return _page(form), 422
    try:
        mailbox.ask(
            db.session(),
            paid_on=form.paid_on.data,
            money=money,
            card_last4=form.card_last4.data,
            email=form.email.data,
            note=(form.note.data or "").strip(),
            language=page_language(),
            network=client_network(),
        )
    except BudgetSpentError as spent:
        db.session.commit()
        return refusing.too_often(spent)
    db.session.commit()
    return redirect(url_for(".show_mailbox_request"), 303)


@bp.get("/support/lost-mailbox/sent")
@access.public
def show_mailbox_request() -> str:
    """Say what happens next, to anybody."""
    return render_template("giving/mailbox/show.html")


def _page(form: MailboxForm) -> str:
    symbol = filters.symbol(newsroom().default_currency)
    return render_template("giving/mailbox/new.html", form=form, symbol=symbol)
