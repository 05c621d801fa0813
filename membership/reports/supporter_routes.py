"""The report of patrons: its page, its CSV, and the patrons under each figure."""

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from membership import clock
from membership.db import db
from membership.newsroom.present import newsroom
from membership.reports import asked, supporter_rows, supporters
from membership.reports.pages import supporters as pages
from membership.web import access
from membership.web.csvfiles import Cell, answer

bp = Blueprint("patrons", __name__)


@bp.get("/patrons")
@access.staff("staff")
def show() -> ResponseReturnValue:
    """Show how many patrons there are, and why that changed."""
    return render_template("reports/staff/show_patrons.html", page=pages.patrons_page(_by_month()))


@bp.get("/patrons.csv")
@access.staff("staff")
def download() -> ResponseReturnValue:
    """Give the same as CSV."""
    counts = ["start", *supporter_rows.CHANGES, "end", "paying", "at_risk"]
    lines: list[list[Cell]] = [
        [str(row.month), *(getattr(row, name) for name in counts), *row.by_cover.values()]
        for row in _by_month()
    ]
    return answer("patrons", ["month", *counts, *supporters.COVERS], lines)


@bp.get("/patrons/rows")
@access.staff("staff")
def show_rows() -> ResponseReturnValue:
    """Show the patrons that a figure counts."""
    found = _under(names=asked.sees_names(), page=asked.page())
    return pages.rows_page(found, figure=asked.figure("end"))


@bp.get("/patrons/rows.csv")
@access.staff("staff")
def download_rows() -> ResponseReturnValue:
    """Give all of them as CSV, without names."""
    lines: list[list[Cell]] = [
        [str(row.day), row.cover, row.patron] for row in _under(names=False, page=None).rows
    ]
    return answer(f"patrons-{asked.figure('end')}-{asked.month()}", ["day", "cover", "patron"], lines)


def _by_month() -> list[supporters.PatronsRow]:
    return supporters.by_month(db.session(), asked.months(), newsroom().zone, now=clock.now())


def _under(*, names: bool, page: int | None) -> supporter_rows.PatronsUnder:
    figure = asked.figure("end")
    if figure not in supporter_rows.FIGURES:
        abort(404)
    return supporter_rows.under(
        db.session(), figure, asked.month(), newsroom().zone, now=clock.now(), names=names, page=page
    )
