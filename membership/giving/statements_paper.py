"""A statement as PDF: a table for each currency, with the receipts' numbers and the sums."""

from datetime import date, datetime

from flask_babel import gettext as _

from membership.giving.letterhead import Letterhead
from membership.giving.paper import Column, Paper
from membership.giving.receipts_words import what_name
from membership.giving.statements import Account, Row, Statement
from membership.money import Money
from membership.web import filters
from membership.web.languages import force_locale


def write(
    statement: Statement,
    letterhead: Letterhead,
    *,
    name: str,
    text: str,
    language: str,
    made_at: datetime,
    today: date,
) -> bytes:
    """The file of a statement for `name` ("" where none is known); `text` is the legal text in force."""
    with force_locale(language):
        return _Writer(statement, letterhead, name, language, made_at).write(text, today)


class _Writer:
    def __init__(
        self, statement: Statement, letterhead: Letterhead, name: str, language: str, made_at: datetime
    ) -> None:
        self._statement, self._name, self._language = statement, name, language
        self._span = f"{self._day(statement.first)} – {self._day(statement.last)}"
        title = _("Statement of gifts")
        self._paper = Paper(
            letterhead,
            title=f"{title}, {self._span}",
            reference=f"{title}, {self._span}",
            language=language,
            made_at=made_at,
        )
        self._paper.heading(title)

    def write(self, text: str, today: date) -> bytes:
        paper = self._paper
        paper.facts(
            [
                (_("For"), self._name or _("a patron who gave no name")),
                (_("Period"), self._span),
                (_("Made on"), self._day(today)),
            ]
        )
        for account in self._statement.accounts:
            self._account(account)
        if not self._statement.accounts:
            paper.paragraph(_("In this period nothing was given and nothing went back."))
        for part in filter(None, text.split("\n\n")):
            paper.paragraph(part.strip(), size=9, quiet=True)
        return paper.finished()

    def _account(self, account: Account) -> None:
        paper = self._paper
        if len(self._statement.accounts) > 1:
            paper.subheading(_("In %(currency)s", currency=account.currency.upper()))
        columns = [
            Column(head=_("Day"), width=30),
            Column(head=_("What"), width=44),
            Column(head=_("Receipt"), width=26),
            Column(head=account.currency.upper(), width=26, align="RIGHT"),
        ]
        total = [_("Given in this period"), "", "", self._money(account.total)]
        paper.rows(columns, [self._row(row) for row in account.rows], total)
        if account.gone:
            told = _(
                "Gifts of %(given)s, less %(gone)s that went back.",
                given=self._money(account.given),
                gone=self._money(account.gone),
            )
            paper.paragraph(told, size=9, quiet=True)

    def _row(self, row: Row) -> list[str]:
        return [self._day(row.day), what_name(row.what), row.receipt, self._money(row.money)]

    def _day(self, day: date) -> str:
        return filters.day(day, language=self._language)

    def _money(self, money: Money) -> str:
        return filters.money(money, self._language)
