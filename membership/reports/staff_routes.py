"""The pages of reports, below /staff/reports: each with its CSV beside it and the rows under each figure."""

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from membership import clock
from membership.db import ask_replica, db
from membership.newsroom.present import newsroom
from membership.reports import (
    asked,
    fee_routes,
    income,
    offline_routes,
    recurring,
    rows,
    skip_routes,
    skips,
    story_routes,
    supporter_routes,
    supporters,
)
from membership.reports.definitions import definitions
from membership.reports.pages.income import income_page, settled_table
from membership.reports.pages.parts import Amounts, Twelfths, currency_tabs
from membership.reports.pages.recurring import loss_rates, recurring_page
from membership.reports.pages.rows import CSV_HEADER, csv_lines, rows_page
from membership.reports.pages.skips import skips_table
from membership.reports.periods import last_months
from membership.web import access
from membership.web.csvfiles import Cell, Plain, answer

bp = Blueprint("reports", __name__, url_prefix="/reports")
bp.register_blueprint(fee_routes.bp)
bp.register_blueprint(offline_routes.bp)
bp.register_blueprint(skip_routes.bp)
bp.register_blueprint(supporter_routes.bp)
bp.register_blueprint(story_routes.bp)


@bp.before_request
def _ask_the_replica() -> None:
    ask_replica()


@bp.get("")
@access.staff("staff")
def index() -> ResponseReturnValue:
    """Show the reports, each with this month's figure."""
    currency = asked.currency()
    months = last_months(2, asked.today())
    return render_template(
        "reports/staff/index.html",
        currency=currency,
        income=income.by_month(db.session(), currency, months),
        bridge=recurring.bridge(db.session(), currency, months),
        patrons=supporters.by_month(db.session(), months, newsroom().zone, now=clock.now()),
        money=Amounts(currency),
        exact=Twelfths(currency),
    )


@bp.get("/definitions")
@access.staff("staff")
def show_definitions() -> ResponseReturnValue:
    """Say what each figure means."""
    return render_template("reports/staff/show_definitions.html", definitions=definitions())


@bp.get("/income")
@access.staff("staff")
def show_income() -> ResponseReturnValue:
    """Show from gross to net, month by month."""
    currency, months, sealed = asked.currency(), asked.months(), asked.sealed()
    found = income.by_month(db.session(), currency, months, sealed=sealed)
    return render_template(
        "reports/staff/show_income.html",
        page=income_page(found, currency, sealed=sealed),
        settled=settled_table(income.settled(db.session(), months, sealed=sealed)),
        unknown=income.fees_unknown(db.session(), currency, months),
        tabs=currency_tabs("show_income", income.currencies(db.session()), currency),
        sealed=sealed,
        currency=currency,
    )


@bp.get("/income.csv")
@access.staff("staff")
def download_income() -> ResponseReturnValue:
    """Give the same as CSV, in the currency's own decimals."""
    currency, months = asked.currency(), asked.months()
    found = income.by_month(db.session(), currency, months, sealed=asked.sealed())
    money = Amounts(currency)
    header = ["month", "currency", "gross", "refunded", "disputed", "fees", "net", "offline"]
    lines: list[list[Cell]] = [
        [
            str(row.month),
            currency,
            *(Plain(money.plain(value)) for value in (row.gross, row.refunded, row.disputed)),
            Plain(money.plain(row.fees)) if row.fees is not None else "",
            Plain(money.plain(row.net)) if row.fees is not None else "",
            Plain(money.plain(row.offline)),
        ]
        for row in found
    ]
    return answer(f"income-{currency}", header, lines)


@bp.get("/recurring")
@access.staff("staff")
def show_recurring() -> ResponseReturnValue:
    """Show the bridge of the recurring sum, month by month."""
    currency, months, sealed = asked.currency(), asked.months(), asked.sealed()
    found = recurring.bridge(db.session(), currency, months, sealed=sealed)
    return render_template(
        "reports/staff/show_recurring.html",
        page=recurring_page(found, currency, sealed=sealed),
        rates=loss_rates(db.session(), found[-2:], currency),
        skipped=skips_table(skips.by_month(db.session(), currency, months, newsroom().zone), currency),
        tabs=currency_tabs("show_recurring", recurring.currencies(db.session()), currency),
        sealed=sealed,
        currency=currency,
    )


@bp.get("/recurring.csv")
@access.staff("staff")
def download_recurring() -> ResponseReturnValue:
    """Give the bridge as CSV: as printed, and in exact twelfths of the smallest unit."""
    currency, months = asked.currency(), asked.months()
    found = recurring.bridge(db.session(), currency, months, sealed=asked.sealed())
    money = Amounts(currency)
    steps = [name for name, _kinds in recurring.STEPS]
    header = ["month", "currency", "start", *steps, "end"]
    header += [f"{name}_twelfths" for name in ("start", *steps, "end")]
    lines: list[list[Cell]] = [
        [
            str(row.month),
            currency,
            *(Plain(money.plain(value)) for value in row.printed()),
            *(row.start, *row.steps.values(), row.end),
        ]
        for row in found
    ]
    return answer(f"recurring-{currency}", header, lines)


@bp.get("/income/rows")
@access.staff("staff")
def show_income_rows() -> ResponseReturnValue:
    """Show the ledger entries that a figure of the income report is the sum of."""
    found = _under_income(names=asked.sees_names(), page=asked.page())
    return _rows_page("income", "gross", found, Amounts(asked.currency()))


@bp.get("/income/rows.csv")
@access.staff("staff")
def download_income_rows() -> ResponseReturnValue:
    """Give all of them as CSV, without names."""
    lines = csv_lines(_under_income(names=False, page=None), Amounts(asked.currency()))
    return answer(f"income-{asked.figure('gross')}-{asked.month()}-{asked.currency()}", CSV_HEADER, lines)


@bp.get("/recurring/rows")
@access.staff("staff")
def show_recurring_rows() -> ResponseReturnValue:
    """Show the movements that a step of the bridge is the sum of."""
    found = _under_bridge(names=asked.sees_names(), page=asked.page())
    return _rows_page("recurring", "new", found, Twelfths(asked.currency()))


@bp.get("/recurring/rows.csv")
@access.staff("staff")
def download_recurring_rows() -> ResponseReturnValue:
    """Give all of them as CSV, without names; the amounts are twelfths of a minor unit."""
    found = _under_bridge(names=False, page=None)
    lines: list[list[Cell]] = [
        [str(row.day), row.kind, row.stripe_id, row.patron, asked.currency(), row.amount]
        for row in found.rows
    ]
    header = [*CSV_HEADER[:-1], "twelfths_of_a_minor_unit"]
    return answer(f"recurring-{asked.figure('new')}-{asked.month()}-{asked.currency()}", header, lines)


def _under_income(*, names: bool, page: int | None) -> rows.FigureRows:
    figure = asked.figure("gross")
    if figure not in rows.BOOKS:
        abort(404)
    return rows.under_income(
        db.session(), figure, asked.currency(), asked.month(), names=names, sealed=asked.sealed(), page=page
    )


def _under_bridge(*, names: bool, page: int | None) -> rows.FigureRows:
    figure = asked.figure("new")
    if figure not in rows.KINDS:
        abort(404)
    return rows.under_bridge(
        db.session(), figure, asked.currency(), asked.month(), names=names, sealed=asked.sealed(), page=page
    )


def _rows_page(report: str, usual: str, found: rows.FigureRows, money: Amounts) -> ResponseReturnValue:
    figure = asked.figure(usual)
    show, download, back = f".show_{report}_rows", f".download_{report}_rows", f".show_{report}"
    return rows_page(found, money, figure=figure, show=show, download=download, back=back)
