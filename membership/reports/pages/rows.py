"""The rows that a figure opens onto."""

from collections.abc import Callable
from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _

from membership.reports import asked
from membership.reports.csvfiles import Cell as CsvCell
from membership.reports.csvfiles import Plain
from membership.reports.definitions import name_of
from membership.reports.pages.parts import Amounts, Cell, Table
from membership.reports.rows import MOST_ROWS, FigureRows
from membership.web import filters

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


def rows_page(found: FigureRows, money: Amounts, *, figure: str, show: str, download: str, back: str) -> str:
    """The page of the rows under a figure: those asked for, and the way to the others, to the file and back.

    `show`, `download` and `back` are endpoints beside the one at hand.
    """
    page, currency, month = asked.page(), asked.currency(), asked.month()
    query: dict[str, Any] = {
        "figure": figure,
        "month": str(month),
        "currency": currency,
        "view": "sealed" if asked.sealed() else None,
    }
    before = (page - 1) * MOST_ROWS
    return render_template(
        "reports/staff/show_rows.html",
        figure=name_of(figure),
        month=month.first,
        table=rows_table(found, money),
        count=found.count,
        shown=(before + 1, before + len(found.rows)),
        csv_url=url_for(download, **query),
        previous_url=url_for(show, **query, page=page - 1) if page > 1 else "",
        next_url=url_for(show, **query, page=page + 1) if before + MOST_ROWS < found.count else "",
        back=back,
        currency=currency,
    )
