"""The report of offline gifts, with its CSV beside it; names only for who may see patrons, and each export noted."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from membership.accounts import trail
from membership.db import db
from membership.reports import asked, offline
from membership.web import access
from membership.web.csvfiles import Cell, Plain, answer

bp = Blueprint("offline", __name__)


@bp.get("/offline")
@access.staff("staff")
def show() -> ResponseReturnValue:
    """Show each offline gift and each reversal."""
    found = offline.by_entry(db.session(), asked.months(), names=asked.sees_names())
    return render_template("reports/staff/show_offline.html", rows=found, sees_names=asked.sees_names())


@bp.get("/offline.csv")
@access.writes_on_get
@access.staff("staff")
def download() -> ResponseReturnValue:
    """Give the same as CSV; with names it is an export of patrons' records, and written down as one."""
    sees_names = asked.sees_names()
    found = offline.by_entry(db.session(), asked.months(), names=sees_names)
    if sees_names:
        trail.note("offline_gifts.exported", "offline_gifts", rows=len(found))
        db.session.commit()
    header = ["day", "kind", "id", "currency", "amount", "fee", "months", "reference", "payer"]
    lines: list[list[Cell]] = [
        [
            row.day.isoformat(),
            "reversal" if row.is_reversal else "gift",
            row.public_id,
            row.money.currency,
            Plain(row.money.plain()),
            Plain(row.fee.plain()),
            row.months,
            row.reference,
            row.payer,
        ]
        for row in found
    ]
    return answer("offline", header, lines)
