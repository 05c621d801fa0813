"""The bridge of what recurs, and the loss rates."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from membership.reports import charts, recurring, rows
from membership.reports.charts import ColumnChart, Series
from membership.reports.definitions import name_of
from membership.reports.pages.parts import (
    NOTHING,
    Amounts,
    Cell,
    ReportPage,
    Table,
    Twelfths,
    month_name,
    percent,
    rows_url,
    titled,
)
from membership.reports.recurring import BridgeRow

FEWEST_FOR_A_RATE = 20


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
            url = rows_url("show_recurring_rows", step, row.month, currency, sealed=sealed)
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
        name_of("recurring"), [row.end for row in found], [titled(row.month, exact(row.end)) for row in found]
    )
    return charts.columns(
        [series],
        [month_name(row.month, "LLL yy") for row in found],
        summary=_("The recurring sum at the end of each month. The table has the figures."),
        scale_labels=[exact.short(top * part // 4) for part in range(1, 5)],
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
                percent(lost, row.start) if enough else "",
                percent(gone, at_start) if enough else "",
            )
        )
    return made
