"""/support: what was chosen is shown as a sentence, bad choices with a reason, and opening it leaves nothing behind."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.db import Base
from membership.newsroom import settings_rows
from tests.giving.giver import form_of


def shown(client: FlaskClient, **query: str) -> str:
    answer = client.get("/support", query_string=query)
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize(
    ("query", "summary", "button"),
    [
        ({"amount": "5", "interval": "month"}, "€5.00 every month, until you stop", "Give €5.00 every month"),
        ({"amount": "60", "interval": "year"}, "€60.00 every year, until you stop", "Give €60.00 every year"),
        ({"amount": "25,50", "interval": "once"}, "€25.50, once", "Give €25.50 once"),
        ({"amount": "200", "currency": "uah"}, "200.00 every month", "every month"),
        ({"amount": "5", "other_amount": "7.25"}, "€7.25 every month", "Give €7.25 every month"),
        ({"amount": "other", "other_amount": "7.25"}, "€7.25 every month", "Give €7.25 every month"),
        ({"amount": "5.00", "other_amount": "7.25"}, "€7.25 every month", "Give €7.25 every month"),
        ({}, "€5.00 every month, until you stop", "Give €5.00 every month"),
    ],
)
def test_the_choice_is_said_whole_and_the_button_names_it(
    client: FlaskClient, query: dict[str, str], summary: str, button: str
):
    page = shown(client, **query)

    assert summary in page
    assert button in page


def test_the_fee_is_offered_unticked_and_exact(client: FlaskClient):
    page = shown(client, amount="5", interval="month")

    assert "Add €0.33 to cover the usual card fee: €5.33 every month" in page
    assert "checked" not in page.partition('name="cover_fee"')[2].partition(">")[0]


def test_opening_it_sets_no_cookie_and_writes_nothing(client: FlaskClient, session: Session):
    answer = client.get("/support?amount=5")

    assert "Set-Cookie" not in answer.headers
    assert (
        sum(session.scalar(select(func.count()).select_from(t)) or 0 for t in Base.metadata.sorted_tables)
        == 0
    )


def test_it_may_be_found_by_who_looks_for_it_but_not_once_for_each_amount(client: FlaskClient):
    assert 'name="robots"' not in shown(client)
    assert '<meta name="robots" content="noindex">' in shown(client, amount="7")


def test_each_opening_has_a_key_of_its_own(client: FlaskClient):
    keys = {form_of(client.get("/support"))["form_key"] for _opening in range(3)}

    assert len(keys) == 3


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "Enter an amount."),
        ("0", "Enter an amount above zero."),
        ("0.00", "Enter an amount above zero."),
        ("-5", "Write the amount in digits"),
        ("+5", "Write the amount in digits"),
        ("NaN", "Write the amount in digits"),
        ("Infinity", "Write the amount in digits"),
        ("1e309", "Write the amount in digits"),
        ("1e2", "Write the amount in digits"),
        ("0x10", "Write the amount in digits"),
        ("1_000", "Write the amount in digits"),
        ("1,234.50", "Write the amount in digits"),
        ("１２", "Write the amount in digits"),
        ("٥", "Write the amount in digits"),
        ("5.555", "at most 2 digits after the point"),
        ("9" * 10_000, "more than we can take online"),
        ("99999999", "more than we can take online"),
        ("0.99", "The smallest monthly gift is €1.00."),
        ("10000.01", "Online we take at most €10,000.00"),
        ("<script>alert(1)</script>", "Write the amount in digits"),
    ],
)
def test_a_bad_amount_is_told_and_nothing_breaks(client: FlaskClient, typed: str, told: str):
    page = shown(client, amount=typed, interval="month")

    assert told in page
    assert "<script>alert" not in page
    assert "until you stop" not in page


def test_a_currency_or_interval_not_offered_is_told(client: FlaskClient):
    assert "We cannot take that currency. We take: EUR, UAH, USD." in shown(
        client, amount="5", currency="xxx"
    )
    assert "Choose monthly, yearly or once." in shown(client, amount="5", interval="weekly")


def test_a_yen_has_no_decimals(client: FlaskClient, session: Session):
    settings_rows.change(
        session,
        {"currencies": ["eur", "jpy"], "smallest_gifts": {"jpy": {"month": 100}, "eur": {"month": 100}}},
    )
    session.commit()

    assert "¥500 every month" in shown(client, amount="500", currency="jpy")
    assert "at most 0 digits" in shown(client, amount="5.5", currency="jpy")


def test_where_the_reader_came_from_is_kept(client: FlaskClient):
    form = form_of(client.get("/support?amount=5&article=bread&appeal=slot1&campaign=winter"))

    assert (form["article"], form["appeal"], form["campaign"]) == ("bread", "slot1", "winter")


def test_it_speaks_ukrainian_under_its_own_address(client: FlaskClient):
    assert '<html lang="uk"' in client.get("/uk/support?amount=5").text
