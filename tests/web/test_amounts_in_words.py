"""Amounts are written as each language does, with the sign that its readers know."""

import pytest
from flask import Flask

from membership.money import Money
from membership.web import filters


@pytest.mark.parametrize(
    ("amount", "language", "written", "short"),
    [
        (Money(500, "eur"), "en", "€5.00", "€5"),
        (Money(500, "eur"), "uk", "5,00\N{NO-BREAK SPACE}€", "5\N{NO-BREAK SPACE}€"),
        (Money(20_000, "uah"), "en", "₴200.00", "₴200"),
        (Money(20_000, "uah"), "uk", "200,00\N{NO-BREAK SPACE}₴", "200\N{NO-BREAK SPACE}₴"),
        (Money(550, "usd"), "en", "$5.50", "$5.50"),
        (Money(50_000, "jpy"), "en", "¥50,000", "¥50,000"),
    ],
)
def test_an_amount_bears_its_sign(app: Flask, amount: Money, language: str, written: str, short: str):
    with app.app_context():
        assert filters.money(amount, language) == written
        assert filters.money(amount, language, short=True) == short
