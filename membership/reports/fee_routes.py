"""The report of covered fees: its page, its CSV, and the payments under each figure."""

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from membership.db import db
from membership.reports import asked, fees, income, rows
from membership.reports.pages import fees as pages
from membership.reports.pages.parts import Amounts, currency_tabs
from membership.reports.pages.rows import CSV_HEADER, csv_lines, rows_page
from membership.web import access
from membership.web.csvfiles import answer

bp = Blueprint("fees", __name__)


@bp.get("/fees")
@access.staff("staff")
def show() -> ResponseReturnValue:
    """Show what patrons covered beside what the card fees were."""
    session, currency, months, sealed = db.session(), asked.currency(), asked.months(), asked.sealed()
    found = fees.by_month(session, currency, months, sealed=sealed)
    return render_template(
        "reports/staff/show_fees.html",
        page=pages.fees_page(found, currency, sealed=sealed),
        unknown=income.fees_unknown(session, currency, months),
        settles_elsewhere=any(row.payments for row in found) and all(row.card_fees is None for row in found),
        tabs=currency_tabs("show", income.currencies(session), currency),
        sealed=sealed,
        currency=currency,
    )


@bp.get("/fees.csv")
@access.staff("staff")
def download() -> ResponseReturnValue:
    """Give the same as CSV."""
    currency = asked.currency()
    found = fees.by_month(db.session(), currency, asked.months(), sealed=asked.sealed())
    return answer(f"fees-{currency}", pages.CSV_HEADER, pages.csv_of_fees(found, currency))


@bp.get("/fees/rows")
@access.staff("staff")
def show_rows() -> ResponseReturnValue:
    """Show the payments that a figure is the sum of."""
    found = _under(names=asked.sees_names(), page=asked.page())
    figure = asked.figure("covered")
    money = Amounts(asked.currency())
    return rows_page(found, money, figure=figure, show=".show_rows", download=".download_rows", back=".show")


@bp.get("/fees/rows.csv")
@access.staff("staff")
def download_rows() -> ResponseReturnValue:
    """Give all of them as CSV, without names."""
    lines = csv_lines(_under(names=False, page=None), Amounts(asked.currency()))
    return answer(f"fees-{asked.figure('covered')}-{asked.month()}-{asked.currency()}", CSV_HEADER, lines)


def _under(*, names: bool, page: int | None) -> rows.FigureRows:
    figure = asked.figure("covered")
    if figure not in fees.FIGURES:
        abort(404)
    return fees.under(
        db.session(), figure, asked.currency(), asked.month(), names=names, sealed=asked.sealed(), page=page
    )
