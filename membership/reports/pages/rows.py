"""The rows that a figure opens onto."""

from collections.abc import Callable

from flask_babel import gettext as _

from membership.reports.csvfiles import Cell as CsvCell
from membership.reports.csvfiles import Plain
from membership.reports.definitions import name_of
from membership.reports.pages.parts import Amounts, Cell, Table
from membership.reports.rows import FigureRows
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
