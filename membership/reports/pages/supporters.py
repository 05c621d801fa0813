"""Patrons month by month."""

from collections.abc import Sequence

from flask_babel import gettext as _

from membership.reports import charts
from membership.reports.charts import ColumnChart, Series
from membership.reports.definitions import name_of
from membership.reports.pages.parts import (
    Cell,
    ReportPage,
    Table,
    month_name,
    titled,
)
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
