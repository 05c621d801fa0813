"""The income report: from gross to net by month, and what reached the balance."""

from collections.abc import Sequence

from flask_babel import gettext as _

from membership.reports import charts
from membership.reports.charts import ColumnChart, Series
from membership.reports.definitions import name_of
from membership.reports.income import IncomeRow, Settled
from membership.reports.pages.parts import (
    NOTHING,
    Amounts,
    Cell,
    ReportPage,
    Table,
    month_name,
    rows_url,
    titled,
)

APART = frozenset({"disputed", "offline"})
"""Figures that stand in the table alone."""


def income_page(found: Sequence[IncomeRow], currency: str, *, sealed: bool) -> ReportPage:
    """The income report."""
    money = Amounts(currency)
    has_fees = any(row.fees is not None for row in found)
    has_offline = any(row.offline for row in found)
    offline, fees = ["offline"] if has_offline else [], ["fees"] if has_fees else []
    keys = ["gross", *offline, "refunded", "disputed", *fees, "net"]
    table = Table([(_("Month"), "", False), *((name_of(key), key, True) for key in keys)])
    for row in reversed(found):
        cells = [Cell(month_name(row.month, "LLL y"))]
        for key in keys:
            amount = getattr(row, key) or 0
            url = rows_url("show_income_rows", key, row.month, currency, sealed=sealed)
            cells.append(Cell(money(amount), url) if amount else NOTHING)
        table.rows.append(cells)
    sums = {key: sum(getattr(row, key) or 0 for row in found) for key in keys}
    table.total = [Cell(_("All months")), *(Cell(money(sums[key])) for key in keys)]
    figures = [(key, name_of(key), money(sums[key]), _("24 months")) for key in keys if key not in APART]
    return ReportPage(figures, _income_chart(found, money), table)


def _income_chart(found: Sequence[IncomeRow], money: Amounts) -> ColumnChart:
    top = charts.round_top(max((row.gross for row in found), default=0))
    net = Series(
        name_of("net"), [row.net for row in found], [titled(row.month, money(row.net)) for row in found]
    )
    other = [row.gross - row.net for row in found]
    gone = Series(
        _("Fees, refunds and disputes"),
        other,
        [titled(row.month, money(amount)) for row, amount in zip(found, other, strict=True)],
    )
    return charts.columns(
        [net, gone],
        [month_name(row.month, "LLL yy") for row in found],
        summary=_(
            "Net income by month, and what went to fees, refunds and disputes. The table has the figures."
        ),
        scale_labels=[money.short(top * part // 4) for part in range(1, 5)],
        top=top,
    )


def settled_table(found: Sequence[Settled]) -> Table:
    """What gifts became in the settlement currency."""
    heads = [(_("Currency of the gift"), "", False), (_("Settled"), "", True)]
    table = Table([*heads, (name_of("fees"), "fees", True), (name_of("net"), "net", True)])
    for row in found:
        money = Amounts(row.settlement_currency)
        name = row.gift_currency.upper() or _("Stripe account fees")
        if row.is_offline:
            name = _("%(currency)s, offline", currency=name)
        table.rows.append([Cell(name), Cell(money(row.amount)), Cell(money(row.fees)), Cell(money(row.net))])
    return table
