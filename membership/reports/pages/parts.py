"""What every page of reports is made of: amounts written for people, cells, tables, figures and a chart."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from babel.dates import format_date
from flask import url_for
from flask_babel import gettext as _

from membership.money import Money
from membership.reports.charts import ColumnChart
from membership.reports.periods import Month
from membership.web import filters
from membership.web.languages import page_language


@dataclass(frozen=True)
class Amounts:
    """Writes minor units of a currency."""

    currency: str

    def __call__(self, amount: int) -> str:
        """For people: "€5.00"."""
        return filters.money(Money(amount, self.currency))

    def short(self, amount: int) -> str:
        """For the scale of a chart: whole amounts without their decimals, "€500"."""
        return filters.money(Money(amount, self.currency), short=True)

    def plain(self, amount: int) -> str:
        """For machines: "5.00"."""
        return Money(amount, self.currency).plain()


@dataclass(frozen=True)
class Twelfths(Amounts):
    """Writes twelfths of a minor unit, rounded to the nearest unit."""

    def __call__(self, amount: int) -> str:
        """For people."""
        return super().__call__((Fraction(amount, 12) + Fraction(1, 2)).__floor__())

    def short(self, amount: int) -> str:
        """For the scale of a chart."""
        return super().short((Fraction(amount, 12) + Fraction(1, 2)).__floor__())


@dataclass(frozen=True)
class Cell:
    """A table's cell that may lead to its rows."""

    text: str
    url: str = ""


NOTHING = Cell("–")
"""A cell of an amount of 0: quiet, so that the others are seen."""


@dataclass
class Table:
    """A table: heads (name, definition's key, whether numbers), rows of cells, and a total."""

    heads: list[tuple[str, str, bool]]
    rows: list[list[Cell]] = field(default_factory=list)
    total: list[Cell] = field(default_factory=list)


@dataclass
class ReportPage:
    """One report: its big figures, its chart and its table."""

    figures: list[tuple[str, str, str, str]]  # definition's key, name, value, note
    chart: ColumnChart
    table: Table


def month_name(month: Month, length: str = "LLLL y") -> str:
    """Write a month: "November 2026"."""
    return format_date(month.first, length, locale=page_language())


def currency_tabs(endpoint: str, currencies: Sequence[str], chosen: str) -> list[dict[str, object]]:
    """One tab a currency."""
    return [
        {
            "label": currency.upper(),
            "url": url_for(f".{endpoint}", currency=currency),
            "current": currency == chosen,
        }
        for currency in currencies or [chosen]
    ]


def rows_url(endpoint: str, figure: str, month: Month, currency: str, *, sealed: bool) -> str:
    """Where the rows under one figure of a month are shown; "" for what has none of its own."""
    if figure == "net":
        return ""
    return url_for(
        f".{endpoint}", figure=figure, month=str(month), currency=currency, view="sealed" if sealed else None
    )


def titled(month: Month, value: str) -> str:
    """What a column says when it is pointed at: "November 2026: €5.00"."""
    return f"{month_name(month)}: {value}"


def percent(part: int, whole: int) -> str:
    """Write a share with one decimal: "15.7 %"."""
    tenths = (Fraction(part * 1000, whole) + Fraction(1, 2)).__floor__()
    return str(_("%(number)s %%", number=f"{tenths // 10}.{tenths % 10}"))
