"""The rows that a figure opens onto."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _

from membership.reports import asked
from membership.reports.definitions import name_of
from membership.reports.pages.parts import Amounts, Cell, Table, month_name
from membership.reports.rows import MOST_ROWS, FigureRows
from membership.web import filters
from membership.web.csvfiles import Cell as CsvCell
from membership.web.csvfiles import Plain

CSV_HEADER = ["day", "kind", "stripe_id", "patron", "currency", "amount"]

_ENTRIES: dict[str, Callable[[], str]] = {
    "charge": lambda: _("Charge"),
    "assigned": lambda: _("Found to be a gift, or not one"),
    "redated": lambda: _("Moved to its own day"),
    "refund": lambda: _("Refund"),
    "refund_failed": lambda: _("Refund that failed"),
    "dispute_withdrawn": lambda: _("Taken back by the bank"),
    "dispute_reinstated": lambda: _("Given back by the bank"),
    "balance": lambda: _("Fee and net of a payment"),
    "offline": lambda: _("Offline gift"),
    "reversal": lambda: _("Correction"),
    "patron": lambda: _("All gifts together, from the first on"),
}


def rows_table(found: FigureRows, money: Amounts) -> Table:
    """The rows under a figure; the total is that of all of them, also where only a page is shown."""
    heads = [(name, "", False) for name in (_("Day"), _("What"), _("Stripe"), _("Patron"))]
    table = Table([*heads, (_("Amount"), "", True)])
    for row in found.rows:
        what = _ENTRIES[row.kind]() if row.kind in _ENTRIES else name_of(row.kind)
        cells = (filters.day(row.day, "medium"), what, row.stripe_id, row.name or row.patron)
        table.rows.append([*map(Cell, cells), Cell(money(row.amount))])
    table.total = [Cell(_("All")), Cell(""), Cell(""), Cell(""), Cell(money(found.total))]
    return table


def csv_lines(found: FigureRows, money: Amounts) -> list[list[CsvCell]]:
    """The same for CSV, without names."""
    return [
        [
            str(row.day),
            row.kind,
            row.stripe_id,
            row.patron,
            money.currency,
            Plain(money.plain(row.amount)),
        ]
        for row in found.rows
    ]


@dataclass(frozen=True)
class ShownRows:
    """Which of all rows a page shows: the page's number from 1, how many rows it has, and how many there are."""

    page: int
    shown: int
    count: int


@dataclass(frozen=True)
class Ways:
    """Where a page of rows leads: endpoints of its other pages and of its file, and the address of its report."""

    show: str
    download: str
    back: str


def rows_page(found: FigureRows, money: Amounts, *, figure: str, show: str, download: str, back: str) -> str:
    """The page of the rows under a figure of a month: those asked for, and the way to the others, to the file and back.

    `show`, `download` and `back` are endpoints beside the one at hand.
    """
    currency, month = asked.currency(), asked.month()
    view = "sealed" if asked.sealed() else None
    return show_page(
        rows_table(found, money),
        ShownRows(asked.page(), len(found.rows), found.count),
        title=name_of(figure),
        intro=_(
            "The rows that this figure of %(month)s is the sum of, in %(currency)s.",
            month=month_name(month),
            currency=currency.upper(),
        ),
        query={"figure": figure, "month": str(month), "currency": currency, "view": view},
        ways=Ways(show, download, url_for(back, currency=currency, view=view)),
    )


def show_page(
    table: Table, rows: ShownRows, *, title: str, intro: str, query: dict[str, Any], ways: Ways
) -> str:
    """A page of rows; `query` is what its address asks for beside the page."""
    before = (rows.page - 1) * MOST_ROWS
    has_more = before + MOST_ROWS < rows.count
    return render_template(
        "reports/staff/show_rows.html",
        title=title,
        intro=intro,
        table=table,
        count=rows.count,
        shown=(before + 1, before + rows.shown),
        csv_url=url_for(ways.download, **query),
        previous_url=url_for(ways.show, **query, page=rows.page - 1) if rows.page > 1 else "",
        next_url=url_for(ways.show, **query, page=rows.page + 1) if has_more else "",
        back=ways.back,
    )
