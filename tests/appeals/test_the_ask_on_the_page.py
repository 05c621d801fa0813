"""The appeal is one plain form for each interval, whose button names it; the quiet copy asks for nothing."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import html5lib
import pytest
from flask import Flask, render_template

from membership.appeals.presenting import Amount, Ask, IntervalChoice, InvitationLink

NS = "{http://www.w3.org/1999/xhtml}"
ARTICLE = SimpleNamespace(slug="price-of-bread")
ASK = Ask(
    slot="slot-1",
    heading="You have just read this for nothing.",
    paragraphs=["Every article is free."],
    highlight="Or, for the price of a coffee a month, become a patron.",
    intervals=[
        IntervalChoice("month", "Monthly", checked=True, amounts=[Amount("5.00", "€5", checked=True)]),
        IntervalChoice("year", "Yearly", checked=False, amounts=[Amount("60.00", "€60", checked=True)]),
        IntervalChoice("once", "Once", checked=False, amounts=[Amount("25.00", "€25", checked=True)]),
    ],
    currency="eur",
    currency_symbol="€",
    invitation=InvitationLink("What should we look into this winter?", "/rounds/winter"),
)


@pytest.fixture
def page(app: Flask) -> Iterator[Any]:
    """Render one of the two copies into a tree."""

    def tree(template: str) -> Any:
        return html5lib.parse(render_template(template, appeal=ASK, article=ARTICLE))

    with app.test_request_context("/articles/price-of-bread"):
        yield tree


def sent_by(form: Any) -> dict[str, str]:
    """What a form would send as it stands."""
    fields = form.findall(f".//{NS}input")
    return {
        field.get("name"): field.get("value", "")
        for field in fields
        if field.get("type") != "radio" or field.get("checked") is not None
    }


def asking_forms(tree: Any) -> list[Any]:
    """The forms that lead to /support."""
    return [form for form in tree.findall(f".//{NS}form") if form.get("action") == "/support"]


def test_each_interval_has_a_plain_form_whose_button_names_it(page):
    forms = asking_forms(page("appeals/_asking.html"))

    assert [form.get("method") for form in forms] == ["get", "get", "get"]
    assert ["".join(form.find(f".//{NS}button").itertext()).strip() for form in forms] == [
        "Continue to monthly support",
        "Continue to yearly support",
        "Continue to a one-time gift",
    ]


def test_a_form_sends_its_own_interval_amount_and_where_it_stood(page):
    yearly = asking_forms(page("appeals/_asking.html"))[1]

    assert sent_by(yearly) == {
        "interval": "year",
        "amount": "60.00",
        "other_amount": "",
        "currency": "eur",
        "article": "price-of-bread",
        "appeal": "slot-1",
    }


def test_monthly_is_chosen_first(page):
    tree = page("appeals/_asking.html")

    bar = tree.find(f".//{NS}div[@class='segments']")
    assert [radio.get("value") for radio in bar.iter(f"{NS}input") if radio.get("checked") is not None] == [
        "month"
    ]


def test_who_would_rather_not_can_say_so_or_give_another_way(page):
    tree = page("appeals/_asking.html")

    off = [form for form in tree.findall(f".//{NS}form") if form.get("action") == "/appeal/off"]
    assert [form.get("method") for form in off] == ["post", "post"]
    assert [sent_by(form)["reason"] for form in off] == ["not-now", "supporter"]
    assert tree.find(f".//{NS}a[@href='/support/other-ways']") is not None


def test_the_quiet_copy_has_no_form_but_says_what_is_voted_on(page):
    tree = page("appeals/_quiet.html")

    assert tree.findall(f".//{NS}form") == []
    assert tree.find(f".//{NS}a").get("href") == "/rounds/winter"


def test_the_appeal_needs_no_script(page):
    assert page("appeals/_asking.html").findall(f".//{NS}script") == []
