"""/address/<token>: a new address is proven at its mailbox, and taken back from the old one. GET shows, POST acts."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from membership.accounts import changing_address
from membership.accounts.changing_address import AddressTakenError, DeadAddressLinkError
from membership.db import db
from membership.web import access, emails
from membership.web.limits import limiter

bp = Blueprint("addresses", __name__)


@bp.get("/address/<token>")
@access.public
@limiter.limit("60 per minute")
def show(token: str) -> ResponseReturnValue:
    """Show the address that would be used from now on; opening it uses nothing up."""
    try:
        change = changing_address.find(db.session(), token)
    except DeadAddressLinkError:
        return _dead()
    return _page("confirm", address=emails.masked(change.new_email))


@bp.post("/address/<token>")
@access.public
@limiter.limit("60 per minute")
def confirm(token: str) -> ResponseReturnValue:
    """Use the new address from now on."""
    try:
        account = changing_address.confirm(db.session(), token)
    except (DeadAddressLinkError, AddressTakenError):
        db.session.rollback()
        return _dead()
    address = emails.masked(account.email)
    db.session.commit()
    return _page("confirmed", address=address)


@bp.get("/address/undo/<token>")
@access.public
@limiter.limit("60 per minute")
def show_undo(token: str) -> ResponseReturnValue:
    """Show that a change of address would be stopped, or taken back."""
    try:
        change = changing_address.find_undo(db.session(), token)
    except DeadAddressLinkError:
        return _dead()
    return _page("undo", address=emails.masked(change.old_email))


@bp.post("/address/undo/<token>")
@access.public
@limiter.limit("60 per minute")
def undo(token: str) -> ResponseReturnValue:
    """Keep the old address."""
    try:
        account = changing_address.undo(db.session(), token)
    except (DeadAddressLinkError, AddressTakenError):
        db.session.rollback()
        return _dead()
    address = emails.masked(account.email)
    db.session.commit()
    return _page("undone", address=address)


def _page(state: str, *, address: str) -> str:
    return render_template("accounts/addresses/show.html", state=state, address=address)


def _dead() -> ResponseReturnValue:
    return render_template("accounts/dead_link.html"), 410
