"""Skipped payments, shown apart from the recurring sum: each month the sum of its rows."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from membership.giving.models import Invoice
from membership.patrons.models import Patron
from tests.reports.books import a_patron

KYIV_NEW_YEAR = datetime(2025, 12, 31, 22, 30, tzinfo=UTC)  # 00:30 on 1 January in Kyiv
NOVEMBER = datetime(2026, 11, 10, 12, tzinfo=UTC)


def a_skip(
    session: Session, patron: Patron, amount: int, *, at: datetime, currency: str = "eur", ours: bool = True
) -> str:
    """An invoice that was voided since its payment is skipped."""
    invoice = Invoice(
        id=f"in_{patron.id}_{at:%Y%m%d}_{currency}_{ours}",
        as_of=at,
        customer_id=f"cus_{patron.id}",
        status="void",
        created=at,
        currency=currency,
        amount_due=amount,
        amount_paid=0,
        is_ours=ours,
        period_starts_at=at,
        is_skipped=True,
    )
    session.add(invoice)
    session.commit()
    return invoice.id


@pytest.fixture
def cleo(session: Session) -> Patron:
    """A patron."""
    return a_patron(session, name="Cleo Visible", at=KYIV_NEW_YEAR)


def test_each_month_has_its_skipped_payments_by_the_newsrooms_day(session, cleo, ben, as_):
    a_skip(session, cleo, 500, at=KYIV_NEW_YEAR)
    a_skip(session, cleo, 700, at=NOVEMBER)
    a_skip(session, cleo, 9_000, at=NOVEMBER, currency="uah")
    a_skip(session, cleo, 4_000, at=NOVEMBER, ours=False)

    lines = as_(ben).get("/staff/reports/recurring/skipped.csv?currency=eur").text.splitlines()

    assert lines[0].endswith("month,currency,payments,skipped")
    assert len(lines) == 1 + 24
    assert [line for line in lines[1:] if not line.endswith(",0,0.00")] == [
        "2026-01,eur,1,5.00",
        "2026-11,eur,1,7.00",
    ]


def test_the_rows_under_a_month_add_up_to_it_and_name_nobody_to_who_may_not_know(
    session, cleo, ben, pia, as_
):
    skipped = a_skip(session, cleo, 500, at=KYIV_NEW_YEAR)
    address = "/staff/reports/recurring/skipped/rows?month=2026-01&currency=eur"

    page = as_(ben).get(address).text
    assert page.count("€5.00") == 2  # the row and the sum
    assert skipped in page
    assert "1 Jan 2026" in page
    assert "Cleo Visible" not in page
    assert "Cleo Visible" in as_(pia).get(address).text
    file = as_(ben).get(address.replace("rows?", "rows.csv?")).text
    assert f"2026-01-01,skipped,{skipped},{cleo.public_id},eur,5.00" in file


def test_the_report_shows_them_apart_and_only_where_there_are_any(session, cleo, ben, as_):
    assert "Skipped payments" not in as_(ben).get("/staff/reports/recurring").text

    a_skip(session, cleo, 500, at=NOVEMBER)

    page = as_(ben).get("/staff/reports/recurring").text
    assert "Skipped payments" in page
    assert "recurring/skipped/rows?figure=skipped&amp;month=2026-11&amp;currency=eur" in page
    assert 'id="skipped"' in as_(ben).get("/staff/reports/definitions").text
