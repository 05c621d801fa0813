"""What the templates of reports show: figures written for people, tables and charts ready to draw."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from babel.dates import format_date
from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from membership.money import Money
from membership.reports import charts, recurring, rows
from membership.reports.charts import ColumnChart, Series
from membership.reports.definitions import name_of
from membership.reports.income import IncomeRow, Settled
from membership.reports.periods import Month
from membership.reports.recurring import BridgeRow
from membership.reports.rows import FigureRow
from membership.reports.stories import StoryRow
from membership.reports.supporters import COVERS, PatronsRow
from membership.web import filters
from membership.web.languages import page_language

FEWEST_FOR_A_RATE = 20


@dataclass(frozen=True)
class Amounts:
    """Writes minor units of a currency."""

    currency: str

    def __call__(self, amount: int) -> str:
        """For people: "€5.00"."""
        return filters.money(Money(amount, self.currency))

    def plain(self, amount: int) -> str:
        """For machines: "5.00"."""
        return Money(amount, self.currency).plain()


@dataclass(frozen=True)
class Twelfths(Amounts):
    """Writes twelfths of a minor unit, rounded to the nearest unit."""

    def __call__(self, amount: int) -> str:
        """For people."""
        return filters.money(Money((Fraction(amount, 12) + Fraction(1, 2)).__floor__(), self.currency))


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


def income_page(found: Sequence[IncomeRow], currency: str, *, sealed: bool) -> ReportPage:
    """The income report."""
    money = Amounts(currency)
    has_fees = any(row.fees is not None for row in found)
    keys = ["gross", "refunded", "disputed", *(["fees"] if has_fees else []), "net"]
    table = Table([(_("Month"), "", False), *((name_of(key), key, True) for key in keys)])
    for row in reversed(found):
        cells = [Cell(month_name(row.month, "LLL y"))]
        for key in keys:
            amount = getattr(row, key) or 0
            url = _rows_url("show_income_rows", key, row.month, currency, sealed=sealed)
            cells.append(Cell(money(amount), url) if amount else NOTHING)
        table.rows.append(cells)
    sums = {key: sum(getattr(row, key) or 0 for row in found) for key in keys}
    table.total = [Cell(_("All months")), *(Cell(money(sums[key])) for key in keys)]
    figures = [(key, name_of(key), money(sums[key]), _("24 months")) for key in keys if key != "disputed"]
    return ReportPage(figures, _income_chart(found, money), table)


def _rows_url(endpoint: str, figure: str, month: Month, currency: str, *, sealed: bool) -> str:
    if figure == "net":
        return ""
    return url_for(
        f".{endpoint}", figure=figure, month=str(month), currency=currency, view="sealed" if sealed else None
    )


def _income_chart(found: Sequence[IncomeRow], money: Amounts) -> ColumnChart:
    top = charts.round_top(max((row.gross for row in found), default=0))
    net = Series(
        name_of("net"), [row.net for row in found], [_title(row.month, money(row.net)) for row in found]
    )
    other = [row.gross - row.net for row in found]
    gone = Series(
        _("Fees, refunds and disputes"),
        other,
        [_title(row.month, money(amount)) for row, amount in zip(found, other, strict=True)],
    )
    return charts.columns(
        [net, gone],
        [month_name(row.month, "LLL yy") for row in found],
        summary=_(
            "Net income by month, and what went to fees, refunds and disputes. The table has the figures."
        ),
        scale_labels=[money(top * part // 4) for part in range(1, 5)],
        top=top,
    )


def _title(month: Month, value: str) -> str:
    return f"{month_name(month)}: {value}"


def settled_table(found: Sequence[Settled]) -> Table:
    """What gifts became in the settlement currency."""
    heads = [(_("Currency of the gift"), "", False), (_("Settled"), "", True)]
    table = Table([*heads, (name_of("fees"), "fees", True), (name_of("net"), "net", True)])
    for row in found:
        money = Amounts(row.settlement_currency)
        name = row.gift_currency.upper() or _("Stripe account fees")
        table.rows.append([Cell(name), Cell(money(row.amount)), Cell(money(row.fees)), Cell(money(row.net))])
    return table


def recurring_page(found: Sequence[BridgeRow], currency: str, *, sealed: bool) -> ReportPage:
    """The bridge."""
    money, exact = Amounts(currency), Twelfths(currency)
    steps = [name for name, _kinds in recurring.STEPS]
    heads = [(_("Month"), "", False), (_("Start"), "recurring", True)]
    table = Table([*heads, *((name_of(step), step, True) for step in steps), (_("End"), "recurring", True)])
    for row in reversed(found):
        start, *middle, end = row.printed()
        cells = [Cell(month_name(row.month, "LLL y")), Cell(money(start))]
        for step, amount in zip(steps, middle, strict=True):
            url = _rows_url("show_recurring_rows", step, row.month, currency, sealed=sealed)
            cells.append(Cell(money(amount), url) if row.steps[step] else NOTHING)
        table.rows.append([*cells, Cell(money(end))])
    last = found[-1]
    figures = [
        ("recurring", name_of("recurring"), exact(last.end), month_name(last.month)),
        (
            "new",
            name_of("new"),
            exact(last.steps["new"] + last.steps["returned"]),
            _("new and returned, this month"),
        ),
        (
            "lost_voluntary",
            _("Lost"),
            exact(sum(last.steps[step] for step in ("lost_voluntary", "lost_failed", "lost_by_staff"))),
            _("this month"),
        ),
    ]
    return ReportPage(figures, _recurring_chart(found, exact), table)


def _recurring_chart(found: Sequence[BridgeRow], exact: Twelfths) -> ColumnChart:
    top = charts.round_top(max((-(-row.end // 12) for row in found), default=0)) * 12
    series = Series(
        name_of("recurring"), [row.end for row in found], [_title(row.month, exact(row.end)) for row in found]
    )
    return charts.columns(
        [series],
        [month_name(row.month, "LLL yy") for row in found],
        summary=_("The recurring sum at the end of each month. The table has the figures."),
        scale_labels=[exact(top * part // 4) for part in range(1, 5)],
        top=top,
    )


@dataclass(frozen=True)
class LossRate:
    """A month's loss as a share of its start, written for people; "" where there were too few patrons."""

    month: str
    money: str
    patrons: str


def loss_rates(session: Session, found: Sequence[BridgeRow], currency: str) -> list[LossRate]:
    """The loss rates of some months."""
    made = []
    for row in found:
        at_start = recurring.counted_patrons(session, currency, row.month.first)
        lost = -sum(row.steps[step] for step in ("lost_voluntary", "lost_failed", "lost_by_staff"))
        gone = rows.count_under_bridge(session, recurring.LOST, currency, row.month)
        enough = at_start >= FEWEST_FOR_A_RATE and row.start > 0
        made.append(
            LossRate(
                month_name(row.month),
                _percent(lost, row.start) if enough else "",
                _percent(gone, at_start) if enough else "",
            )
        )
    return made


def _percent(part: int, whole: int) -> str:
    tenths = (Fraction(part * 1000, whole) + Fraction(1, 2)).__floor__()
    return str(_("%(number)s %%", number=f"{tenths // 10}.{tenths % 10}"))


def patrons_page(found: Sequence[PatronsRow]) -> ReportPage:
    """Patrons month by month."""
    keys = ["start", "new", "returned", "lapsed", "former", "end", "paying", "at_risk"]
    names = {"start": _("Start"), "end": _("End")}
    table = Table(
        [
            (_("Month"), "", False),
            *((names.get(k) or name_of(k), "" if k in names else k, True) for k in keys),
        ]
    )
    for row in reversed(found):
        table.rows.append(
            [Cell(month_name(row.month, "LLL y")), *(Cell(filters.number(getattr(row, key))) for key in keys)]
        )
    last = found[-1]
    figures = [
        (key, name_of(key), filters.number(value), month_name(last.month))
        for key, value in (("patrons", last.end), ("paying", last.paying), ("at_risk", last.at_risk))
    ]
    return ReportPage(figures, _patrons_chart(found), table)


def _patrons_chart(found: Sequence[PatronsRow]) -> ColumnChart:
    top = charts.round_top(max((row.end for row in found), default=0))
    labels = {
        "recurring": _("Recurring"),
        "once": _("One-time"),
        "offline": _("Offline"),
        "gift": _("Gift"),
        "grant": _("Grant"),
    }
    used = [cover for cover in COVERS if any(row.by_cover[cover] for row in found)] or ["recurring"]
    series = [
        Series(
            labels[cover],
            [row.by_cover[cover] for row in found],
            [_title(row.month, filters.number(row.by_cover[cover])) for row in found],
        )
        for cover in used
    ]
    return charts.columns(
        series,
        [month_name(row.month, "LLL yy") for row in found],
        summary=_("Patrons at the end of each month by what covers them. The table has the figures."),
        scale_labels=[filters.number(top * part // 4) for part in range(1, 5)],
        top=top,
    )


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
                Cell(row.title or _("Not known")),
                Cell(filters.number(row.patrons)),
                *(Cell(money(v)) for v in (row.gross, row.refunded, row.disputed, row.kept, row.once)),
            ]
        )
    sums = [
        sum(getattr(row, key) for row in found) for key in ("gross", "refunded", "disputed", "kept", "once")
    ]
    table.total = [Cell(_("All")), Cell(""), *(Cell(money(value)) for value in sums)]
    return table


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
