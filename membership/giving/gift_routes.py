"""A patron's own gifts: a page and an act for each thing that can be done, each saying what is charged and when."""

from flask import Response, abort, current_app, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership.accounts.session import current_account
from membership.db import db
from membership.gateway import client as gateway
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving import changing, covering, gifts
from membership.giving.blueprint import bp
from membership.giving.gift_forms import ActForm, AmountForm, CancellationForm
from membership.giving.gifts import Gift
from membership.money import Money
from membership.newsroom.present import newsroom
from membership.patrons import queries as patrons
from membership.web import access, filters
from membership.web.languages import page_language


@bp.get("/patron/gifts/<subscription_id>/amount")
@access.signed_in
def edit_amount(subscription_id: str) -> ResponseReturnValue:
    """Show a gift and a field for another amount."""
    gift = _gift(subscription_id)
    form = AmountForm(newsroom(), currency=gift.money.currency, interval=gift.interval)
    form.amount.data = gift.money - gift.covered_fee
    form.cover_fee.data = bool(gift.covered_fee)
    return _amount_page(gift, form)


@bp.post("/patron/gifts/<subscription_id>/amount")
@access.signed_in
def update_amount(subscription_id: str) -> ResponseReturnValue:
    """Agree on another amount from the next charge on."""
    gift = _gift(subscription_id)
    form = AmountForm(newsroom(), currency=gift.money.currency, interval=gift.interval)
    amount = form.amount.data
    if not form.validate() or amount is None or not gift.can_change:
        return _amount_page(gift, form), 422
    total = _with_fee(amount) if form.cover_fee.data else amount
    try:
        changing.change_amount(
            db.session(),
            gateway.current(),
            gift,
            total,
            covered_fee=(total - amount).amount,
            request=form.request.data or "",
        )
    except (GatewayUnavailable, GatewayRefused) as error:
        return _out_of_reach(error)
    flash(_("Changed. From the next charge on it is %(amount)s.", amount=filters.money(total)), "success")
    return _home()


@bp.get("/patron/gifts/<subscription_id>/cancellation")
@access.signed_in
def new_cancellation(subscription_id: str) -> ResponseReturnValue:
    """Show what ends and when, and ask why without needing to know."""
    return render_template(
        "giving/new_cancellation.html", gift=_gift(subscription_id), form=CancellationForm()
    )


@bp.post("/patron/gifts/<subscription_id>/cancellation")
@access.signed_in
def create_cancellation(subscription_id: str) -> ResponseReturnValue:
    """Let a gift end with what is paid."""
    gift = _gift(subscription_id)
    form = CancellationForm()
    if not form.validate():
        return render_template("giving/new_cancellation.html", gift=gift, form=form), 422
    try:
        changing.cancel(
            db.session(),
            gateway.current(),
            gift,
            feedback=form.feedback.data or "",
            request=form.request.data or "",
        )
    except (GatewayUnavailable, GatewayRefused) as error:
        return _out_of_reach(error)
    ended = _gift(subscription_id)
    if ended.ends_at is not None:
        flash(
            _(
                "Your gift ends on %(day)s. Nothing more is charged. Thank you for all you gave.",
                day=filters.day(ended.ends_at),
            ),
            "success",
        )
    return _home()


@bp.get("/patron/gifts/<subscription_id>/resumption")
@access.signed_in
def new_resumption(subscription_id: str) -> ResponseReturnValue:
    """Show what would go on, and what is charged then."""
    return render_template("giving/new_resumption.html", gift=_gift(subscription_id), form=ActForm())


@bp.post("/patron/gifts/<subscription_id>/resumption")
@access.signed_in
def create_resumption(subscription_id: str) -> ResponseReturnValue:
    """Let a gift go on after all."""
    gift = _gift(subscription_id)
    form = ActForm()
    if not form.validate():
        return render_template("giving/new_resumption.html", gift=gift, form=form), 422
    try:
        changing.resume(db.session(), gateway.current(), gift, request=form.request.data or "")
    except (GatewayUnavailable, GatewayRefused) as error:
        return _out_of_reach(error)
    flash(_("Your gift goes on. How good to have you still with us."), "success")
    return _home()


@bp.get("/patron/gifts/<subscription_id>/card")
@access.signed_in
def new_card_update(subscription_id: str) -> ResponseReturnValue:
    """Explain where the card is changed, and what is charged then."""
    return render_template("giving/new_card_update.html", gift=_gift(subscription_id), form=ActForm())


@bp.post("/patron/gifts/<subscription_id>/card")
@access.signed_in
def create_card_update(subscription_id: str) -> ResponseReturnValue:
    """On to Stripe's page for the card, and back here afterwards."""
    gift = _gift(subscription_id)
    if not ActForm().validate():
        return render_template("giving/new_card_update.html", gift=gift, form=ActForm()), 422
    base = current_app.config["BASE_URL"]
    try:
        url = changing.card_page(
            db.session(),
            gateway.current(),
            gift,
            return_url=f"{base}{url_for('site.patron')}",
            language=page_language(),
        )
    except (GatewayUnavailable, GatewayRefused) as error:
        return _out_of_reach(error)
    return redirect(url, 303)


def _gift(subscription_id: str) -> Gift:
    """The gift in the address if it is the signed-in patron's; for anybody else it does not exist."""
    account = current_account()
    patron = patrons.of_account(db.session(), account.id) if account is not None else None
    gift = gifts.one_of(db.session(), patron.id, subscription_id) if patron is not None else None
    if gift is None:
        abort(404)
    return gift


def _amount_page(gift: Gift, form: AmountForm) -> str:
    amount = form.amount.data
    covered = None
    if amount is not None and not form.amount.errors:
        total = _with_fee(amount)
        covered = {"extra": total - amount, "total": total}
    return render_template(
        "giving/edit_amount.html",
        gift=gift,
        form=form,
        covered=covered,
        symbol=filters.symbol(gift.money.currency),
    )


def _with_fee(amount: Money) -> Money:
    rate, fixed = newsroom().fee_rate(amount.currency)
    return covering.total(amount, rate=rate, fixed=fixed)


def _home() -> ResponseReturnValue:
    return redirect(url_for("site.patron"), 303)


def _out_of_reach(error: GatewayUnavailable | GatewayRefused) -> Response:
    """Stripe has not done it, or has not said so; the page tells how to go on."""
    is_open = isinstance(error, GatewayUnavailable)
    answer = make_response(render_template("giving/out_of_reach.html", is_open=is_open), 503)
    answer.headers["Retry-After"] = "60"
    return answer
