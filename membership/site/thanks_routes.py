"""The page after paying: thanks for what has settled, patience for what a bank has still to confirm, nothing else."""

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock
from membership.accounts import session as sign_in_session
from membership.accounts import signing_in
from membership.accounts.forms import CodeForm
from membership.db import db
from membership.gateway import client as gateway
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving import correcting, gift_memberships, paying_browser, settling
from membership.giving.forms import AddressForm
from membership.giving.models import Checkout
from membership.money import Money
from membership.newsroom.budgets import BudgetSpentError
from membership.newsroom.present import newsroom
from membership.site.blueprint import bp
from membership.topics import queries as topics
from membership.web import access, headers, quieting


@bp.get("/support/thanks")
@access.writes_on_get
@access.public
def thanks() -> ResponseReturnValue:
    """Thank the browser that has paid, once the money has settled; anybody else learns nothing."""
    session = db.session()
    checkout = _own_checkout(session)
    if checkout is None:
        return _quiet_page()
    if settling.outcome(session, checkout) == "open":
        _read_at_stripe(session, checkout)
    return _page(session, checkout, AddressForm(formdata=None, data={"email": checkout.email}))


@bp.post("/support/thanks/address")
@access.public
def update_address() -> ResponseReturnValue:
    """Correct a mistyped address, from the browser that has paid."""
    session = db.session()
    checkout = _own_checkout(session)
    if checkout is None or not correcting.may_correct(session, checkout):
        return _quiet_page()
    form = AddressForm()
    if not form.validate():
        return _page(session, checkout, form), 422
    try:
        correcting.correct(session, checkout, form.email.data)
    except BudgetSpentError:
        form.email.errors = [
            _("This has been corrected several times already. Write to us, and we will help.")
        ]
        db.session.commit()
        return _page(session, checkout, form), 429
    db.session.commit()
    return redirect(url_for(".thanks", session=checkout.stripe_session_id), 303)


def _own_checkout(session: Session) -> Checkout | None:
    """The checkout of the session in the address, if this browser (or its account) is the one that paid."""
    session_id = request.values.get("session", "")
    if not 0 < len(session_id) <= 255:
        return None
    checkout = session.scalars(select(Checkout).filter_by(stripe_session_id=session_id)).one_or_none()
    if checkout is None or clock.now() >= checkout.created_at + correcting.WITHIN:
        return None
    if paying_browser.is_this(checkout.browser_hash):
        return checkout
    account = sign_in_session.current_account()
    return checkout if account is not None and account.email == checkout.email else None


def _read_at_stripe(session: Session, checkout: Checkout) -> None:
    """Read the session once, when this page is quicker than the events. If Stripe cannot say, the events will."""
    session_id = checkout.stripe_session_id or ""
    session.commit()
    try:
        answers = settling.read_all(gateway.current(), session_id)
    except (GatewayUnavailable, GatewayRefused):
        return
    if answers[0].body["status"] == "complete":
        settling.apply(session, answers)
    session.commit()


def _page(session: Session, checkout: Checkout, form: AddressForm) -> Response:
    outcome = settling.outcome(session, checkout)
    awaited = signing_in.awaited(session, browser=paying_browser.read())
    is_awaited = awaited is not None and awaited.used_at is None
    round_ = topics.open_round(session)
    ballot = url_for("topics.edit_ballot", public_id=round_.public_id) if round_ else ""
    answer = make_response(
        render_template(
            "site/thanks.html",
            outcome=outcome,
            checkout=checkout,
            gift=gift_memberships.of_checkout(session, checkout.public_id),
            money=Money(checkout.amount, checkout.currency),
            form=form,
            may_correct=correcting.may_correct(session, checkout),
            code_form=CodeForm(formdata=None, data={"next": ballot}) if is_awaited else None,
            round=round_,
        )
    )
    if outcome == "settled":
        quieting.quiet(answer, days=newsroom().quiet_days)
    return headers.keep_to_itself(answer)


def _quiet_page() -> Response:
    return headers.keep_to_itself(make_response(render_template("site/checking.html")))
