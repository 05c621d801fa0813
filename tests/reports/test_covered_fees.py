"""What patrons added to cover the fee, beside what the fees really were; each figure the sum of its payments."""

import csv
import io
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from membership.giving.ledger import Book, EntryKind
from membership.giving.models import Invoice, InvoicePayment, Payment
from membership.patrons.models import Patron, Visibility
from membership.reports import fees
from membership.reports.fees import FeesRow
from membership.reports.periods import Month
from tests.reports.books import a_patron, a_payment, an_entry

NOVEMBER = datetime(2026, 11, 10, 12, tzinfo=UTC)
MONTH = Month(2026, 11)


def a_charge(
    session: Session, amount: int, *, covered: int, fee: int | None, currency: str = "eur"
) -> Payment:
    """A payment with a covered fee, and its balance transaction if the fee is known."""
    patron = a_patron(session, name="Olena Kravets", at=NOVEMBER)
    payment = a_payment(session, patron, amount, at=NOVEMBER, currency=currency)
    payment.covered_fee = covered
    payment.balance_transaction_id = f"txn_{payment.id}"
    if fee is not None:
        lines = [(Book.CLEARING, -amount), (Book.STRIPE, amount - fee), (Book.FEES, fee)]
        stripe_id = payment.balance_transaction_id
        an_entry(session, EntryKind.BALANCE, payment, at=NOVEMBER, lines=lines, stripe_id=stripe_id)
    session.commit()
    return payment


def november(session: Session, currency: str = "eur") -> FeesRow:
    return fees.by_month(session, currency, [MONTH])[0]


def test_covered_stands_beside_the_real_fees(session):
    a_charge(session, 533, covered=33, fee=33)
    a_charge(session, 1041, covered=41, fee=59)
    a_charge(session, 2000, covered=0, fee=55)

    row = november(session)

    assert (row.payments, row.covering) == (3, 2)
    assert (row.covered, row.card_fees_of_covering, row.card_fees) == (74, 92, 147)
    assert row.difference == -18


def test_a_disputes_fee_is_no_card_fee(session):
    payment = a_charge(session, 533, covered=33, fee=33)
    an_entry(
        session, EntryKind.BALANCE, payment, at=NOVEMBER, lines=[(Book.STRIPE, -1500), (Book.FEES, 1500)]
    )
    session.commit()

    assert november(session).card_fees == 33


def test_a_fee_not_read_yet_is_not_taken_for_nothing(session):
    a_charge(session, 533, covered=33, fee=None)

    row = november(session)

    assert (row.covered, row.card_fees, row.difference) == (33, None, None)


def test_currencies_stand_apart(session):
    a_charge(session, 533, covered=33, fee=33)
    a_charge(session, 20_000, covered=1_700, fee=1_600, currency="uah")

    assert (november(session).covered, november(session, "uah").covered) == (33, 1_700)


@pytest.mark.parametrize("figure", fees.FIGURES)
def test_each_figure_is_the_sum_of_its_rows(session, figure: str):
    a_charge(session, 533, covered=33, fee=33)
    a_charge(session, 1041, covered=41, fee=59)
    a_charge(session, 2000, covered=0, fee=55)

    found = fees.under(session, figure, "eur", MONTH, names=True)

    assert sum(row.amount for row in found.rows) == found.total == getattr(november(session), figure)


def test_the_page_shows_figures_chart_and_definitions(as_, ben, session):
    a_charge(session, 533, covered=33, fee=33)
    a_charge(session, 2000, covered=0, fee=55)

    page = as_(ben).get("/staff/reports/fees").text

    for told in ("Covered fees", "€0.33", "€0.88", "37.5", "50.0", "<svg"):
        assert told in page
    assert 'id="covered"' in as_(ben).get("/staff/reports/definitions").text


def test_the_rows_hide_who_wants_to_be_hidden(as_, pia, ben, session):
    a_charge(session, 533, covered=33, fee=33)
    path = "/staff/reports/fees/rows?figure=covered&month=2026-11&currency=eur"
    assert "Olena Kravets" in as_(pia).get(path).text
    assert "Olena Kravets" not in as_(ben).get(path).text

    session.query(Patron).one().visibility = Visibility.SECRET
    session.commit()

    assert "Olena" not in as_(pia).get(path).text
    assert "Olena" not in as_(pia).get(path.replace("rows?", "rows.csv?")).text


def test_the_csv_has_the_same_figures(as_, ben, session):
    a_charge(session, 533, covered=33, fee=33)

    answer = as_(ben).get("/staff/reports/fees.csv?currency=eur")
    lines = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))

    assert lines[-1]["month"] == "2026-11"
    assert (lines[-1]["covered"], lines[-1]["card_fees_of_those"], lines[-1]["difference"]) == (
        "0.33",
        "0.33",
        "0.00",
    )


@pytest.mark.parametrize("query", ["currency=zzz", "figure=nothing&month=2026-11", "month=2026-13"])
def test_what_there_is_not_is_not_found(as_, ben, query: str):
    path = "/staff/reports/fees" if "currency" in query else "/staff/reports/fees/rows"

    assert as_(ben).get(f"{path}?{query}").status_code == 404


def test_the_fee_on_a_renewing_gifts_invoice_counts_for_its_payment(session):
    payment = a_charge(session, 533, covered=0, fee=33)
    payment.payment_intent_id = "pi_1"
    session.add(
        InvoicePayment(
            id="inpay_1", as_of=NOVEMBER, invoice_id="in_1", payment_intent_id="pi_1", status="paid"
        )
    )
    session.add(
        Invoice(
            id="in_1",
            as_of=NOVEMBER,
            customer_id=payment.customer_id,
            status="paid",
            created=NOVEMBER,
            currency="eur",
            amount_due=533,
            amount_paid=533,
            is_ours=True,
            covered_fee=33,
        )
    )
    session.commit()

    assert (november(session).covered, november(session).covering) == (33, 1)
    assert fees.under(session, "covered", "eur", MONTH, names=False).total == 33
