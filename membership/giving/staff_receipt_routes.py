"""Receipts and statements for staff who may see patrons, below /staff/giving: looked up, copied, corrected.

Each look at one is written down. The name of a patron who is hidden stays hidden, on paper too.
"""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership import clock
from membership.accounts import trail
from membership.accounts.models import Role
from membership.accounts.session import signed_in_account
from membership.db import db
from membership.giving import (
    letterhead,
    receipt_texts,
    receipts,
    receipts_listed,
    receipts_shown,
    receipts_words,
)
from membership.giving.models import Receipt
from membership.giving.receipt_routes import pdf
from membership.giving.receipts import AlreadyCanceledError
from membership.giving.receipts_shown import ReceiptView
from membership.giving.statements_forms import CancellationForm, CorrectionForm
from membership.newsroom.present import newsroom
from membership.patrons import revealing
from membership.patrons.revealing import Label
from membership.web import access

bp = Blueprint("receipts", __name__, url_prefix="/receipts")


@bp.get("")
@access.sees_patrons
@access.staff("staff")
def index() -> str:
    """List the receipts of a year, the last number first."""
    session = db.session()
    years = receipts_listed.years(session)
    asked = request.args.get("year", "")
    year = int(asked) if asked in {str(each.year) for each in years} else years[0].year if years else 0
    before = request.args.get("before", "")
    found = receipts_listed.page(
        session, year, before=int(before) if before.isdecimal() and len(before) < 10 else 0
    )
    return render_template(
        "giving/staff/index_receipts.html",
        found=found,
        years=years,
        year=year,
        labels=revealing.labels(session, [row.patron_id for row in found.rows]),
        may_publish=signed_in_account().may(Role.PUBLISHER),
    )


@bp.get("/texts")
@access.staff("publisher")
def index_texts() -> str:
    """Show the versions of the words that receipts were issued under."""
    return render_template(
        "giving/staff/index_receipt_texts.html",
        versions=receipt_texts.versions(db.session()),
        counts=receipt_texts.counts(db.session()),
    )


@bp.get("/<label>")
@access.writes_on_get
@access.sees_patrons
@access.staff("staff")
def show(label: str) -> ResponseReturnValue:
    """Show a receipt, and what may be done about it."""
    receipt = _receipt(label)
    trail.note("receipt.opened", f"receipt:{receipt.label}")
    db.session.commit()
    receipt = _receipt(label)
    _view, who = _shown(receipt)
    name = "" if who.is_hidden else receipt.name
    form = CorrectionForm(formdata=None, data={"name": name, "language": receipt.language})
    return _page(receipt, form, CancellationForm(formdata=None))


@bp.get("/<label>.pdf")
@access.writes_on_get
@access.sees_patrons
@access.staff("staff")
def download(label: str) -> ResponseReturnValue:
    """Give a receipt as PDF, marked as a duplicate: the original is the patron's."""
    from membership.giving import receipts_paper  # noqa: PLC0415 - the PDF library is 16 MiB that few workers ever need

    receipt = _receipt(label)
    trail.note("receipt.copied", f"receipt:{receipt.label}")
    db.session.commit()
    receipt = _receipt(label)
    view, _who = _shown(receipt)
    head = letterhead.of(newsroom(), view.language, issuer=view.issuer)
    today = clock.today(newsroom().zone)
    return pdf(
        receipts_paper.write(view, head, made_at=clock.now(), copied_on=today),
        f"receipt-{view.label}-duplicate",
    )


@bp.post("/<label>/corrections")
@access.sees_patrons
@access.staff("publisher")
def correct(label: str) -> ResponseReturnValue:
    """Cancel a receipt and issue another in its place."""
    receipt, form = _receipt(label), CorrectionForm()
    if not form.validate():
        return _page(receipt, form, CancellationForm(formdata=None)), 422
    try:
        made = receipts.reissue(
            db.session(), receipt, name=form.name.data, language=form.language.data, reason=form.reason.data
        )
    except AlreadyCanceledError:
        return _was_canceled(label)
    trail.note("receipt.corrected", f"receipt:{label}", by=made.label, reason=form.reason.data)
    db.session.commit()
    flash(_("Receipt %(number)s is canceled; this one stands in its place.", number=label), "success")
    return redirect(url_for(".show", label=made.label), 303)


@bp.post("/<label>/cancellation")
@access.sees_patrons
@access.staff("publisher")
def cancel(label: str) -> ResponseReturnValue:
    """Cancel a receipt without another."""
    receipt, form = _receipt(label), CancellationForm()
    if not form.validate():
        correction = CorrectionForm(formdata=None, data={"name": "", "language": receipt.language})
        return _page(receipt, correction, form), 422
    try:
        receipts.cancel(db.session(), receipt, reason=form.reason.data)
    except AlreadyCanceledError:
        return _was_canceled(label)
    trail.note("receipt.canceled", f"receipt:{label}", reason=form.reason.data)
    db.session.commit()
    flash(_("The receipt is canceled; its number stays."), "success")
    return redirect(url_for(".show", label=label), 303)


def _was_canceled(label: str) -> ResponseReturnValue:
    db.session.rollback()
    flash(_("Somebody has canceled this receipt before you."), "warning")
    return redirect(url_for(".show", label=label), 303)


def _page(receipt: Receipt, correction: CorrectionForm, cancellation: CancellationForm) -> str:
    view, who = _shown(receipt)
    return render_template(
        "giving/staff/show_receipt.html",
        receipt=view,
        record=receipt,
        label=who,
        words=receipts_words,
        correction=correction,
        cancellation=cancellation,
        may_correct=signed_in_account().may(Role.PUBLISHER) and receipt.canceled_at is None,
    )


def _shown(receipt: Receipt) -> tuple[ReceiptView, Label]:
    """The receipt as staff may see it, and whose it is."""
    session = db.session()
    who = revealing.labels(session, [receipt.patron_id])[receipt.patron_id]
    name = who.name if who.is_hidden else None
    return receipts_shown.view_of(session, receipt, zone=newsroom().zone, name=name), who


def _receipt(label: str) -> Receipt:
    receipt = receipts_shown.by_label(db.session(), label)
    if receipt is None:
        abort(404)
    return receipt
