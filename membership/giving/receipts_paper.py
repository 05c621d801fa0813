"""A receipt as PDF, in the language it was issued in."""

from datetime import date, datetime

from flask_babel import gettext as _

from membership.giving.letterhead import Letterhead
from membership.giving.paper import Column, Paper
from membership.giving.receipts_shown import ReceiptView
from membership.giving.receipts_words import gift_name, paid_with, what_name
from membership.money import Money
from membership.web import filters
from membership.web.languages import force_locale


def write(
    view: ReceiptView, letterhead: Letterhead, *, made_at: datetime, copied_on: date | None = None
) -> bytes:
    """The file of a receipt; with `copied_on` it is marked as a copy made that day."""
    with force_locale(view.language):
        return _write(view, letterhead, made_at, copied_on)


def _write(view: ReceiptView, letterhead: Letterhead, made_at: datetime, copied_on: date | None) -> bytes:
    title = _("Receipt %(number)s", number=view.label)
    paper = Paper(letterhead, title=title, reference=title, language=view.language, made_at=made_at)
    paper.heading(title, mark=_mark(view, copied_on))
    _notes(paper, view, copied_on)
    paper.facts(_facts(view))
    paper.paragraph(_("We have received this gift, and thank you for it."))
    _amounts(paper, view)
    if view.text:
        paper.ln(4)
        for part in view.text.split("\n\n"):
            paper.paragraph(part.strip(), size=9, quiet=True)
    return paper.finished()


def _mark(view: ReceiptView, copied_on: date | None) -> str:
    if view.canceled_on is not None:
        return str(_("Canceled")).upper()
    return str(_("Duplicate")).upper() if copied_on is not None else ""


def _notes(paper: Paper, view: ReceiptView, copied_on: date | None) -> None:
    """What must be known before anything else: that it no longer holds, or what it replaces."""
    if view.canceled_on is not None:
        day = _day(view, view.canceled_on)
        told = (
            _(
                "Canceled on %(day)s. Receipt %(number)s stands in its place.",
                day=day,
                number=view.replaced_by,
            )
            if view.replaced_by
            else _("Canceled on %(day)s. It no longer proves a gift.", day=day)
        )
        paper.paragraph(told)
    if view.replaces:
        paper.paragraph(_("Issued in place of receipt %(number)s, which was canceled.", number=view.replaces))
    if copied_on is not None:
        day = _day(view, copied_on)
        paper.paragraph(
            _("Duplicate made on %(day)s; number and content are those of the original.", day=day)
        )


def _facts(view: ReceiptView) -> list[tuple[str, str]]:
    rows = [
        (_("Received from"), view.name or _("a patron who gave no name")),
        (_("Day of the gift"), _day(view, view.given_on)),
        (_("Paid with"), paid_with(view)),
        (_("Reference"), view.reference),
        (_("Issued by"), view.issuer),
        (_("Issued on"), _day(view, view.issued_on)),
    ]
    return [(term, value) for term, value in rows if value]


def _amounts(paper: Paper, view: ReceiptView) -> None:
    currency = view.money.currency.upper()
    columns = [Column(head=_("Gift"), width=70), Column(head=currency, width=30, align="RIGHT")]
    rows = [[gift_name(view.interval), _money(view, view.money)]]
    if not view.gone:
        paper.rows(columns, rows, [_("Received"), _money(view, view.money)])
    else:
        for row in view.gone:
            what = _("%(what)s, %(day)s", what=what_name(row.what), day=_day(view, row.day))
            rows.append([what, _money(view, row.money)])
        paper.rows(columns, rows, [_("Counts as given"), _money(view, view.counts)])
    if view.covered_fee:
        fee = _money(view, view.covered_fee)
        paper.paragraph(
            _("Of the gift, %(fee)s was added to cover the card fee.", fee=fee), size=9, quiet=True
        )


def _day(view: ReceiptView, day: date) -> str:
    return filters.day(day, language=view.language)


def _money(view: ReceiptView, money: Money) -> str:
    return filters.money(money, view.language)
