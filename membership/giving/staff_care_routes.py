"""Looking after patrons for them, below /staff/giving/care: lost mailboxes, gifts, welcome, address. All is audited."""

from typing import Any

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership.accounts import changing_address, trail
from membership.accounts.changing_address import AddressTakenError
from membership.accounts.session import signed_in_account
from membership.db import db
from membership.gateway import client as gateway
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving import acting_for_patrons, gifts, mailbox
from membership.giving.gifts import Gift
from membership.giving.mailbox_forms import NewAddressForm, PatronActForm
from membership.giving.models import CareActKind
from membership.money import Money
from membership.newsroom.budgets import BudgetSpentError
from membership.newsroom.present import newsroom
from membership.patrons import queries as patrons
from membership.patrons import revealing
from membership.patrons.addresses import patron_or_404
from membership.patrons.models import Patron
from membership.web import access, filters
from membership.web.forms import SignedInForm

bp = Blueprint("care", __name__, url_prefix="/care")


@bp.get("")
@access.sees_patrons
@access.staff("staff")
def index() -> str:
    """List who cannot get into a mailbox, and whose welcome did not arrive."""
    session = db.session()
    calls = mailbox.waiting(session, newsroom().zone)
    unreached = mailbox.unreached(session)
    ids = [patron_id for call in calls for patron_id in call.patron_ids] + unreached
    return render_template(
        "giving/staff/care/index.html",
        calls=calls,
        unreached=unreached,
        labels=revealing.labels(session, ids),
        form=SignedInForm(formdata=None),
    )


@bp.post("/calls/<public_id>/close")
@access.sees_patrons
@access.staff("staff")
def close_call(public_id: str) -> ResponseReturnValue:
    """Take a call for help off the desk."""
    if SignedInForm().validate() and mailbox.close(db.session(), public_id, by=signed_in_account().id):
        trail.note("mailbox_request.closed", f"mailbox_request:{public_id}")
        db.session.commit()
    return redirect(url_for(".index"), 303)


@bp.get("/<public_id>")
@access.writes_on_get
@access.sees_patrons
@access.staff("staff")
def show(public_id: str) -> ResponseReturnValue:
    """Show what can be done for a patron."""
    patron = patron_or_404(public_id)
    trail.note("patron.opened", f"patron:{public_id}", **{"for": "care"})
    db.session.commit()
    return _page(patron_or_404(patron.public_id))


@bp.post("/<public_id>/gifts/<subscription_id>")
@access.sees_patrons
@access.staff("staff")
def act(public_id: str, subscription_id: str) -> ResponseReturnValue:
    """Lower a gift, end it or let it go on, since its patron asked for it."""
    session, patron = db.session(), patron_or_404(public_id)
    gift = gifts.one_of(session, patron.id, subscription_id)
    if gift is None:
        abort(404)
    form = PatronActForm(newsroom(), gift, acting_for_patrons.possible(gift, newsroom()))
    if not form.validate():
        return _page(patron, wrong=(subscription_id, form)), 422
    kind = CareActKind(form.act.data)
    details = {"subscription": gift.id, "before": gift.money.amount, "currency": gift.money.currency}
    if kind is CareActKind.LOWER and form.amount.data is not None:
        details["after"] = form.amount.data.amount
    trail.note(f"gift.{kind.value}", f"patron:{public_id}", **details)  # committed before Stripe is asked
    try:
        _do(kind, gift, form)
    except (GatewayUnavailable, GatewayRefused) as error:
        return _out_of_reach(error)
    flash(_("Done. The patron has a mail that says so, with a link that undoes it."), "success")
    return redirect(url_for(".show", public_id=public_id), 303)


def _do(kind: CareActKind, gift: Gift, form: PatronActForm) -> None:
    session, stripe = db.session(), gateway.current()
    if kind is CareActKind.LOWER:
        assert form.amount.data is not None  # noqa: S101 - the form has been found valid
        acting_for_patrons.lower(session, stripe, gift, form.amount.data)
    elif kind is CareActKind.CANCEL:
        acting_for_patrons.cancel(session, stripe, gift)
    elif kind is CareActKind.RESUME:
        acting_for_patrons.resume(session, stripe, gift)


@bp.post("/<public_id>/welcome")
@access.sees_patrons
@access.staff("staff")
def resend_welcome(public_id: str) -> ResponseReturnValue:
    """Mail a patron the welcome once more, with a new way in."""
    patron = patron_or_404(public_id)
    if not SignedInForm().validate():
        return _page(patron), 422
    try:
        sent = acting_for_patrons.send_welcome_again(db.session(), patron)
    except BudgetSpentError:
        db.session.commit()
        flash(_("The welcome was sent three times today. Look for another way."), "warning")
        return redirect(url_for(".show", public_id=public_id), 303)
    if sent:
        trail.note("patron.welcomed_again", f"patron:{public_id}")
        flash(_("The welcome is on its way once more."), "success")
    else:
        flash(_("There is no gift to welcome for, or no address to write to."), "warning")
    db.session.commit()
    return redirect(url_for(".show", public_id=public_id), 303)


@bp.post("/<public_id>/address")
@access.sees_patrons
@access.staff("staff")
def begin_address_change(public_id: str) -> ResponseReturnValue:
    """Ask a patron's old and new mailbox about a new address."""
    session, patron = db.session(), patron_or_404(public_id)
    form = NewAddressForm()
    account = patrons.account_of(session, patron)
    if not form.validate() or account is None or account.role is not None:
        return _page(patron, address_form=form), 422
    try:
        change = changing_address.begin(session, account, form.email.data)
    except AddressTakenError:
        form.email.errors = [_("Somebody has this address already. Two patrons cannot become one here.")]
        return _page(patron, address_form=form), 422
    trail.note("patron.address_change_begun", f"patron:{public_id}", change=change.id)
    session.commit()
    flash(_("Both mailboxes have been written to. The new one counts once it has answered."), "success")
    return redirect(url_for(".show", public_id=public_id), 303)


def _page(
    patron: Patron,
    *,
    wrong: tuple[str, PatronActForm] | None = None,
    address_form: NewAddressForm | None = None,
) -> str:
    session, here = db.session(), newsroom()
    label = revealing.label_of(patron)
    choices = [(gift, acting_for_patrons.possible(gift, here)) for gift in gifts.live(session, patron.id)]
    rows: list[dict[str, Any]] = [
        {
            "gift": gift,
            "kinds": [kind.value for kind in kinds],
            "form": wrong[1] if wrong and wrong[0] == gift.id else PatronActForm(here, gift, kinds),
            "symbol": filters.symbol(gift.money.currency),
            "smallest": Money(here.smallest(gift.money.currency, gift.interval), gift.money.currency),
        }
        for gift, kinds in choices
    ]
    account = patrons.account_of(session, patron)
    return render_template(
        "giving/staff/care/show.html",
        patron=patron,
        label=label,
        rows=rows,
        welcome_form=SignedInForm(formdata=None),
        address_form=address_form or NewAddressForm(formdata=None),
        may_change_address=account is not None and account.role is None,
    )


def _out_of_reach(error: GatewayUnavailable | GatewayRefused) -> Response:
    is_unknown = isinstance(error, GatewayUnavailable) and error.is_unknown
    answer = make_response(render_template("giving/staff/care/out_of_reach.html", is_unknown=is_unknown), 503)
    answer.headers["Retry-After"] = "60"
    return answer
