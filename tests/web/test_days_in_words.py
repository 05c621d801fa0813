"""Days are written as each language does, and fit into a sentence that ends with one."""

from datetime import UTC, date, datetime

import pytest
from flask import Flask

from membership.web import filters


@pytest.mark.parametrize(
    ("language", "length", "written"),
    [
        ("en", "long", "9 November 2026"),
        ("uk", "long", "9 листопада 2026"),
        ("uk", "medium", "9 лист. 2026"),
    ],
)
def test_a_day_ends_with_its_year(app: Flask, language: str, length: str, written: str):
    with app.app_context():
        assert filters.day(date(2026, 11, 9), length, language) == written


def test_an_instant_has_no_abbreviation_before_its_hour(app: Flask):
    with app.app_context():
        assert filters.instant(datetime(2026, 11, 9, 12, tzinfo=UTC), "uk").startswith("9 листопада 2026, ")
