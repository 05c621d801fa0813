"""Skipped payments, month by month."""

from collections.abc import Sequence

from flask_babel import gettext as _

from membership.reports.definitions import name_of
from membership.reports.pages.parts import NOTHING, Amounts, Cell, Table, month_name, rows_url
from membership.reports.skips import SkipsRow
from membership.web import filters
from membership.web.csvfiles import Cell as CsvCell
from membership.web.csvfiles import Plain

CSV_HEADER = ["month", "currency", "payments", "skipped"]


def skips_table(found: Sequence[SkipsRow], currency: str) -> Table | None:
    """The months in which payments were skipped, the newest first, and their sum; None where none ever was."""
    money = Amounts(currency)
    heads = [(_("Month"), "", False), (_("Payments"), "", True), (name_of("skipped"), "skipped", True)]
    table = Table(heads)
    for row in reversed([row for row in found if row.payments]):
        url = rows_url("skips.show_rows", "skipped", row.month, currency, sealed=False)
        amount = Cell(money(row.amount), url) if row.amount else NOTHING
        table.rows.append([Cell(month_name(row.month, "LLL y")), Cell(filters.number(row.payments)), amount])
    payments, brought = sum(row.payments for row in found), sum(row.amount for row in found)
    table.total = [Cell(_("All months")), Cell(filters.number(payments)), Cell(money(brought))]
    return table if table.rows else None


def csv_of_skips(found: Sequence[SkipsRow], currency: str) -> list[list[CsvCell]]:
    """The same for CSV, each month, in the currency's own decimals."""
    money = Amounts(currency)
    return [[str(row.month), currency, row.payments, Plain(money.plain(row.amount))] for row in found]
