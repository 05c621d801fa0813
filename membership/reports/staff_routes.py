"""The pages of reports, below /staff/reports: each with its CSV beside it and the rows under each figure."""

from datetime import date

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from membership import clock
from membership.accounts.session import current_account
from membership.db import db
from membership.newsroom.present import newsroom
from membership.reports import income, recurring, rows, stories, supporters
from membership.reports.csvfiles import Cell, Plain, answer
from membership.reports.definitions import definitions, name_of
from membership.reports.pages.income import income_page, settled_table
from membership.reports.pages.parts import Amounts, Table, Twelfths, currency_tabs
from membership.reports.pages.recurring import loss_rates, recurring_page
from membership.reports.pages.rows import rows_table
from membership.reports.pages.stories import stories_table
from membership.reports.pages.supporters import patrons_page
from membership.reports.periods import Month, PeriodError, last_months
from membership.web import access

bp = Blueprint("reports", __name__, url_prefix="/reports")
MONTHS = 24


@bp.get("")
@access.staff("staff")
def index() -> ResponseReturnValue:
    """Show the reports, each with this month's figure."""
    currency = _currency()
    months = last_months(2, _today())
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
    currency, months, sealed = _currency(), _months(), _sealed()
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
    currency, months = _currency(), _months()
    found = income.by_month(db.session(), currency, months, sealed=_sealed())
    money = Amounts(currency)
    header = ["month", "currency", "gross", "refunded", "disputed", "fees", "net"]
    lines: list[list[Cell]] = [
        [
            str(row.month),
            currency,
            *(Plain(money.plain(value)) for value in (row.gross, row.refunded, row.disputed)),
            Plain(money.plain(row.fees)) if row.fees is not None else "",
            Plain(money.plain(row.net)) if row.fees is not None else "",
        ]
        for row in found
    ]
    return answer(f"income-{currency}", header, lines)


@bp.get("/recurring")
@access.staff("staff")
def show_recurring() -> ResponseReturnValue:
    """Show the bridge of the recurring sum, month by month."""
    currency, months, sealed = _currency(), _months(), _sealed()
    found = recurring.bridge(db.session(), currency, months, sealed=sealed)
    return render_template(
        "reports/staff/show_recurring.html",
        page=recurring_page(found, currency, sealed=sealed),
        rates=loss_rates(db.session(), found[-2:], currency),
        tabs=currency_tabs("show_recurring", recurring.currencies(db.session()), currency),
        sealed=sealed,
        currency=currency,
    )


@bp.get("/recurring.csv")
@access.staff("staff")
def download_recurring() -> ResponseReturnValue:
    """Give the bridge as CSV: as printed, and in exact twelfths of the smallest unit."""
    currency, months = _currency(), _months()
    found = recurring.bridge(db.session(), currency, months, sealed=_sealed())
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


@bp.get("/patrons")
@access.staff("staff")
def show_patrons() -> ResponseReturnValue:
    """Show how many patrons there are, and why that changed."""
    found = supporters.by_month(db.session(), _months(), newsroom().zone, now=clock.now())
    return render_template("reports/staff/show_patrons.html", page=patrons_page(found))


@bp.get("/patrons.csv")
@access.staff("staff")
def download_patrons() -> ResponseReturnValue:
    """Give the same as CSV."""
    found = supporters.by_month(db.session(), _months(), newsroom().zone, now=clock.now())
    header = [
        "month",
        "start",
        "new",
        "returned",
        "lapsed",
        "former",
        "end",
        "paying",
        "at_risk",
        *supporters.COVERS,
    ]
    lines: list[list[Cell]] = [
        [
            *(str(row.month), row.start, row.new, row.returned, row.lapsed, row.former),
            *(row.end, row.paying, row.at_risk, *row.by_cover.values()),
        ]
        for row in found
    ]
    return answer("patrons", header, lines)


@bp.get("/stories")
@access.staff("staff")
def show_stories() -> ResponseReturnValue:
    """Show what each story and each appeal brought."""
    currency, months, sealed = _currency(), _months(), _sealed()
    session = db.session()
    return render_template(
        "reports/staff/show_stories.html",
        articles=stories_table(stories.by_article(session, currency, months, sealed=sealed), currency),
        appeals=stories_table(stories.by_appeal(session, currency, months, sealed=sealed), currency),
        tabs=currency_tabs("show_stories", income.currencies(session), currency),
        months=months,
        currency=currency,
    )


@bp.get("/stories.csv")
@access.staff("staff")
def download_stories() -> ResponseReturnValue:
    """Give the earnings by story as CSV."""
    currency, months = _currency(), _months()
    money = Amounts(currency)
    header = [
        "article_id",
        "article",
        "currency",
        "patrons",
        "gross",
        "refunded",
        "disputed",
        "kept",
        "once",
        "recurring",
    ]
    lines: list[list[Cell]] = [
        [
            "" if row.subject_id is None else row.subject_id,
            row.title,
            currency,
            row.patrons,
            *(
                Plain(money.plain(v))
                for v in (row.gross, row.refunded, row.disputed, row.kept, row.once, row.recurring)
            ),
        ]
        for row in stories.by_article(db.session(), currency, months, sealed=_sealed())
    ]
    return answer(f"stories-{currency}", header, lines)


@bp.get("/income/rows")
@access.staff("staff")
def show_income_rows() -> ResponseReturnValue:
    """Show the ledger entries that a figure of the income report is the sum of."""
    figure = request.args.get("figure", "gross")
    if figure not in rows.BOOKS:
        abort(404)
    currency, month, sealed = _currency(), _month(), _sealed()
    found = rows.under_income(db.session(), figure, currency, month, names=_sees_names(), sealed=sealed)
    return _rows_page(figure, month, rows_table(found, Amounts(currency)), len(found), back="show_income")


@bp.get("/recurring/rows")
@access.staff("staff")
def show_recurring_rows() -> ResponseReturnValue:
    """Show the movements that a step of the bridge is the sum of."""
    figure = request.args.get("figure", "new")
    if figure not in rows.KINDS:
        abort(404)
    currency, month, sealed = _currency(), _month(), _sealed()
    found = rows.under_bridge(db.session(), figure, currency, month, names=_sees_names(), sealed=sealed)
    table = rows_table(found, Twelfths(currency))
    return _rows_page(figure, month, table, len(found), back="show_recurring")


def _rows_page(figure: str, month: Month, table: Table, count: int, *, back: str) -> ResponseReturnValue:
    return render_template(
        "reports/staff/show_rows.html",
        figure=name_of(figure),
        month=month.first,
        table=table,
        is_cut=count >= rows.MOST_ROWS,
        most=rows.MOST_ROWS,
        back=f".{back}",
        currency=_currency(),
    )


def _today() -> date:
    return clock.today(newsroom().zone)


def _months() -> list[Month]:
    return last_months(MONTHS, _today())


def _month() -> Month:
    try:
        return Month.parse(request.args.get("month", ""))
    except PeriodError:
        abort(404)


def _currency() -> str:
    """The currency asked for, else the newsroom's own; 404 for one it has never taken."""
    asked = request.args.get("currency", newsroom().default_currency)
    if asked not in newsroom().currencies and asked not in income.currencies(db.session()):
        abort(404)
    return asked


def _sealed() -> bool:
    return request.args.get("view") == "sealed"


def _sees_names() -> bool:
    account = current_account()
    return account is not None and account.sees_patrons
