"""A patron's gift that rests or changes its interval: a page that says what is charged and when, and the act."""

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership.db import db
from membership.gateway import client as gateway
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving import covering, pausing, skipping, switching
from membership.giving.blueprint import bp
from membership.giving.gift_forms import ActForm, AmountForm, PauseForm
from membership.giving.gift_pages import done, home, out_of_reach, own_gift
from membership.giving.gifts import Gift
from membership.giving.resting import MOST_MONTHS
from membership.newsroom.present import newsroom
from membership.web import access, filters


@bp.get("/patron/gifts/<subscription_id>/interval")
@access.signed_in
def edit_interval(subscription_id: str) -> ResponseReturnValue:
    """Show a gift in its other interval, at what comes to the same a year."""
    gift = own_gift(subscription_id)
    form = _interval_form(gift)
    form.amount.data = switching.same_a_year(gift)
    form.cover_fee.data = bool(gift.covered_fee)
    return _interval_page(gift, form)


@bp.post("/patron/gifts/<subscription_id>/interval")
@access.signed_in
def update_interval(subscription_id: str) -> ResponseReturnValue:
    """Agree on the other interval from the end of what is paid on."""
    gift = own_gift(subscription_id)
    form, interval = _interval_form(gift), switching.other_interval(gift)
    amount, starts_at = form.amount.data, gift.next_charge_at
    if not form.validate() or amount is None or starts_at is None or not gift.can_move:
        return _interval_page(gift, form), 422
    total = covering.with_fee(amount, newsroom()) if form.cover_fee.data else amount
    try:
        switching.switch(
            db.session(),
            gateway.current(),
            gift,
            interval=interval,
            total=total,
            covered_fee=(total - amount).amount,
            request=form.request.data or "",
        )
    except (GatewayUnavailable, GatewayRefused) as error:
        return out_of_reach(error)
    return done(
        _(
            "Changed. Nothing is charged today; %(amount)s on %(day)s.",
            amount=filters.money(total),
            day=filters.day(starts_at),
        )
    )


@bp.get("/patron/gifts/<subscription_id>/pause")
@access.signed_in
def new_pause(subscription_id: str) -> ResponseReturnValue:
    """Show for how long a gift can rest, and when it is charged again after each."""
    return _pause_page(own_gift(subscription_id), PauseForm())


@bp.post("/patron/gifts/<subscription_id>/pause")
@access.signed_in
def create_pause(subscription_id: str) -> ResponseReturnValue:
    """Let a gift rest."""
    gift, form = own_gift(subscription_id), PauseForm()
    if not form.validate() or not (gift.can_move or gift.is_paused):
        return _pause_page(gift, form), 422
    try:
        pausing.pause(
            db.session(), gateway.current(), gift, months=form.months.data, request=form.request.data or ""
        )
    except (GatewayUnavailable, GatewayRefused) as error:
        return out_of_reach(error)
    resumes_at = own_gift(subscription_id).resumes_at
    return (
        done(_("Paused. Nothing is charged until %(day)s.", day=filters.day(resumes_at)))
        if resumes_at
        else home()
    )


@bp.get("/patron/gifts/<subscription_id>/skip")
@access.signed_in
def new_skip(subscription_id: str) -> ResponseReturnValue:
    """Show which payment would be left out, and when the next one comes."""
    return _skip_page(own_gift(subscription_id), ActForm())


@bp.post("/patron/gifts/<subscription_id>/skip")
@access.signed_in
def create_skip(subscription_id: str) -> ResponseReturnValue:
    """Leave out the next payment."""
    gift, form = own_gift(subscription_id), ActForm()
    if not form.validate() or not (gift.can_skip or gift.skips_at):
        return _skip_page(gift, form), 422
    try:
        skipping.skip(db.session(), gateway.current(), gift, request=form.request.data or "")
    except (GatewayUnavailable, GatewayRefused) as error:
        return out_of_reach(error)
    next_at = own_gift(subscription_id).next_charge_at
    if next_at is None:
        return home()
    return done(
        _("Skipped. The next charge is on %(day)s; you stay a patron in between.", day=filters.day(next_at))
    )


def _interval_form(gift: Gift) -> AmountForm:
    return AmountForm(newsroom(), currency=gift.money.currency, interval=switching.other_interval(gift))


def _interval_page(gift: Gift, form: AmountForm) -> str:
    covered = covering.offer(form.chosen, newsroom())
    return render_template(
        "giving/edit_interval.html",
        gift=gift,
        form=form,
        interval=switching.other_interval(gift),
        covered=covered,
        symbol=filters.symbol(gift.money.currency),
    )


def _pause_page(gift: Gift, form: PauseForm) -> str:
    charges = (
        {months: pausing.charge_after(gift, months) for months in range(1, MOST_MONTHS + 1)}
        if gift.can_move
        else {}
    )
    return render_template("giving/new_pause.html", gift=gift, form=form, charges=charges)


def _skip_page(gift: Gift, form: ActForm) -> str:
    charge_at = skipping.charge_after(gift) if gift.can_skip else None
    return render_template("giving/new_skip.html", gift=gift, form=form, charge_at=charge_at)
