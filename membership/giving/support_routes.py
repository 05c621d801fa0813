"""The pages on which a reader becomes a patron: /support, its checkout, and the other ways to support."""

from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from membership import secrets
from membership.accounts import session as sign_in_session
from membership.appeals import attribution, counting
from membership.appeals.counting import Happened
from membership.articles import queries as articles
from membership.articles.models import Article
from membership.db import db
from membership.gateway import client as gateway
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving import (
    card_testing,
    checkouts,
    covering,
    gifts,
    naming,
    opening,
    paying_browser,
    protecting,
)
from membership.giving.blueprint import bp
from membership.giving.checkouts import Wish
from membership.giving.forms import INTERVALS, CheckoutForm, chosen
from membership.giving.models import Checkout, CheckoutState, Interval
from membership.giving.opening import Places
from membership.money import Money
from membership.newsroom import refusing, shield
from membership.newsroom.budgets import BudgetSpentError
from membership.newsroom.models import OtherWay
from membership.newsroom.present import newsroom
from membership.patrons.models import Patron
from membership.settings import Mode, Settings
from membership.web import access, filters, htmlize, limits, page_store
from membership.web.languages import default_language, page_language


@bp.get("/support")
@access.public
def new_checkout() -> ResponseReturnValue:
    """Show a gift as chosen in the query, to be looked at, completed and sent."""
    here = newsroom()
    form = CheckoutForm(here, chosen(request.args, here))
    form.form_key.data = secrets.new_token()
    form.validate()
    for field in (form.email, form.name, form.note, form.form_key):
        field.errors = []  # nothing has been typed yet
    if _has_just_come():
        counting.count(Happened.FOLLOWED, form.appeal.data or "")
    return _page(form)


def _has_just_come() -> bool:
    """Whether somebody opens this page by a link: not a browser ahead of its reader, nor from here or from paying."""
    if request.method != "GET" or "prefetch" in request.headers.get("Sec-Purpose", ""):
        return False
    came_from = urlsplit(request.referrer or "")
    is_ours = came_from.netloc == urlsplit(_settings().base_url).netloc
    return not came_from.netloc or (is_ours and not came_from.path.endswith(url_for(".new_checkout")))


@bp.post("/support/checkouts")
@access.public
@limits.limiter.limit("60 per minute")
def create_checkout() -> ResponseReturnValue:
    """Write down what somebody gives, open a session at Stripe for it, and lead there."""
    form = CheckoutForm(newsroom())
    if not form.validate():
        if form.form_key.errors:
            form.form_key.data = secrets.new_token()
        return _page(form), 422
    if newsroom().paused_checkouts:
        return _unavailable(form)
    wish = _wish(form)
    if wish.patron_id is not None and wish.interval is not Interval.ONCE:
        running = gifts.live(db.session(), wish.patron_id)
        if running:
            return render_template("giving/already_supporting.html", gift=running[0]), 409
    return _go_on(form, wish)


def _go_on(form: CheckoutForm, wish: Wish) -> ResponseReturnValue:
    """To Stripe's page, or back with the reason why not and all that was typed."""
    try:
        if not protecting.lets_through(db.session(), form, wish):
            return _one_more_step(form, wish)
        return _lead_on(checkout_of(wish), form, wish)
    except BudgetSpentError as spent:
        db.session.commit()
        return refusing.too_often(spent)
    except GatewayUnavailable:
        return _unavailable(form)
    except GatewayRefused as refused:
        current_app.logger.warning("checkout refused: %s", refused.code)
        return _unavailable(form)


@bp.get("/support/other-ways")
@access.public
@page_store.stored
def other_ways() -> str:
    """Ways to support that need no card."""
    ways = _ways_in(page_language()) or _ways_in(default_language())
    return render_template(
        "giving/other_ways.html", ways=[(way.title, htmlize.markdown(way.text)) for way in ways]
    )


def _ways_in(language: str) -> list[OtherWay]:
    found = select(OtherWay).filter_by(language=language).order_by(OtherWay.position, OtherWay.id)
    return list(db.session.scalars(found))


def _wish(form: CheckoutForm) -> Wish:
    """What the form says, with what is known besides: who has signed in, and where the reader came from."""
    here = newsroom()
    gift = form.amount.data
    assert gift is not None  # noqa: S101 - the form has been found valid
    interval = Interval(form.interval.data)
    article = _article(form.article.data or "")
    slot = attribution.slot(db.session(), form.appeal.data or "")
    return Wish(
        form_key=form.form_key.data,
        gift=gift,
        total=covering.with_fee(gift, here) if form.cover_fee.data else gift,
        interval=interval,
        smallest_monthly=here.smallest(gift.currency, Interval.MONTH),
        email=form.email.data,
        language=page_language(),
        name=form.name.data or "",
        note=form.note.data or "",
        patron_id=patron_id_of(form.email.data),
        article_id=article.id if article else None,
        article=article.slug if article else "",
        slot=slot.public_id if slot else "",
        campaign=(form.campaign.data or "")[:64],
        browser_hash=paying_browser.hash_of(paying_browser.value_of(form.form_key.data)),
    )


def _article(slug: str) -> Article | None:
    """The story that a gift came from: stories of two languages may have one slug, and this page's own is meant."""
    session = db.session()
    if not slug:
        return None
    return articles.by_slug(session, slug, page_language()) or articles.by_slug(session, slug)


def patron_id_of(email: str) -> int | None:
    """The patron who has signed in here, if the address typed is their own; no other address tells anything."""
    account = sign_in_session.current_account()
    if account is None or account.email != email:
        return None
    return db.session.scalars(select(Patron.id).filter_by(account_id=account.id)).one_or_none()


def checkout_of(wish: Wish) -> Checkout:
    """The checkout of a wish: the one this form was sent for before, or a new one within the budgets."""
    session = db.session()
    known = checkouts.by_form_key(session, wish.form_key)
    if known is not None and _stands(known, wish):
        if known.state is not CheckoutState.COMPLETE:
            checkouts.amend(known, wish)
            session.commit()
        return known
    if known is not None and not opening.retire(session, gateway.current(), known):
        return session.get_one(Checkout, known.id)
    times = card_testing.DEMO_TIMES if _settings().mode is Mode.DEMO else 1
    card_testing.spend(
        session,
        client=request.remote_addr or "",
        network=limits.client_network(),
        email_index=secrets.blind_index(wish.email),
        patron_id=wish.patron_id,
        times=times,
        is_proven=shield.current(session) is not None,
    )
    return checkouts.begin(session, wish)


def _one_more_step(form: CheckoutForm, wish: Wish) -> ResponseReturnValue:
    """The form again: its script does a little work; where none ran, a code is on its way to the typed address."""
    asks = protecting.ask(db.session(), form, wish, network=limits.client_network())
    db.session.commit()
    return _page(form, protection=True, asks_for_code=asks), 422


def _stands(known: Checkout, wish: Wish) -> bool:
    return known.state is CheckoutState.COMPLETE or (
        checkouts.is_same(known, wish) and checkouts.is_payable(known)
    )


def _lead_on(checkout: Checkout, form: CheckoutForm, wish: Wish) -> ResponseReturnValue:
    """On to Stripe's page, or to the thank-you page if this very checkout has been paid."""
    if checkout.state is CheckoutState.COMPLETE:
        return redirect(url_for("site.thanks", session=checkout.stripe_session_id), 303)
    places = _places(form)
    url = opening.open_at_stripe(db.session(), gateway.current(), checkout, places, article=wish.article)
    answer = make_response(redirect(url, 303))
    paying_browser.keep(answer, paying_browser.value_of(wish.form_key))
    return answer


def _places(form: CheckoutForm) -> Places:
    """Built from the configured address, never from what the request says its host is."""
    base = _settings().base_url
    back = url_for(".new_checkout", **_query(form))
    return Places(
        success_url=f"{base}{url_for('site.thanks')}?session={{CHECKOUT_SESSION_ID}}",
        cancel_url=f"{base}{back}",
        product_name=naming.product_name(Interval(form.interval.data), newsroom().name),
    )


def _query(form: CheckoutForm) -> dict[str, Any]:
    """The choice as the query of /support, to come back to it."""
    told = {
        "interval": form.interval.data,
        "currency": form.currency.data,
        "amount": form.amount.data.plain() if form.amount.data else "",
        "article": form.article.data,
        "appeal": form.appeal.data,
        "campaign": form.campaign.data,
    }
    return {key: value for key, value in told.items() if value}


def _page(
    form: CheckoutForm, *, trouble: bool = False, protection: bool = False, asks_for_code: bool = False
) -> str:
    here = newsroom()
    work_bits = protecting.prepare(db.session(), form)
    return render_template(
        "giving/new_checkout.html",
        form=form,
        gift=form.gift,
        covered=covering.offer(form.gift, here),
        suggestions=_suggestions(form),
        intervals=_interval_links(form),
        symbol=filters.symbol(form.money_currency),
        is_closed=here.paused_checkouts,
        trouble=trouble,
        protection=protection,
        asks_for_code=asks_for_code,
        work_bits=work_bits,
    )


def _suggestions(form: CheckoutForm) -> list[dict[str, Any]]:
    """The newsroom's amounts for this interval and currency, and another one that was chosen; that one is marked."""
    currency = form.money_currency
    amounts = [Money(amount, currency) for amount in newsroom().suggested(currency, form.interval.data)]
    if form.gift is not None and form.gift not in amounts:
        amounts.append(form.gift)
    return [{"value": amount.plain(), "money": amount, "checked": amount == form.gift} for amount in amounts]


def _interval_links(form: CheckoutForm) -> list[dict[str, Any]]:
    """The same choice with another interval; its amount is suggested anew, since a year is not a month."""
    kept = {key: value for key, value in _query(form).items() if key not in {"interval", "amount"}}
    return [
        {
            "label": choice.label,
            "url": url_for(".new_checkout", interval=choice.value, **kept),
            "current": choice.value == form.interval.data,
        }
        for choice in INTERVALS
    ]


def _unavailable(form: CheckoutForm) -> Response:
    """Stripe cannot be reached: everything typed is kept, and sending it again is safe."""
    answer = make_response(_page(form, trouble=True), 503)
    answer.headers["Retry-After"] = "30"
    return answer


def _settings() -> Settings:
    settings: Settings = current_app.extensions["membership_settings"]
    return settings
