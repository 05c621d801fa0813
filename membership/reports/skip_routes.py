"""Skipped payments, shown apart on the report of what recurs: their CSV, and the payments under each month."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from membership.db import db
from membership.newsroom.present import newsroom
from membership.reports import asked, rows, skips
from membership.reports.pages import skips as pages
from membership.reports.pages.parts import Amounts
from membership.reports.pages.rows import CSV_HEADER, csv_lines, rows_page
from membership.web import access
from membership.web.csvfiles import answer

bp = Blueprint("skips", __name__)


@bp.get("/recurring/skipped.csv")
@access.staff("staff")
def download() -> ResponseReturnValue:
    """Give what was skipped in each month as CSV."""
    currency = asked.currency()
    found = skips.by_month(db.session(), currency, asked.months(), newsroom().zone)
    return answer(f"skipped-{currency}", pages.CSV_HEADER, pages.csv_of_skips(found, currency))


@bp.get("/recurring/skipped/rows")
@access.staff("staff")
def show_rows() -> ResponseReturnValue:
    """Show the payments that were skipped in a month."""
    found = _under(names=asked.sees_names(), page=asked.page())
    return rows_page(
        found,
        Amounts(asked.currency()),
        figure="skipped",
        show=".show_rows",
        download=".download_rows",
        back="staff.reports.show_recurring",
    )


@bp.get("/recurring/skipped/rows.csv")
@access.staff("staff")
def download_rows() -> ResponseReturnValue:
    """Give all of them as CSV, without names."""
    lines = csv_lines(_under(names=False, page=None), Amounts(asked.currency()))
    return answer(f"skipped-{asked.month()}-{asked.currency()}", CSV_HEADER, lines)


def _under(*, names: bool, page: int | None) -> rows.FigureRows:
    zone = newsroom().zone
    return skips.under(db.session(), asked.currency(), asked.month(), zone, names=names, page=page)
