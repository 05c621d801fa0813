"""Who supports us through other platforms, and the one invitation to give directly, below /staff/patrons/elsewhere."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from membership import clock
from membership.accounts import trail
from membership.accounts.models import Role
from membership.accounts.session import signed_in_account
from membership.db import db
from membership.patrons import elsewhere, inviting
from membership.web import access
from membership.web.forms import SignedInForm

bp = Blueprint("elsewhere", __name__, url_prefix="/elsewhere")


@bp.get("")
@access.sees_patrons
@access.staff("staff")
def index() -> str:
    """Show how many support us through which platform, and how many have moved."""
    session, now = db.session(), clock.now()
    return render_template(
        "patrons/staff/index_elsewhere.html",
        platforms=inviting.platforms(session, now),
        covered=elsewhere.count_covered(session, now),
        invited=inviting.count_invited(session),
        moved=inviting.count_moved(session),
        to_invite=inviting.count_to_invite(session),
        may_invite=signed_in_account().may(Role.PUBLISHER),
    )


@bp.get("/invitation")
@access.sees_patrons
@access.staff("publisher")
def new_invitation() -> ResponseReturnValue:
    """Show what would be mailed to how many, before it is."""
    count = inviting.count_to_invite(db.session())
    if not count:
        return redirect(url_for(".index"))
    return _invitation(SignedInForm(), count)


@bp.post("/invitation")
@access.sees_patrons
@access.staff("publisher")
def create_invitation() -> ResponseReturnValue:
    """Let the worker mail everybody who has not been invited before."""
    session, form = db.session(), SignedInForm()
    count = inviting.count_to_invite(session)
    if not form.validate():
        return _invitation(form, count), 422
    if count:
        inviting.invite(session)
        trail.note("patrons.invited_to_move", "patrons", count=count)
        db.session.commit()
        flash(
            ngettext("%(num)s invitation is on its way.", "%(num)s invitations are on their way.", count),
            "success",
        )
    else:
        flash(_("Everybody has been invited already."), "warning")
    return redirect(url_for(".index"), 303)


def _invitation(form: SignedInForm, count: int) -> str:
    return render_template("patrons/staff/new_invitation.html", form=form, count=count)
