"""A patron's own gifts: a page and an act for each thing that can be done, each saying what is charged and when.

Pauses, skipped payments and another interval are in giving.rest_routes.
"""

from flask import current_app, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership import clock
from membership.db import db
from membership.gateway import client as gateway
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving import changing, covering, pausing, skipping
from membership.giving.blueprint import bp
from membership.giving.gift_forms import ActForm, AmountForm, CancellationForm, ResumptionForm
from membership.giving.gift_pages import done, home, out_of_reach, own_gift
from membership.giving.gifts import Gift
from membership.newsroom.present import newsroom
from membership.web import access, filters
from membership.web.languages import page_language


@bp.get("/patron/gifts/<subscription_id>/amount")
@access.signed_in
def edit_amount(subscription_id: str) -> ResponseReturnValue:
    """Show a gift and a field for another amount."""
    gift = own_gift(subscription_id)
    form = AmountForm(newsroom(), currency=gift.money.currency, interval=gift.interval)
    form.amount.data = gift.chosen
    form.cover_fee.data = bool(gift.covered_fee)
    return _amount_page(gift, form)


@bp.post("/patron/gifts/<subscription_id>/amount")
@access.signed_in
def update_amount(subscription_id: str) -> ResponseReturnValue:
    """Agree on another amount from the next charge on."""
    gift = own_gift(subscription_id)
    form = AmountForm(newsroom(), currency=gift.money.currency, interval=gift.interval)
    amount = form.amount.data
    if not form.validate() or amount is None or not gift.can_change:
        return _amount_page(gift, form), 422
    total = covering.with_fee(amount, newsroom()) if form.cover_fee.data else amount
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
        return out_of_reach(error)
    return done(_("Changed. From the next charge on it is %(amount)s.", amount=filters.money(total)))


@bp.get("/patron/gifts/<subscription_id>/step-down")
@access.signed_in
def new_step_down(subscription_id: str) -> ResponseReturnValue:
    """Show what a gift would be one step lower."""
    return _step_down_page(own_gift(subscription_id), ActForm())


@bp.post("/patron/gifts/<subscription_id>/step-down")
@access.signed_in
def create_step_down(subscription_id: str) -> ResponseReturnValue:
    """Lower a gift by one step from the next charge on."""
    gift, form = own_gift(subscription_id), ActForm()
    if not form.validate() or changing.lowered(gift, newsroom()) is None:
        return _step_down_page(gift, form), 422
    try:
        total = changing.step_down(
            db.session(), gateway.current(), gift, newsroom(), request=form.request.data or ""
        )
    except (GatewayUnavailable, GatewayRefused) as error:
        return out_of_reach(error)
    return done(_("Changed. From the next charge on it is %(amount)s.", amount=filters.money(total)))


@bp.get("/patron/gifts/<subscription_id>/cancellation")
@access.signed_in
def new_cancellation(subscription_id: str) -> ResponseReturnValue:
    """Show what ends and when, what else could be done, and ask why without needing to know."""
    return _cancellation_page(own_gift(subscription_id), CancellationForm())


@bp.post("/patron/gifts/<subscription_id>/cancellation")
@access.signed_in
def create_cancellation(subscription_id: str) -> ResponseReturnValue:
    """Let a gift end with what is paid."""
    gift = own_gift(subscription_id)
    form = CancellationForm()
    if not form.validate():
        return _cancellation_page(gift, form), 422
    try:
        changing.cancel(
            db.session(),
            gateway.current(),
            gift,
            feedback=form.feedback.data or "",
            request=form.request.data or "",
        )
    except (GatewayUnavailable, GatewayRefused) as error:
        return out_of_reach(error)
    ended = own_gift(subscription_id)
    if ended.ends_at is None:
        return home()
    return done(
        _(
            "Your gift ends on %(day)s. Nothing more is charged. Thank you for all you gave.",
            day=filters.day(ended.ends_at),
        )
    )


@bp.get("/patron/gifts/<subscription_id>/resumption")
@access.signed_in
def new_resumption(subscription_id: str) -> ResponseReturnValue:
    """Show what would go on, and what is charged then."""
    return _resumption_page(own_gift(subscription_id), ResumptionForm())


@bp.post("/patron/gifts/<subscription_id>/resumption")
@access.signed_in
def create_resumption(subscription_id: str) -> ResponseReturnValue:
    """Let a gift go on after all: one that is set to end, that is paused, or that skips its next payment."""
    gift, form = own_gift(subscription_id), ResumptionForm()
    asked = form.undoes.data or gift.to_undo
    is_overtaken = gift.has_ended or (gift.to_undo == "end" and asked != "end")
    if not form.validate() or is_overtaken:
        return _resumption_page(gift, form), 422
    session, stripe, request = db.session(), gateway.current(), form.request.data or ""
    try:
        match asked:
            case "end":
                changing.resume(session, stripe, gift, request=request)
            case "pause":
                pausing.resume(session, stripe, gift, request=request)
            case _:
                skipping.undo(session, stripe, gift, request=request)
    except GatewayUnavailable as error:
        return out_of_reach(error)
    except GatewayRefused as error:
        if error.is_declined:
            return _resumption_page(own_gift(subscription_id), form, is_declined=True), 422
        return out_of_reach(error)
    return done(_("Your gift goes on. How good to have you still with us."))


@bp.get("/patron/gifts/<subscription_id>/card")
@access.signed_in
def new_card_update(subscription_id: str) -> ResponseReturnValue:
    """Explain where the card is changed, and what is charged then."""
    return render_template("giving/new_card_update.html", gift=own_gift(subscription_id), form=ActForm())


@bp.post("/patron/gifts/<subscription_id>/card")
@access.signed_in
def create_card_update(subscription_id: str) -> ResponseReturnValue:
    """On to Stripe's page for the card, and back here afterwards."""
    gift, form = own_gift(subscription_id), ActForm()
    if not form.validate():
        return render_template("giving/new_card_update.html", gift=gift, form=form), 422
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
        return out_of_reach(error)
    return redirect(url, 303)


def _amount_page(gift: Gift, form: AmountForm) -> str:
    covered = covering.offer(form.chosen, newsroom())
    return render_template(
        "giving/edit_amount.html",
        gift=gift,
        form=form,
        covered=covered,
        symbol=filters.symbol(gift.money.currency),
    )


def _step_down_page(gift: Gift, form: ActForm) -> str:
    lower = changing.lowered(gift, newsroom())
    return render_template("giving/new_step_down.html", gift=gift, form=form, lower=lower)


def _cancellation_page(gift: Gift, form: CancellationForm) -> str:
    lower = changing.lowered(gift, newsroom())
    charge_at = skipping.charge_after(gift) if gift.can_skip else None
    return render_template(
        "giving/new_cancellation.html", gift=gift, form=form, lower=lower, skipped_to=charge_at
    )


def _resumption_page(gift: Gift, form: ResumptionForm, *, is_declined: bool = False) -> str:
    form.undoes.data = gift.to_undo
    return render_template(
        "giving/new_resumption.html",
        gift=gift,
        form=form,
        charge_at=pausing.charge_on_resuming(gift),
        today=clock.now(),
        is_declined=is_declined,
    )
