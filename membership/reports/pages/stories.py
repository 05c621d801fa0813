"""Earnings by story or appeal."""

from collections.abc import Sequence

from flask_babel import gettext as _

from membership.reports.definitions import name_of
from membership.reports.pages.parts import (
    Amounts,
    Cell,
    Table,
)
from membership.reports.stories import StoryRow
from membership.web import filters


def stories_table(found: Sequence[StoryRow], currency: str) -> Table:
    """Earnings by story or appeal, with the total that the ledger has."""
    money = Amounts(currency)
    heads = [
        (_("Title"), "", False),
        (_("Patrons"), "", True),
        (name_of("gross"), "gross", True),
        (name_of("refunded"), "refunded", True),
        (name_of("disputed"), "disputed", True),
        (_("Kept"), "story_earnings", True),
        (_("of it one-time"), "", True),
    ]
    table = Table(heads)
    for row in found:
        table.rows.append(
            [
                Cell(_("Offline gifts") if row.is_offline else row.title or _("Not known")),
                Cell(filters.number(row.patrons)),
                *(Cell(money(v)) for v in (row.gross, row.refunded, row.disputed, row.kept, row.once)),
            ]
        )
    sums = [
        sum(getattr(row, key) for row in found) for key in ("gross", "refunded", "disputed", "kept", "once")
    ]
    table.total = [Cell(_("All")), Cell(""), *(Cell(money(value)) for value in sums)]
    return table
