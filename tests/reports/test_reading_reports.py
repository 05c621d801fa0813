"""The pages of reports: who may read them, names only with the right, each figure with its rows."""

from datetime import UTC, datetime

import pytest

from membership.giving.movements import MovementKind
from membership.reports.rows import MOST_ROWS
from tests.reports import books

AT = datetime(2026, 11, 3, 9, tzinfo=UTC)
PAGES = ["", "/definitions", "/income", "/recurring", "/patrons", "/stories"]
FILES = ["/income.csv", "/recurring.csv", "/patrons.csv", "/stories.csv"]


@pytest.mark.parametrize("page", PAGES + FILES)
def test_staff_read_every_report_even_an_empty_one(page, ben, as_):
    assert as_(ben).get(f"/staff/reports{page}").status_code == 200


@pytest.mark.parametrize("page", PAGES + FILES)
def test_a_patron_reads_none(page, cleo, as_):
    assert as_(cleo).get(f"/staff/reports{page}").status_code in {303, 403, 404}


def test_rows_name_patrons_only_to_who_may_see_them(session, ben, pia, as_):
    cleo = books.a_patron(session, name="Cleo Visible", at=AT)
    books.a_payment(session, cleo, 500, at=AT)
    session.commit()
    address = "/staff/reports/income/rows?figure=gross&month=2026-11&currency=eur"

    assert "Cleo Visible" not in as_(ben).get(address).text
    assert "Cleo Visible" in as_(pia).get(address).text


def test_the_rows_of_a_step_add_up_to_it(session, ben, as_):
    cleo = books.a_patron(session, at=AT)
    books.a_movement(session, cleo, MovementKind.NEW, 6000, at=AT)
    session.commit()

    page = as_(ben).get("/staff/reports/recurring/rows?figure=new&month=2026-11&currency=eur")

    assert page.text.count("€5.00") == 2  # the row and the sum


def test_the_csv_has_the_same_figures_as_the_page(session, ben, as_):
    cleo = books.a_patron(session, at=AT)
    books.a_payment(session, cleo, 123_456, at=AT)
    session.commit()

    assert "2026-11,eur,1234.56" in as_(ben).get("/staff/reports/income.csv").text
    assert "€1,234.56" in as_(ben).get("/staff/reports/income").text


@pytest.mark.parametrize(
    "query", ["figure=none&month=2026-11", "figure=gross&month=2026-13", "figure=gross", "currency=xxx"]
)
def test_an_unknown_figure_month_or_currency_is_not_found(query, ben, as_):
    assert as_(ben).get(f"/staff/reports/income/rows?{query}").status_code == 404


def test_a_figure_of_more_rows_than_a_page_shows_adds_up_on_every_page_and_in_the_file(session, ben, as_):
    cleo = books.a_patron(session, at=AT)
    amounts = [100 + number for number in range(MOST_ROWS + 3)]
    for amount in amounts:
        books.a_payment(session, cleo, amount, at=AT)
    session.commit()
    asked = "figure=gross&month=2026-11&currency=eur"
    total = f"€{sum(amounts) // 100:,}.{sum(amounts) % 100:02}"

    first = as_(ben).get(f"/staff/reports/income/rows?{asked}").text
    second = as_(ben).get(f"/staff/reports/income/rows?{asked}&page=2").text
    file = as_(ben).get(f"/staff/reports/income/rows.csv?{asked}").text

    assert total in first
    assert total in second
    assert f"1–{MOST_ROWS} of {len(amounts)}" in first
    assert f"{MOST_ROWS + 1}–{len(amounts)} of {len(amounts)}" in second
    assert second.count("€") == 3 + 1
    cents = [line.rsplit(",", 1)[1].replace(".", "") for line in file.strip().splitlines()[1:]]
    assert [int(text) for text in cents] == amounts
    assert "Cleo" not in file
