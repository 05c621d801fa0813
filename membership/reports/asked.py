"""What the address of a report asks for: a currency, a month, the sealed view, a page; 404 for what there is not."""

from datetime import date

from flask import abort, request

from membership import clock
from membership.accounts.session import current_account
from membership.db import db
from membership.newsroom.present import newsroom
from membership.reports import income
from membership.reports.periods import Month, PeriodError, last_months

MONTHS = 24


def figure(usual: str) -> str:
    """The figure whose rows are asked for."""
    return request.args.get("figure", usual)


def page() -> int:
    """The page of rows asked for, from 1."""
    typed = request.args.get("page", "1")
    return max(1, int(typed)) if typed.isascii() and typed.isdigit() and len(typed) < 7 else 1


def today() -> date:
    """The newsroom's day."""
    return clock.today(newsroom().zone)


def months() -> list[Month]:
    """The months of every report, the oldest first."""
    return last_months(MONTHS, today())


def month() -> Month:
    """The month asked for; 404 for none."""
    try:
        return Month.parse(request.args.get("month", ""))
    except PeriodError:
        abort(404)


def currency() -> str:
    """The currency asked for, else the newsroom's own; 404 for one it has never taken."""
    asked = request.args.get("currency", newsroom().default_currency)
    if asked not in newsroom().currencies and asked not in income.currencies(db.session()):
        abort(404)
    return asked


def sealed() -> bool:
    """Whether the sealed view is asked for."""
    return request.args.get("view") == "sealed"


def sees_names() -> bool:
    """Whether whoever asks may see patrons."""
    account = current_account()
    return account is not None and account.sees_patrons
