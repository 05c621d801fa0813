"""The rows that a figure opens onto."""

from collections.abc import Sequence

from flask_babel import gettext as _

from membership.reports.pages.parts import (
    Amounts,
    Cell,
    Table,
)
from membership.reports.rows import FigureRow
from membership.web import filters


def rows_table(found: Sequence[FigureRow], money: Amounts) -> Table:
    """The rows under a figure."""
    heads = [
        (_("Day"), "", False),
        (_("What"), "", False),
        (_("Stripe"), "", False),
        (_("Patron"), "", False),
    ]
    table = Table([*heads, (_("Amount"), "", True)])
    for row in found:
        table.rows.append(
            [
                Cell(filters.day(row.day)),
                Cell(row.kind.replace("_", " ")),
                Cell(row.stripe_id),
                Cell(row.name or row.patron),
                Cell(money(row.amount)),
            ]
        )
    table.total = [
        Cell(_("All")),
        Cell(""),
        Cell(""),
        Cell(""),
        Cell(money(sum(row.amount for row in found))),
    ]
    return table
