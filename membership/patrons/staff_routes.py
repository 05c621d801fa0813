"""Patrons' records for staff who may see them, below /staff/patrons. Each look is written down."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.accounts import trail
from membership.accounts.models import Role
from membership.accounts.session import signed_in_account
from membership.db import db
from membership.patrons import elsewhere_routes, granting_routes, queries, records, revealing, standing, walls
from membership.patrons.addresses import patron_or_404
from membership.patrons.forms import RevealForm, SearchForm, WallNameForm
from membership.patrons.models import Patron, Visibility
from membership.web import access

bp = Blueprint("patrons", __name__, url_prefix="/patrons")
_DECISIONS: dict[str, tuple[Callable[[Session, Patron], None], str, Callable[[], str]]] = {
    "approve": (walls.approve, "approved", lambda: _("The name stands on the wall.")),
    "decline": (walls.decline, "declined", lambda: _("The patron is asked for another name.")),
}
bp.register_blueprint(granting_routes.bp)
bp.register_blueprint(elsewhere_routes.bp)


@bp.get("")
@access.writes_on_get
@access.sees_patrons
@access.staff("staff")
def index() -> ResponseReturnValue:
    """Search patrons by exact address, whole words of the name, or Stripe's id."""
    form = SearchForm(request.args)
    words = form.words.data or ""
    if not form.validate():
        return render_template("patrons/staff/index.html", form=form, found=None, waiting=[]), 422
    session = db.session()
    found = None
    if words:
        found = [
            revealing.label_of(patron)
            for patron in queries.search(session, words, patron_ids=records.find(session, words))
        ]
        # What was typed may be an address, so only its blind index is written down.
        trail.note("patrons.searched", "patrons", words=secrets.blind_index(words)[:16], found=len(found))
        db.session.commit()
    waiting = [revealing.label_of(patron) for patron in queries.waiting_for_wall(session)]
    return render_template("patrons/staff/index.html", form=form, found=found, waiting=waiting)


@bp.get("/<public_id>")
@access.writes_on_get
@access.sees_patrons
@access.staff("staff")
def show(public_id: str) -> ResponseReturnValue:
    """Show everything about one patron; names and address only where the patron allows it."""
    patron = patron_or_404(public_id)
    trail.note("patron.opened", f"patron:{patron.public_id}")
    db.session.commit()
    return _page(patron_or_404(public_id), is_revealed=False)


@bp.post("/<public_id>/name")
@access.sees_patrons
@access.staff("publisher")
def reveal(public_id: str) -> ResponseReturnValue:
    """Show a hidden name once, for a reason that is written down."""
    patron = patron_or_404(public_id)
    form = RevealForm()
    if not form.validate():
        return _page(patron, is_revealed=False, form=form), 422
    trail.note("patron.revealed", f"patron:{patron.public_id}", reason=form.reason.data)
    db.session.commit()
    return _page(patron_or_404(public_id), is_revealed=True)


@bp.post("/<public_id>/wall-name")
@access.sees_patrons
@access.staff("editor")
def decide_wall_name(public_id: str) -> ResponseReturnValue:
    """Let a patron's chosen name stand on the wall, or ask for another one."""
    patron, form = patron_or_404(public_id), WallNameForm()
    if form.validate() and patron.visibility is Visibility.PUBLIC and patron.wall_name == form.name.data:
        decided, action, told = _DECISIONS[form.decision.data]
        decided(db.session(), patron)
        trail.note(f"patron.wall_name_{action}", f"patron:{patron.public_id}")
        db.session.commit()
        flash(told(), "success")
    else:
        flash(_("The name has changed since you read it. Read it again."), "warning")
    return redirect(url_for(".show", public_id=public_id), 303)


def _page(patron: Patron, *, is_revealed: bool, form: RevealForm | None = None) -> str:
    session, now = db.session(), clock.now()
    coverages = queries.coverages_of(session, patron.id)
    return render_template(
        "patrons/staff/show.html",
        patron=patron,
        label=revealing.label_of(patron),
        is_open=is_revealed or patron.visibility is not Visibility.SECRET,
        may_reveal=signed_in_account().may(Role.PUBLISHER),
        reveal_form=form or RevealForm(formdata=None),
        wall_form=WallNameForm(formdata=None, data={"name": patron.wall_name}),
        standing=standing.at(coverages, now),
        active_until=standing.active_until(coverages, now),
        coverages=coverages,
        parts=records.parts(session, patron),
    )
