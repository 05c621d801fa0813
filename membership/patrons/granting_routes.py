"""Granting memberships and revoking them, for staff who may see patrons, below /staff/patrons; each act is audited."""

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock
from membership.accounts import trail
from membership.db import db
from membership.newsroom.present import newsroom
from membership.patrons import elsewhere, enrolling, granting, records, revealing
from membership.patrons.addresses import patron_or_404
from membership.patrons.forms import GrantForm, NewcomerGrantForm
from membership.patrons.models import Grant, Patron
from membership.patrons.records import Part
from membership.web import access
from membership.web.forms import SignedInForm
from membership.web.languages import default_language

bp = Blueprint("grants", __name__)


@bp.get("/grants/new")
@access.sees_patrons
@access.staff("staff")
def new_newcomer() -> str:
    """Ask for somebody who may be no patron yet, and for how long."""
    return render_template("patrons/staff/new_grant.html", form=NewcomerGrantForm(newsroom()), label=None)


@bp.post("/grants")
@access.sees_patrons
@access.staff("staff")
def create_newcomer() -> ResponseReturnValue:
    """Grant a membership to the owner of an address."""
    form = NewcomerGrantForm(newsroom())
    if not form.validate():
        return render_template("patrons/staff/new_grant.html", form=form, label=None), 422
    patron = enrolling.find_or_make(
        db.session(),
        email=form.email.data,
        name=form.name.data,
        language=default_language(),
        at=clock.now(),
    )
    return _grant(patron, form)


@bp.get("/<public_id>/grants/new")
@access.sees_patrons
@access.staff("staff")
def new(public_id: str) -> str:
    """Ask for how long, and why."""
    label = revealing.label_of(patron_or_404(public_id))
    return render_template("patrons/staff/new_grant.html", form=GrantForm(newsroom()), label=label)


@bp.post("/<public_id>/grants")
@access.sees_patrons
@access.staff("staff")
def create(public_id: str) -> ResponseReturnValue:
    """Grant a membership to a patron."""
    patron, form = patron_or_404(public_id), GrantForm(newsroom())
    if not form.validate():
        label = revealing.label_of(patron)
        return render_template("patrons/staff/new_grant.html", form=form, label=label), 422
    return _grant(patron, form)


@bp.post("/grants/<grant_id>/revocation")
@access.sees_patrons
@access.staff("staff")
def revoke(grant_id: str) -> ResponseReturnValue:
    """End a grant now."""
    made = db.session.scalars(select(Grant).filter_by(public_id=grant_id)).one_or_none()
    if made is None or not SignedInForm().validate():
        abort(404 if made is None else 422)
    public_id = db.session.get_one(Patron, made.patron_id).public_id
    try:
        granting.revoke(db.session(), made)
    except granting.AlreadyRevokedError:
        db.session.rollback()
        flash(_("It has ended already."), "warning")
        return redirect(url_for("staff.patrons.show", public_id=public_id), 303)
    trail.note("grant.revoked", f"grant:{made.public_id}", patron=public_id)
    db.session.commit()
    flash(_("Revoked. It covers nobody from now on."), "success")
    return redirect(url_for("staff.patrons.show", public_id=public_id), 303)


def _grant(patron: Patron, form: GrantForm) -> ResponseReturnValue:
    public_id, last_day = patron.public_id, form.last_day.data
    reason = form.reason.data.strip()
    made = granting.grant(db.session(), patron, last_day=last_day, reason=reason, tell=form.tell.data)
    trail.note("grant.made", f"grant:{made.public_id}", patron=public_id, last_day=last_day.isoformat())
    db.session.commit()
    flash(_("Granted. It covers from now on."), "success")
    return redirect(url_for("staff.patrons.show", public_id=public_id), 303)


def part(session: Session, patron: Patron) -> Part:
    """The grants of a patron's record."""
    return Part(
        template="patrons/staff/_grants.html",
        names={
            "grants": granting.of_patron(session, patron.id),
            "platforms": {mark.grant_id: mark.platform for mark in elsewhere.marks_of(session, patron.id)},
            "now": clock.now(),
            "form": SignedInForm(formdata=None),
        },
    )


def _nobody(_session: Session, _words: str) -> set[int]:
    return set()


records.register(part=part, finder=_nobody)
