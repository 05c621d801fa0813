"""Offline gifts for staff who may see patrons, below /staff/giving/offline: listed, entered, taken back."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from membership import clock, secrets
from membership.accounts import trail
from membership.accounts.models import Account
from membership.accounts.session import signed_in_account
from membership.db import db
from membership.giving import offline_gifts
from membership.giving.errors import AlreadyReversedError, ReferenceTakenError
from membership.giving.models import OfflineGift
from membership.giving.offline_forms import OfflineGiftForm, ReversalForm
from membership.giving.offline_gifts import Wish
from membership.newsroom.present import newsroom
from membership.patrons import revealing
from membership.patrons.addresses import patron_or_404
from membership.patrons.models import Patron
from membership.web import access, filters

bp = Blueprint("offline", __name__, url_prefix="/offline")
PAGE = 50


@bp.get("")
@access.sees_patrons
@access.staff("staff")
def index() -> str:
    """List offline gifts, the last entered first."""
    before = request.args.get("before", 0, type=int)
    query = select(OfflineGift).order_by(OfflineGift.id.desc()).limit(PAGE + 1)
    rows = db.session.scalars(query.where(OfflineGift.id < before) if before > 0 else query).all()
    shown = rows[:PAGE]
    return render_template(
        "giving/staff/index_offline.html",
        gifts=shown,
        labels=revealing.labels(db.session(), [gift.patron_id for gift in shown]),
        older_url=url_for(".index", before=shown[-1].id) if len(rows) > PAGE else None,
    )


@bp.get("/new")
@access.sees_patrons
@access.staff("staff")
def new() -> str:
    """Ask for a gift; `patron` in the query is whose it is."""
    here = newsroom()
    patron = _patron(request.args.get("patron", ""))
    form = OfflineGiftForm(here, data={"currency": here.default_currency, "received_on": _today()})
    form.form_key.data = secrets.new_token()
    if patron is not None:
        form.patron.data = patron.public_id
        form.payer.data = patron.name
    return _entry_page(form, patron)


@bp.post("")
@access.sees_patrons
@access.staff("staff")
def create() -> ResponseReturnValue:
    """Write a gift down."""
    form = OfflineGiftForm(newsroom())
    patron = _patron(form.patron.data or "")
    if not form.validate() or form.amount.data is None:
        if form.form_key.errors:
            form.form_key.data = secrets.new_token()
        return _entry_page(form, patron), 422
    me = signed_in_account()
    try:
        gift = offline_gifts.enter(db.session(), _wish(form, patron), entered_by_id=me.id)
    except ReferenceTakenError as taken:
        db.session.rollback()
        form.reference.errors = [
            _("A gift with this reference came on %(day)s already.", day=filters.day(taken.received_on))
        ]
        return _entry_page(form, _patron(form.patron.data or "")), 422
    details = {"amount": gift.amount, "currency": gift.currency, "received_on": gift.received_on.isoformat()}
    trail.note("offline_gift.entered", f"offline_gift:{gift.public_id}", **details)
    public_id = gift.public_id
    db.session.commit()
    flash(_("Written down and booked."), "success")
    return redirect(url_for(".show", public_id=public_id), 303)


@bp.get("/<public_id>")
@access.writes_on_get
@access.sees_patrons
@access.staff("staff")
def show(public_id: str) -> str:
    """Show one gift, and the way to take it back."""
    trail.note("offline_gift.opened", f"offline_gift:{_gift(public_id).public_id}")
    db.session.commit()
    return _page(_gift(public_id), ReversalForm())


@bp.post("/<public_id>/reversal")
@access.sees_patrons
@access.staff("staff")
def reverse(public_id: str) -> ResponseReturnValue:
    """Take a gift back by an entry of its own."""
    gift, form = _gift(public_id), ReversalForm()
    if not form.validate():
        return _page(gift, form), 422
    me = signed_in_account()
    try:
        offline_gifts.reverse(db.session(), gift, reason=form.reason.data.strip(), reversed_by_id=me.id)
    except AlreadyReversedError:
        db.session.rollback()
        flash(_("It has been taken back already."), "warning")
        return redirect(url_for(".show", public_id=public_id), 303)
    trail.note(
        "offline_gift.reversed", f"offline_gift:{gift.public_id}", amount=gift.amount, currency=gift.currency
    )
    db.session.commit()
    flash(_("Taken back. The ledger has both entries."), "success")
    return redirect(url_for(".show", public_id=public_id), 303)


def _wish(form: OfflineGiftForm, patron: Patron | None) -> Wish:
    amount = form.amount.data
    assert amount is not None  # noqa: S101 - the form has been found valid
    return Wish(
        form_key=form.form_key.data,
        received_on=form.received_on.data,
        money=amount,
        fee=form.fee_amount,
        payer=form.payer.data,
        reference=form.reference.data or "",
        email=form.email.data or "",
        note=form.note.data or "",
        patron_id=patron.id if patron is not None else None,
    )


def _entry_page(form: OfflineGiftForm, patron: Patron | None) -> str:
    return render_template(
        "giving/staff/new_offline.html",
        form=form,
        label=revealing.label_of(patron) if patron is not None else None,
        symbol=filters.symbol(newsroom().default_currency),
    )


def _page(gift: OfflineGift, form: ReversalForm) -> str:
    session = db.session()
    return render_template(
        "giving/staff/show_offline.html",
        gift=gift,
        label=revealing.labels(session, [gift.patron_id]).get(gift.patron_id),
        entered_by=session.get_one(Account, gift.entered_by_id).name,
        reversed_by=session.get_one(Account, gift.reversed_by_id).name if gift.reversed_by_id else "",
        form=form,
    )


def _patron(public_id: str) -> Patron | None:
    """The patron named, who must be there if anybody is named."""
    return patron_or_404(public_id) if public_id else None


def _gift(public_id: str) -> OfflineGift:
    gift = db.session.scalars(select(OfflineGift).filter_by(public_id=public_id)).one_or_none()
    if gift is None:
        abort(404)
    return gift


def _today() -> object:
    return clock.today(newsroom().zone)
