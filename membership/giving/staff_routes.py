"""Gifts for staff who may see patrons, below /staff/giving: payments, subscriptions, what fails, refunds."""

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from membership import secrets
from membership.accounts import trail
from membership.accounts.models import Role
from membership.accounts.session import signed_in_account
from membership.articles.models import Article
from membership.db import db
from membership.gateway import client as gateway
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving import (
    failing_desk,
    history,
    offline_upload_routes,
    other_ways_routes,
    receipts_shown,
    record,
    refunding,
    staff_care_routes,
    staff_gift_membership_routes,
    staff_queries,
    staff_receipt_routes,
    staff_statement_routes,
)
from membership.giving.errors import RefundTooLargeError
from membership.giving.models import Checkout, OutgoingCall, Owner, Payment
from membership.giving.staff_forms import RefundForm
from membership.newsroom.present import newsroom
from membership.patrons import records, revealing
from membership.web import access, filters

bp = Blueprint("giving", __name__, url_prefix="/giving")
bp.register_blueprint(other_ways_routes.bp)
bp.register_blueprint(staff_care_routes.bp)
bp.register_blueprint(staff_gift_membership_routes.bp)
bp.register_blueprint(staff_receipt_routes.bp)
bp.register_blueprint(staff_statement_routes.bp)
bp.register_blueprint(offline_upload_routes.bp)  # with offline_routes, whose blueprint it shares
records.register(part=record.part, finder=staff_queries.patron_ids_by_stripe_id)


@bp.get("")
@access.sees_patrons
@access.staff("staff")
def index() -> str:
    """List payments, the last first."""
    state = request.args.get("state", "all")
    currency = request.args.get("currency", "")
    state = state if state in staff_queries.STATES else "all"
    currency = currency if currency in newsroom().currencies else ""
    found = staff_queries.payments(
        db.session(), state=state, currency=currency, before=request.args.get("before", "")[:255]
    )
    return render_template(
        "giving/staff/index.html",
        lines=history.lines_of(db.session(), found.payments),
        owners=found.patron_ids,
        labels=revealing.labels(db.session(), found.patron_ids.values()),
        state=state,
        currency=currency,
        currencies=newsroom().currencies,
        may_edit=signed_in_account().may(Role.EDITOR),
        older_url=url_for(".index", state=state, currency=currency, before=found.older)
        if found.older
        else None,
    )


@bp.get("/subscriptions")
@access.sees_patrons
@access.staff("staff")
def index_subscriptions() -> str:
    """List gifts that renew, the newest first."""
    state = request.args.get("state", "")
    state = state if state in staff_queries.SUBSCRIPTION_STATES else ""
    rows = staff_queries.subscriptions(db.session(), state=state)
    return render_template(
        "giving/staff/index_subscriptions.html",
        rows=rows,
        labels=revealing.labels(db.session(), [row.patron_id for row in rows]),
        state=state,
    )


@bp.get("/doubled")
@access.sees_patrons
@access.staff("staff")
def index_doubled() -> str:
    """List patrons who have several running gifts, so that nobody pays twice without meaning to."""
    rows = staff_queries.doubled(db.session())
    return render_template(
        "giving/staff/index_doubled.html",
        rows=rows,
        labels=revealing.labels(db.session(), [row.patron_id for row in rows]),
    )


@bp.get("/failing")
@access.sees_patrons
@access.staff("staff")
def index_failing() -> str:
    """List renewals that are not paid, the oldest first, with what is at stake."""
    found = failing_desk.troubles(db.session(), grace_days=newsroom().grace_days)
    return render_template(
        "giving/staff/index_failing.html",
        troubles=found,
        stakes=failing_desk.stakes(found),
        labels=revealing.labels(db.session(), [trouble.row.patron_id for trouble in found]),
    )


@bp.get("/payments/<payment_id>")
@access.writes_on_get
@access.sees_patrons
@access.staff("staff")
def show(payment_id: str) -> ResponseReturnValue:
    """Show one payment with what became of it."""
    _payment(payment_id)
    trail.note("payment.opened", f"payment:{payment_id}")
    db.session.commit()
    payment = _payment(payment_id)
    form = RefundForm(currency=payment.currency)
    form.amount.data = refunding.left(db.session(), payment)
    form.form_key.data = secrets.new_token()
    return _page(payment, form)


@bp.post("/payments/<payment_id>/refunds")
@access.sees_patrons
@access.staff("publisher")
def create_refund(payment_id: str) -> ResponseReturnValue:
    """Send some of a payment back; the payment changes when Stripe says that it did."""
    payment = _payment(payment_id)
    form = RefundForm(currency=payment.currency)
    if not form.validate() or form.amount.data is None:
        return _page(payment, form), 422
    try:
        call = refunding.intend(
            db.session(), payment, form.amount.data, reason=form.reason.data, form_key=form.form_key.data
        )
    except RefundTooLargeError as error:
        form.amount.errors = [
            _("At most %(amount)s of this payment can go back.", amount=filters.money(error.left))
        ]
        return _page(payment, form), 422
    trail.note("payment.refund_asked", f"payment:{payment_id}", **call.details)
    return _send(payment_id, call, form)


def _send(payment_id: str, call: OutgoingCall, form: RefundForm) -> ResponseReturnValue:
    try:
        refunding.send(db.session(), gateway.current(), call)
    except GatewayUnavailable:
        flash(
            _("Stripe does not answer. The refund is written down, and its outcome will be read back."),
            "warning",
        )
    except GatewayRefused as refused:
        form.amount.errors = [_("Stripe has refused this refund (%(code)s).", code=refused.code)]
        return _page(_payment(payment_id), form), 422
    else:
        flash(_("The refund is on its way. The payment shows it as soon as Stripe confirms."), "success")
    return redirect(url_for(".show", payment_id=payment_id), 303)


def _page(payment: Payment, form: RefundForm) -> Response:
    session = db.session()
    patron_id = staff_queries.patron_ids_of(session, [payment])[payment.id]
    checkout = session.scalars(select(Checkout).filter_by(public_id=payment.checkout_public_id)).one_or_none()
    return make_response(
        render_template(
            "giving/staff/show.html",
            payment=payment,
            line=history.lines_of(session, [payment])[0],
            label=revealing.labels(session, [patron_id]).get(patron_id or 0),
            gone=staff_queries.gone_of(session, payment),
            receipt_label=receipts_shown.labels_of(session, [payment.id]).get(payment.id, ""),
            article=session.get(Article, checkout.article_id) if checkout and checkout.article_id else None,
            left=refunding.left(session, payment),
            form=form,
            may_refund=signed_in_account().may(Role.PUBLISHER),
        )
    )


def _payment(payment_id: str) -> Payment:
    """The payment of an address, if it is ours; others' on a shared account are nobody's business here."""
    payment = db.session.get(Payment, payment_id)
    if payment is None or payment.owner is not Owner.OURS:
        abort(404)
    return payment
