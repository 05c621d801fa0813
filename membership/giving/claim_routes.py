"""A membership that somebody was given, at /gifts/<code>: shown, printed as a card, claimed. Nothing here is stored."""

from flask import Response, abort, current_app, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership import secrets
from membership.accounts.routes import remember_asking
from membership.accounts.session import current_account
from membership.db import db
from membership.giving import claiming, gift_memberships
from membership.giving.blueprint import bp
from membership.giving.errors import NotClaimableError
from membership.giving.gift_membership_forms import ClaimAskForm, ClaimForm
from membership.giving.gift_memberships import GiftState
from membership.giving.models import GiftMembership
from membership.newsroom import refusing
from membership.newsroom.budgets import BudgetSpentError
from membership.patrons import queries as patrons
from membership.web import access, emails, headers, limits
from membership.web.languages import page_language


@bp.get("/gifts/<code>")
@access.public
@limits.limiter.limit("60 per minute")
def show_gift_membership(code: str) -> Response:
    """Show what a code gives and how to claim it; opening it claims nothing."""
    return _page(_gift(code), ClaimAskForm(formdata=None))


@bp.post("/gifts/<code>")
@access.public
@limits.limiter.limit("60 per minute")
def claim_gift_membership(code: str) -> ResponseReturnValue:
    """Let it begin for who has signed in; for anybody else, mail a way in to the address typed."""
    gift = _gift(code)
    if gift_memberships.state_of(db.session(), gift) is not GiftState.READY:
        return _page(gift, ClaimAskForm(formdata=None)), 409
    if current_account() is None:
        return _ask(gift)
    return _claim(gift)


@bp.get("/gifts/<code>/card")
@access.public
@limits.limiter.limit("60 per minute")
def show_gift_card(code: str) -> Response:
    """Show the card to be printed and handed over."""
    gift = _gift(code)
    page = render_template(
        "giving/show_gift_card.html",
        gift=gift,
        code=gift_memberships.spelled(gift.code),
        address=f"{current_app.config['BASE_URL']}{url_for('.show_gift_membership', code=gift.code)}",
        is_payable=gift_memberships.state_of(db.session(), gift) is GiftState.UNPAID,
    )
    return headers.keep_to_itself(make_response(page))


def _claim(gift: GiftMembership) -> ResponseReturnValue:
    account = current_account()
    if account is None or not ClaimForm().validate():
        return _page(gift, ClaimAskForm(formdata=None)), 422
    gift_id = gift.id
    try:
        claiming.claim(db.session(), gift, account)
    except NotClaimableError:
        db.session.rollback()
        return _page(db.session.get_one(GiftMembership, gift_id), ClaimAskForm(formdata=None)), 409
    db.session.commit()
    flash(_("Welcome. Your membership has begun; you can vote from now on."), "success")
    return redirect(url_for("site.patron"), 303)


def _ask(gift: GiftMembership) -> ResponseReturnValue:
    form = ClaimAskForm()
    if not form.validate():
        return _page(gift, form), 422
    browser = secrets.new_token()
    try:
        claiming.ask(
            db.session(),
            gift,
            form.email.data,
            browser=browser,
            network=limits.client_network(),
            language=page_language(),
            next_path=url_for(".show_gift_membership", code=gift.code),
        )
    except BudgetSpentError as spent:
        db.session.commit()
        return refusing.too_often(spent)
    db.session.commit()
    answer = make_response(redirect(url_for("accounts.new_code"), 303))
    remember_asking(answer, browser)
    return answer


def _page(gift: GiftMembership, form: ClaimAskForm) -> Response:
    account = current_account()
    patron = patrons.of_account(db.session(), account.id) if account is not None else None
    page = render_template(
        "giving/show_gift_membership.html",
        gift=gift,
        state=gift_memberships.state_of(db.session(), gift).value,
        is_mine=patron is not None and gift.claimed_by_id == patron.id,
        address=emails.masked(account.email) if account is not None else "",
        ask_form=form,
        claim_form=ClaimForm(formdata=None) if account is not None else None,
    )
    return headers.keep_to_itself(make_response(page))


def _gift(code: str) -> GiftMembership:
    gift = gift_memberships.by_code(db.session(), code)
    if gift is None:
        abort(404)
    return gift
