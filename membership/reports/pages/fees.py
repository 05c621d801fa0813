"""The report of covered fees: what patrons added, beside what the card fees really were."""

from collections.abc import Sequence

from flask_babel import gettext as _

from membership.reports import charts
from membership.reports.charts import ColumnChart, Series
from membership.reports.definitions import name_of
from membership.reports.fees import FeesRow
from membership.reports.pages.parts import (
    NOTHING,
    Amounts,
    Cell,
    ReportPage,
    Table,
    month_name,
    percent,
    rows_url,
    titled,
)
from membership.web import filters
from membership.web.csvfiles import Cell as CsvCell
from membership.web.csvfiles import Plain

MONEY = ("covered", "card_fees_of_covering", "card_fees")
CSV_HEADER = [
    "month",
    "currency",
    "payments",
    "payments_covering",
    "covered",
    "card_fees_of_those",
    "difference",
    "card_fees_of_all",
]


def fees_page(found: Sequence[FeesRow], currency: str, *, sealed: bool) -> ReportPage:
    """The report of covered fees."""
    money = Amounts(currency)
    heads = [(_("Month"), "", False), (_("Payments"), "", True), (_("of them covering"), "", True)]
    table = Table([*heads, *((name_of(key), key, True) for key in MONEY), (_("Difference"), "", True)])
    for row in reversed(found):
        cells = [Cell(month_name(row.month, "LLL y")), _count(row.payments), _count(row.covering)]
        for key in MONEY:
            url = rows_url("show_rows", key, row.month, currency, sealed=sealed)
            cells.append(_amount(money, getattr(row, key), url))
        table.rows.append([*cells, _amount(money, row.difference)])
    table.total = _total(found, money)
    return ReportPage(_figures(found, money), _chart(found, money), table)


def _count(number: int) -> Cell:
    return Cell(filters.number(number)) if number else NOTHING


def _amount(money: Amounts, amount: int | None, url: str = "") -> Cell:
    return Cell(money(amount), url) if amount else NOTHING


def _sum(found: Sequence[FeesRow], key: str) -> int:
    return sum(getattr(row, key) or 0 for row in found)


def _total(found: Sequence[FeesRow], money: Amounts) -> list[Cell]:
    counts = [Cell(filters.number(_sum(found, key))) for key in ("payments", "covering")]
    amounts = [Cell(money(_sum(found, key))) for key in (*MONEY, "difference")]
    return [Cell(_("All months")), *counts, *amounts]


def _figures(found: Sequence[FeesRow], money: Amounts) -> list[tuple[str, str, str, str]]:
    covered, fees, payments = (_sum(found, key) for key in ("covered", "card_fees", "payments"))
    figures = [("covered", name_of("covered"), money(covered), _("24 months"))]
    if fees:
        figures.append(("card_fees", name_of("card_fees"), money(fees), _("24 months")))
        figures.append(
            ("covered_share", name_of("covered_share"), percent(covered, fees), _("of all card fees"))
        )
    if payments:
        covering = _sum(found, "covering")
        figures.append(("covered", _("Payments that cover it"), percent(covering, payments), _("24 months")))
    return figures


def _chart(found: Sequence[FeesRow], money: Amounts) -> ColumnChart:
    left = [max(0, (row.card_fees or 0) - row.covered) for row in found]
    top = charts.round_top(
        max((row.covered + rest for row, rest in zip(found, left, strict=True)), default=0)
    )
    covered = Series(
        name_of("covered"),
        [row.covered for row in found],
        [titled(row.month, money(row.covered)) for row in found],
    )
    from_gifts = Series(
        _("Card fees paid from the gifts"),
        left,
        [titled(row.month, money(rest)) for row, rest in zip(found, left, strict=True)],
    )
    return charts.columns(
        [covered, from_gifts],
        [month_name(row.month, "LLL yy") for row in found],
        summary=_(
            "Card fees by month: what patrons covered, and what went off the gifts. The table has the figures."
        ),
        scale_labels=[money.short(top * part // 4) for part in range(1, 5)],
        top=top,
    )


def csv_of_fees(found: Sequence[FeesRow], currency: str) -> list[list[CsvCell]]:
    """The same for CSV, in the currency's own decimals; empty where a fee is not known in it."""
    money = Amounts(currency)

    def plain(amount: int | None) -> CsvCell:
        return "" if amount is None else Plain(money.plain(amount))

    return [
        [
            *(str(row.month), currency, row.payments, row.covering),
            *(
                plain(row.covered),
                plain(row.card_fees_of_covering),
                plain(row.difference),
                plain(row.card_fees),
            ),
        ]
        for row in found
    ]
