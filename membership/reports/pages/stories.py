"""Earnings by story or appeal."""

from collections.abc import Sequence

from flask import url_for
from flask_babel import gettext as _

from membership.reports import asked, charts
from membership.reports.charts import Bar, BarChart
from membership.reports.definitions import name_of
from membership.reports.pages.parts import NOTHING, Amounts, Cell, Table
from membership.reports.pages.rows import ShownRows, Ways, rows_table, show_page
from membership.reports.rows import FigureRows
from membership.reports.stories import By, SettledRow, StoryRow, Subject
from membership.reports.story_rows import Asked
from membership.web import filters

UNKNOWN, OFFLINE = "unknown", "offline"
WITHOUT = (UNKNOWN, OFFLINE)
"""What stands in an address for gifts whose story is not known, and for those that came outside of Stripe."""
MOST_BARS = 10


def stories_table(found: Sequence[StoryRow], currency: str, *, sealed: bool) -> Table:
    """Earnings by story or appeal, with the total that the ledger has; each figure leads to its rows."""
    money = Amounts(currency)
    in_itself = ["fees", "net"] if any(row.fees for row in found) else []
    keys = ["gross", "refunded", "disputed", "kept", "once", *in_itself]
    names = {"kept": _("Kept"), "once": _("of it one-time")}
    meanings = {"kept": "story_earnings", "net": "story_earnings", "once": ""}
    heads = [(_("Title"), "", False), (_("Patrons"), "", True)]
    table = Table([*heads, *((names.get(key) or name_of(key), meanings.get(key, key), True) for key in keys)])
    for row in found:
        cells = [Cell(_title(row.subject, row.title))]
        cells.append(Cell(filters.number(row.patrons), _url("patrons", row, currency, sealed=sealed)))
        for key in keys:
            amount = getattr(row, key)
            cells.append(Cell(money(amount), _url(key, row, currency, sealed=sealed)) if amount else NOTHING)
        table.rows.append(cells)
    sums = [sum(getattr(row, key) for row in found) for key in keys]
    table.total = [Cell(_("All")), Cell(""), *(Cell(money(value)) for value in sums)]
    return table


def stories_chart(found: Sequence[StoryRow], currency: str) -> BarChart | None:
    """What the stories that brought most brought; None where none did."""
    money = Amounts(currency)
    most = [row for row in found if row.subject.id is not None and row.kept > 0][:MOST_BARS]
    if not most:
        return None
    return charts.bars(
        [Bar(row.title, row.kept, money(row.kept)) for row in most],
        summary=_("The stories that brought most. The table has the figures."),
    )


def settled_table(found: Sequence[SettledRow]) -> Table:
    """What gifts became, by story, where they settled in another currency."""
    heads = [(_("Title"), "", False), (_("Settled"), "", True)]
    table = Table([*heads, (name_of("fees"), "fees", True), (name_of("net"), "story_earnings", True)])
    for row in found:
        money = Amounts(row.currency)
        cells = (money(row.amount), money(row.fees), money(row.net))
        table.rows.append([Cell(_title(row.subject, row.title)), *map(Cell, cells)])
    return table


def rows_page(found: FigureRows, figure: str, which: Asked, *, title: str) -> str:
    """The page of the rows under a figure of one story or appeal."""
    money, view = Amounts(which.currency), "sealed" if which.sealed else None
    names = {"kept": _("Kept"), "once": _("One-time gifts")}
    query = {"by": which.subject.by.value, "of": key_of(which.subject), "currency": which.currency}
    return show_page(
        rows_table(found, money),
        ShownRows(asked.page(), len(found.rows), found.count),
        title=f"{_title(which.subject, title)}: {names.get(figure) or name_of(figure)}",
        intro=_(
            "The rows of the last 24 months that this figure is made of, in %(currency)s.",
            currency=which.currency.upper(),
        ),
        query={**query, "figure": figure, "view": view},
        ways=Ways(".show_rows", ".download_rows", url_for(".show", currency=which.currency, view=view)),
    )


def key_of(subject: Subject) -> str:
    """What stands in an address for a story or appeal."""
    if subject.is_offline:
        return OFFLINE
    return UNKNOWN if subject.id is None else str(subject.id)


def _title(subject: Subject, title: str) -> str:
    if subject.is_offline:
        return str(_("Offline gifts"))
    unknown = _("Without an appeal") if subject.by is By.APPEAL else _("Not known")
    return title or str(unknown)


def _url(figure: str, row: StoryRow, currency: str, *, sealed: bool) -> str:
    return url_for(
        ".show_rows",
        by=row.subject.by.value,
        of=key_of(row.subject),
        figure=figure,
        currency=currency,
        view="sealed" if sealed else None,
    )
