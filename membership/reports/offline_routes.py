"""The report of offline gifts, with its CSV beside it; names only for who may see patrons, and each export noted."""

from flask import render_template
from flask.typing import ResponseReturnValue

from membership import clock
from membership.accounts.session import current_account
from membership.db import db
from membership.newsroom import audit
from membership.newsroom.present import newsroom
from membership.reports import offline
from membership.reports.csvfiles import Cell, Plain, answer
from membership.reports.periods import Month, last_months
from membership.reports.staff_routes import MONTHS, bp
from membership.web import access


@bp.get("/offline")
@access.staff("staff")
def show_offline() -> ResponseReturnValue:
    """Show each offline gift and each reversal."""
    found = offline.by_entry(db.session(), _months(), names=_sees_names())
    return render_template("reports/staff/show_offline.html", rows=found, sees_names=_sees_names())


@bp.get("/offline.csv")
@access.writes_on_get
@access.staff("staff")
def download_offline() -> ResponseReturnValue:
    """Give the same as CSV; with names it is an export of patrons' records, and written down as one."""
    sees_names = _sees_names()
    found = offline.by_entry(db.session(), _months(), names=sees_names)
    account = current_account()
    if sees_names and account is not None:
        audit.write(
            db.session(),
            action="offline_gifts.exported",
            subject="offline_gifts",
            actor_id=account.id,
            actor=account.public_id,
            details={"rows": len(found)},
        )
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


def _months() -> list[Month]:
    return last_months(MONTHS, clock.today(newsroom().zone))


def _sees_names() -> bool:
    account = current_account()
    return account is not None and account.sees_patrons
