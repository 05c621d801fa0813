"""Memberships for others, for staff who may see patrons: /staff/giving/memberships. Each look is written down."""

from flask import Blueprint, render_template, request, url_for

from membership.accounts import trail
from membership.db import db
from membership.giving import gift_memberships_listed
from membership.patrons import revealing
from membership.web import access

bp = Blueprint("memberships", __name__, url_prefix="/memberships")


@bp.get("")
@access.writes_on_get
@access.sees_patrons
@access.staff("staff")
def index() -> str:
    """List who gave a membership to whom, the last bought first, and what became of it."""
    session = db.session()
    trail.note("gift_memberships.opened", "gift_memberships")
    session.commit()
    state = request.args.get("state", "")
    state = state if state in gift_memberships_listed.STATES else ""
    found = gift_memberships_listed.page(
        session, state=state, before=max(0, request.args.get("before", 0, type=int))
    )
    people = [line.giver_id for line in found.lines] + [line.gift.claimed_by_id for line in found.lines]
    return render_template(
        "giving/staff/index_memberships.html",
        lines=found.lines,
        labels=revealing.labels(session, people),
        state=state,
        older_url=url_for(".index", state=state, before=found.older) if found.older else None,
    )
