"""Giving a membership to somebody: /support/gift, and the giver's page about it."""

from flask import abort, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership import secrets
from membership.accounts.session import current_account
from membership.db import db
from membership.gateway import client as gateway
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving import gift_memberships, opening, paying_browser, protecting
from membership.giving.blueprint import bp
from membership.giving.checkouts import Wish
from membership.giving.errors import NotClaimableError
from membership.giving.gift_membership_forms import GiftMembershipForm, RecipientForm
from membership.giving.gift_memberships import Details, GiftState
from membership.giving.models import CheckoutState, GiftMembership, Interval
from membership.giving.opening import Places
from membership.giving.support_routes import checkout_of, patron_id_of
from membership.newsroom import refusing
from membership.newsroom.budgets import BudgetSpentError
from membership.newsroom.present import newsroom
from membership.patrons import queries as patrons
from membership.settings import Settings
from membership.web import access, emails, filters, limits
from membership.web.languages import page_language


@bp.get("/support/gift")
@access.public
def new_gift_membership() -> str:
    """Ask for whom, for how long, and from whom."""
    form = GiftMembershipForm(newsroom(), request.args, data={"card_language": page_language()})
    form.form_key.data = secrets.new_token()
    if form.months.data not in dict(_prices(form)):
        form.months.data = form.months.default
    return _page(form)


@bp.post("/support/gift")
@access.public
@limits.limiter.limit("60 per minute")
def create_gift_membership() -> ResponseReturnValue:
    """Write down for whom it is, open a session at Stripe for it, and lead there."""
    form = GiftMembershipForm(newsroom())
    if not form.validate():
        if form.form_key.errors:
            form.form_key.data = secrets.new_token()
        return _page(form), 422
    if newsroom().paused_checkouts:
        return _unavailable(form)
    try:
        return _lead_on(form)
    except BudgetSpentError as spent:
        db.session.commit()
        return refusing.too_often(spent)
    except (GatewayUnavailable, GatewayRefused) as error:
        current_app.logger.warning("gift checkout failed: %s", type(error).__name__)
        return _unavailable(form)


def _lead_on(form: GiftMembershipForm) -> ResponseReturnValue:
    """On to Stripe's page, or to the thank-you page if this very form has been paid for."""
    session, wish = db.session(), _wish(form)
    if not protecting.lets_through(session, form, wish):
        asks = protecting.ask(session, form, wish, network=limits.client_network())
        session.commit()
        return _page(form, protection=True, asks_for_code=asks), 422
    checkout = checkout_of(wish)
    if checkout.state is CheckoutState.COMPLETE:
        return redirect(url_for("site.thanks", session=checkout.stripe_session_id), 303)
    gift_memberships.prepare(session, checkout, _details(form))
    session.commit()
    url = opening.open_at_stripe(session, gateway.current(), checkout, _places(form))
    answer = make_response(redirect(url, 303))
    paying_browser.keep(answer, paying_browser.value_of(wish.form_key))
    return answer


def _wish(form: GiftMembershipForm) -> Wish:
    total = form.total
    return Wish(
        form_key=form.form_key.data,
        gift=total,
        total=total,
        interval=Interval.ONCE,
        smallest_monthly=newsroom().smallest(total.currency, Interval.MONTH),
        email=form.email.data,
        language=page_language(),
        name=form.giver_name.data,
        patron_id=patron_id_of(form.email.data),
        browser_hash=paying_browser.hash_of(paying_browser.value_of(form.form_key.data)),
        gift_months=form.chosen_months,
    )


def _details(form: GiftMembershipForm) -> Details:
    return Details(
        months=form.chosen_months,
        recipient_name=form.recipient_name.data,
        recipient_email=form.recipient_email.data or "",
        giver_name=form.giver_name.data,
        message=form.message.data or "",
        mail_on=form.mail_on.data if form.recipient_email.data else None,
        language=form.card_language.data,
    )


def _places(form: GiftMembershipForm) -> Places:
    settings: Settings = current_app.extensions["membership_settings"]
    back = url_for(".new_gift_membership", months=form.chosen_months, currency=form.money_currency)
    return Places(
        success_url=f"{settings.base_url}{url_for('site.thanks')}?session={{CHECKOUT_SESSION_ID}}",
        cancel_url=f"{settings.base_url}{back}",
        product_name=_("One-time gift to %(newsroom)s", newsroom=newsroom().name),
    )


def _prices(form: GiftMembershipForm) -> list[tuple[str, str]]:
    """What each number of months costs at least."""
    currency = form.money_currency
    return [
        (str(months), filters.money(gift_memberships.price(months, currency, newsroom())))
        for months in range(1, 13)
    ]


def _page(
    form: GiftMembershipForm, *, trouble: bool = False, protection: bool = False, asks_for_code: bool = False
) -> str:
    work_bits = protecting.prepare(db.session(), form)
    return render_template(
        "giving/new_gift_membership.html",
        form=form,
        prices=_prices(form),
        symbol=filters.symbol(form.money_currency),
        is_closed=newsroom().paused_checkouts,
        trouble=trouble,
        protection=protection,
        asks_for_code=asks_for_code,
        work_bits=work_bits,
    )


def _unavailable(form: GiftMembershipForm) -> ResponseReturnValue:
    """Stripe cannot be reached: everything typed is kept, and sending it again is safe."""
    answer = make_response(_page(form, trouble=True), 503)
    answer.headers["Retry-After"] = "30"
    return answer


@bp.get("/patron/memberships-given/<public_id>")
@access.signed_in
def show_membership_given(public_id: str) -> str:
    """Show the giver what became of a membership."""
    gift = _own(public_id)
    return _given_page(gift, RecipientForm(data={"email": gift.recipient_email}))


@bp.post("/patron/memberships-given/<public_id>/address")
@access.signed_in
def correct_recipient(public_id: str) -> ResponseReturnValue:
    """Send an unclaimed membership to another address."""
    gift, form = _own(public_id), RecipientForm()
    if not form.validate():
        return _given_page(gift, form), 422
    try:
        has_new_code = gift_memberships.correct(db.session(), gift, form.email.data)
    except BudgetSpentError:
        db.session.commit()
        form.email.errors = [
            _("This has been corrected several times already. Write to us, and we will help.")
        ]
        return _given_page(_own(public_id), form), 429
    except NotClaimableError:
        db.session.rollback()
        return redirect(url_for(".show_membership_given", public_id=public_id), 303)
    db.session.commit()
    if has_new_code:
        flash(_("Sent to the new address, with a new code. The old one no longer works."), "success")
    else:
        flash(_("Saved. It goes to the new address."), "success")
    return redirect(url_for(".show_membership_given", public_id=public_id), 303)


def _given_page(gift: GiftMembership, form: RecipientForm) -> str:
    state = gift_memberships.state_of(db.session(), gift)
    return render_template(
        "giving/show_membership_given.html",
        gift=gift,
        state=state.value,
        code=gift_memberships.spelled(gift.code),
        masked=emails.masked(gift.recipient_email) if gift.recipient_email else "",
        may_correct=state in {GiftState.READY, GiftState.UNPAID},
        form=form,
    )


def _own(public_id: str) -> GiftMembership:
    """The membership in the address if the signed-in patron has paid for it; for anybody else it does not exist."""
    account = current_account()
    patron = patrons.of_account(db.session(), account.id) if account is not None else None
    gift = gift_memberships.one_of_giver(db.session(), patron.id, public_id) if patron is not None else None
    if gift is None:
        abort(404)
    return gift
