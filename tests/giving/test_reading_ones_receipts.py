"""A patron's own receipts and statements: as pages and as PDF, netted of what went back, and nobody else's."""

import re
import time
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock
from membership.accounts import enrolling
from membership.accounts.models import Account
from membership.giving import statements
from membership.giving.ledger import Book, LedgerLine
from membership.giving.models import Payment, Receipt
from membership.newsroom import settings_rows
from membership.patrons.models import Patron
from tests.giving.sandboxed import account, hear

__all__ = ["account", "hear"]
YEAR = "first=2000-01-01&last=2099-12-31"


@pytest.fixture
def olena(account, session, hear) -> Account:
    """Olena, who gave 20.00 and then 7.00 EUR."""
    settings_rows.change(session, {"name": "Richka", "receipt_text": {"en": "No VAT is due."}})
    session.commit()
    customer = account.customer("olena@example.org")
    account.pay(customer, 2000)
    hear()
    account.pay(customer, 700)
    hear()
    found = enrolling.by_email(session, "olena@example.org")
    assert found is not None
    return found


def latest(session: Session) -> Receipt:
    session.rollback()
    return session.scalars(select(Receipt).order_by(Receipt.number.desc()).limit(1)).one()


def pages_in(made: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", made))


def send_back(account, payment_id: str, amount: int) -> None:
    account.client.v1.refunds.create({"charge": payment_id, "amount": amount})


def test_the_own_page_leads_to_every_receipt(olena, as_, session):
    page = as_(olena).get("/patron").text
    year = latest(session).year

    assert f'href="/patron/receipts/{year}-000001"' in page
    assert f'href="/patron/receipts/{year}-000002"' in page


def test_a_receipt_names_giver_day_amount_and_the_law(olena, as_, session):
    receipt = latest(session)
    page = as_(olena).get(f"/patron/receipts/{receipt.label}").text

    for told in (
        receipt.label,
        "Olena Kravets",
        "€7.00",
        "Card ending in 4242",
        "No VAT is due.",
        receipt.source_key,
    ):
        assert told in page


def test_a_receipt_is_a_pdf_with_title_and_language(olena, as_, session):
    receipt = latest(session)
    answer = as_(olena).get(f"/patron/receipts/{receipt.label}.pdf")

    assert answer.mimetype == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    assert f"receipt-{receipt.label}.pdf" in answer.headers["Content-Disposition"]
    assert answer.data.startswith(b"%PDF-")
    assert b"/Lang (en)" in answer.data
    assert b"<pdfaid:part>3</pdfaid:part>" in answer.data
    assert f"Receipt {receipt.label}".encode() in answer.data
    assert pages_in(answer.data) == 1


def test_the_same_receipt_is_the_same_file(olena, as_, session):
    path = f"/patron/receipts/{latest(session).label}.pdf"

    first = as_(olena).get(path).data
    time.sleep(1.1)  # a PDF tells its second

    assert as_(olena).get(path).data == first


def test_what_went_back_is_taken_off(olena, as_, account, session, hear):
    receipt = latest(session)
    send_back(account, receipt.source_key, 200)
    hear()

    page = as_(olena).get(f"/patron/receipts/{receipt.label}").text

    assert "Sent back to you" in page
    assert "Counts as given" in page
    assert "€5.00" in page


@pytest.mark.parametrize("ending", ["", ".pdf"])
def test_nobody_else_reads_a_receipt(olena, as_, client: FlaskClient, cleo, eve, session, ending: str):
    path = f"/patron/receipts/{latest(session).label}{ending}"

    assert as_(cleo).get(path).status_code == 404
    assert as_(eve).get(path).status_code == 404
    assert "/sign-in" in client.get(path).headers["Location"]


@pytest.mark.parametrize(
    "label", ["x", "2026-", "2026-x", "2026-999999", "-1", "٢٠٢٦-١", "2026-000001-1", "9" * 300]
)
def test_a_number_that_was_never_given_is_not_there(olena, as_, label: str):
    assert as_(olena).get(f"/patron/receipts/{label}").status_code == 404


def test_a_statement_adds_up_and_leads_to_the_receipts(olena, as_, account, session, hear):
    receipt = latest(session)
    send_back(account, receipt.source_key, 200)
    hear()

    page = as_(olena).get(f"/patron/statement?{YEAR}").text

    assert "€25.00" in page
    assert "Gifts of €27.00, less €2.00 that went back." in page
    assert f'href="/patron/receipts/{receipt.label}"' in page


def test_a_statement_is_a_pdf_too(olena, as_):
    answer = as_(olena).get(f"/patron/statement.pdf?{YEAR}")

    assert answer.mimetype == "application/pdf"
    assert b"Statement of gifts" in answer.data


def test_a_period_without_gifts_says_so(olena, as_):
    assert "nothing was given" in as_(olena).get("/patron/statement?first=2001-01-01&last=2001-12-31").text


@pytest.mark.parametrize(
    "query",
    ["first=2026-02-30&last=2026-03-01", "first=2026-03-02&last=2026-03-01", "first=x", "last=2026-01-01"],
)
def test_days_that_are_none_are_told(olena, as_, query: str):
    browser = as_(olena)

    assert browser.get(f"/patron/statement?{query}").status_code == 422
    assert browser.get(f"/patron/statement.pdf?{query}").status_code == 404


def test_the_parts_of_a_period_make_the_whole(account, olena, session, hear):
    for day in range(6):
        account.sandbox.advance(86_400)
        account.pay(session.scalars(select(Payment.customer_id)).first(), 500 + day)
        hear()
    send_back(account, session.scalars(select(Payment.id)).first(), 300)
    hear()
    patron_id = session.scalars(select(Patron.id)).one()
    today = clock.today(settings_rows.current(session).zone)

    def total(first: date, last: date) -> int:
        found = statements.of_patron(session, patron_id, first, last).accounts
        return sum(each.total.amount for each in found)

    whole = total(today - timedelta(days=10), today + timedelta(days=1))
    books = session.scalars(
        select(LedgerLine.amount).where(LedgerLine.book.in_((Book.GIFTS, Book.REFUNDED, Book.DISPUTED)))
    )
    assert whole == -sum(books)
    for cut in range(10):
        middle = today - timedelta(days=cut)
        parts = total(today - timedelta(days=10), middle) + total(
            middle + timedelta(days=1), today + timedelta(days=1)
        )
        assert parts == whole
