"""Amounts, dates and numbers for people, as the page's language writes them."""

import re
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_currency, format_decimal, get_currency_symbol
from flask import Flask, current_app

from membership import clock
from membership.money import Money, decimals
from membership.web.languages import page_language

_SIGNS = {"eur": "€", "uah": "₴", "usd": "$", "gbp": "£", "pln": "zł"}


def init_app(app: Flask) -> None:
    """Give templates `|money`, `|date`, `|datetime`, `|machine`, `|until` and `|number`."""
    app.jinja_env.filters.update(
        money=money, date=day, datetime=instant, machine=for_machines, until=until, number=number
    )


def money(value: Money, language: str | None = None, *, short: bool = False) -> str:
    """Write "€5.00" or "5,00 €": with all decimals and a true minus, as the language writes it.

    `short` leaves the decimals of whole amounts out: "€5".
    """
    exact = Decimal(value.amount).scaleb(-decimals(value.currency))
    language = language or page_language()
    if short and exact == exact.to_integral_value():
        whole = Locale.parse(language).currency_formats["standard"].pattern.replace("0.00", "0")
        text = format_currency(exact, value.currency.upper(), whole, language, currency_digits=False)
    else:
        text = format_currency(exact, value.currency.upper(), locale=language, currency_digits=True)
    return with_symbol(text, value.currency, language).replace("-", "−")


def symbol(currency: str, language: str | None = None) -> str:
    """The sign that people know, like "€" or "₴", also in languages whose own rules would write a code."""
    return _SIGNS.get(currency) or get_currency_symbol(currency.upper(), locale=language or page_language())


def with_symbol(text: str, currency: str, language: str) -> str:
    """An amount as babel has written it, with our sign in the place of the one it took."""
    return text.replace(get_currency_symbol(currency.upper(), locale=language), symbol(currency, language))


def day(value: date | datetime, length: str = "long", language: str | None = None) -> str:
    """Write "22 November 2026": the day, in the newsroom's time zone if an instant is given."""
    if isinstance(value, datetime):
        value = value.astimezone(newsroom_zone()).date()
    return _year_bare(format_date(value, length, locale=_british(language or page_language())))


def for_machines(value: datetime) -> str:
    """Write "2026-11-22T12:05:00+00:00", to the second, as `time` elements and descriptions take it (HTML, 2.3.5.4)."""
    return value.isoformat(timespec="seconds")


def instant(value: datetime, language: str | None = None) -> str:
    """Write "22 November 2026, 14:05" in the newsroom's time zone."""
    local = value.astimezone(newsroom_zone())
    locale = _british(language or page_language())
    written = _year_bare(format_date(local.date(), "long", locale=locale))
    return f"{written}, {format_datetime(local, 'HH:mm', locale=locale)}"


def until(value: datetime, language: str | None = None) -> str:
    """Write how far off an instant is: "in 3 days", "2 hours ago"."""
    locale = _british(language or page_language())
    return format_timedelta(value - clock.now(), add_direction=True, locale=locale)


def number(value: int, language: str | None = None) -> str:
    """Write a count: "1,234"."""
    return format_decimal(value, locale=language or page_language())


def newsroom_zone() -> ZoneInfo:
    """The newsroom's time zone."""
    zone: ZoneInfo = current_app.extensions["membership_zone"]()
    return zone


def _year_bare(text: str) -> str:
    """A date without the "р." that Ukrainian puts after the year: before a full stop it would stand doubled."""
    return re.sub(r"\sр\.$", "", text)


def _british(language: str) -> str:
    """Day before month, as most of the world reads English."""
    return "en_GB" if language == "en" else language
