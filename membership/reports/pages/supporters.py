"""Patrons month by month."""

from collections.abc import Sequence

from flask import url_for
from flask_babel import gettext as _

from membership.reports import asked, charts
from membership.reports.charts import ColumnChart, Series
from membership.reports.definitions import name_of
from membership.reports.pages.parts import (
    NOTHING,
    Cell,
    ReportPage,
    Table,
    month_name,
    titled,
)
from membership.reports.pages.rows import ShownRows, Ways, show_page
from membership.reports.supporter_rows import PatronsUnder
from membership.reports.supporters import COVERS, PatronsRow
from membership.web import filters


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
        table.rows.append([Cell(month_name(row.month, "LLL y")), *(_cell(row, key) for key in keys)])
    last = found[-1]
    figures = [
        (key, name_of(key), filters.number(value), month_name(last.month))
        for key, value in (("patrons", last.end), ("paying", last.paying), ("at_risk", last.at_risk))
    ]
    return ReportPage(figures, _patrons_chart(found), table)


def _cell(row: PatronsRow, key: str) -> Cell:
    number = getattr(row, key)
    url = url_for(".show_rows", figure=key, month=str(row.month)) if number else ""
    return Cell(filters.number(number), url) if number else NOTHING


def rows_page(found: PatronsUnder, *, figure: str) -> str:
    """The page of the patrons under a figure: those asked for, and the way to the others, to the file and back."""
    page, month, covers = asked.page(), asked.month(), _covers()
    left = figure in {"lapsed", "former"}
    table = Table(
        [
            (_("Covered until") if left else _("Covered since"), "", False),
            (_("By what"), "", False),
            (_("Patron"), "", False),
        ]
    )
    for row in found.rows:
        cells = (filters.day(row.day, "medium"), covers[row.cover], row.name or row.patron)
        table.rows.append([*map(Cell, cells)])
    name = {"start": _("Start"), "end": _("End"), **covers}.get(figure) or name_of(figure)
    return show_page(
        table,
        ShownRows(page, len(found.rows), found.count),
        title=name,
        intro=_("The patrons that this figure of %(month)s counts.", month=month_name(month)),
        query={"figure": figure, "month": str(month)},
        ways=Ways(show=".show_rows", download=".download_rows", back=url_for(".show")),
    )


def _covers() -> dict[str, str]:
    return {
        "recurring": _("Recurring"),
        "once": _("One-time"),
        "offline": _("Offline"),
        "gift": _("Gift"),
        "grant": _("Grant"),
    }


def _patrons_chart(found: Sequence[PatronsRow]) -> ColumnChart:
    top = charts.round_top(max((row.end for row in found), default=0))
    labels = _covers()
    used = [cover for cover in COVERS if any(row.by_cover[cover] for row in found)] or ["recurring"]
    series = [
        Series(
            labels[cover],
            [row.by_cover[cover] for row in found],
            [titled(row.month, filters.number(row.by_cover[cover])) for row in found],
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
