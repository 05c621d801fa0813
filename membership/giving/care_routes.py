"""/care/<token>: a gift looked after straight from a mail. GET shows, POST acts, and the link is used up.

The page shows amount and next date, and names nobody.
"""

from flask import Response, current_app, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from membership.db import db
from membership.gateway import client as gateway
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving import care_acts, care_links, care_records, skipping
from membership.giving.blueprint import bp
from membership.giving.care_acts import NothingToDoError
from membership.giving.care_forms import CareForm
from membership.giving.care_links import DeadCareLinkError, UsedCareLinkError
from membership.giving.gifts import Gift
from membership.giving.models import CareAct, CareActKind, CareLink
from membership.money import Money
from membership.newsroom.present import newsroom
from membership.web import access, filters, headers
from membership.web.languages import page_language
from membership.web.limits import limiter


@bp.get("/care/<token>")
@access.public
@limiter.limit("60 per minute")
def care(token: str) -> ResponseReturnValue:
    """Show a gift and what this link can do to it; opening it uses nothing up."""
    try:
        link, gift = care_links.find(db.session(), token)
    except DeadCareLinkError:
        return _dead()
    except UsedCareLinkError as used:
        return _used(used.link)
    return _page(token, link, gift)


@bp.post("/care/<token>")
@access.public
@limiter.limit("60 per minute")
def use_care(token: str) -> ResponseReturnValue:
    """Do what was chosen, once."""
    try:
        link, gift = care_links.find(db.session(), token)
        form = _form(link, gift)
        if not form.validate():
            return _page(token, link, gift, form, status=422)
        goal = _act(token, link, gift, form)
    except DeadCareLinkError:
        return _dead()
    except UsedCareLinkError as used:
        return _used(used.link, status=409)
    except NothingToDoError:
        return redirect(url_for(".care", token=token), 303)
    except (GatewayUnavailable, GatewayRefused) as error:
        return _out_of_reach(error, token)
    return headers.keep_to_itself(make_response(redirect(goal, 303)))


def _act(token: str, link: CareLink, gift: Gift, form: CareForm) -> str:
    """Act, and give the address to go on to: this link's own page, which now says what was done, or Stripe's."""
    session, stripe, here = db.session(), gateway.current(), url_for(".care", token=token)
    kind = CareActKind(form.act.data)
    if kind is CareActKind.CARD:
        return care_acts.open_card_page(
            session,
            stripe,
            link,
            gift,
            return_url=f"{current_app.config['BASE_URL']}{here}",
            language=page_language(),
        )
    if kind is CareActKind.LOWER:
        assert form.amount.data is not None  # noqa: S101 - the form has been found valid
        care_acts.lower(session, stripe, link, gift, form.amount.data)
    elif kind is CareActKind.PAUSE:
        care_acts.pause(session, stripe, link, gift, months=form.months.data)
    elif kind is CareActKind.SKIP:
        care_acts.skip(session, stripe, link, gift)
    elif kind is CareActKind.CANCEL:
        care_acts.cancel(session, stripe, link, gift, feedback=form.feedback.data or "")
    elif kind is CareActKind.RESUME:
        care_acts.resume(session, stripe, link, gift)
    elif kind is CareActKind.UNDO:
        care_acts.undo(session, stripe, link, gift)
    return here


def _form(link: CareLink, gift: Gift) -> CareForm:
    return CareForm(newsroom(), gift, care_acts.possible(db.session(), link, gift, newsroom()))


def _page(
    token: str, link: CareLink, gift: Gift, form: CareForm | None = None, *, status: int = 200
) -> Response:
    session = db.session()
    smallest = newsroom().smallest(gift.money.currency, gift.interval)
    page = render_template(
        "giving/care/show.html",
        token=token,
        gift=gift,
        kinds=[kind.value for kind in care_acts.possible(session, link, gift, newsroom())],
        form=form or _form(link, gift),
        symbol=filters.symbol(gift.money.currency),
        smallest=Money(smallest, gift.money.currency),
        skipped_to=skipping.charge_after(gift) if gift.can_skip else None,
        restored=_restored(care_acts.undone_by(session, link)),
    )
    return headers.keep_to_itself(make_response(page, status))


def _restored(act: CareAct | None) -> dict[str, object] | None:
    """What a gift will be again once an act is undone: amount, and the instants of its end, rest or next charge."""
    if act is None:
        return None
    instants = ("ends_at", "resumes_at", "skips_at", "next_charge_at")
    return {
        "money": Money(act.before["amount"], act.before["currency"]),
        **{name: care_records.read(act.before[name]) for name in instants},
    }


def _used(link: CareLink, status: int = 200) -> Response:
    act = care_records.of_link(db.session(), link.token_hash)
    page = render_template(
        "giving/care/used.html",
        kind=act.kind.value if act else "",
        is_done=link.done_at is not None,
        resumes_at=care_records.read(act.wanted["resumes_at"]) if act else None,
        next_charge_at=care_records.read(act.wanted["next_charge_at"]) if act else None,
    )
    return headers.keep_to_itself(make_response(page, status))


def _dead() -> Response:
    return headers.keep_to_itself(make_response(render_template("giving/care/dead.html"), 410))


def _out_of_reach(error: GatewayUnavailable | GatewayRefused, token: str) -> Response:
    """Stripe has not done it, or has not said so; the link can be used again."""
    is_unknown = isinstance(error, GatewayUnavailable) and error.is_unknown
    page = render_template("giving/care/out_of_reach.html", token=token, is_unknown=is_unknown)
    answer = headers.keep_to_itself(make_response(page, 503))
    answer.headers["Retry-After"] = "120"
    return answer
