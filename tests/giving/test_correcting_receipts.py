"""Receipts in the hands of staff: found, copied as duplicates, corrected under a new number, written out by year."""

import csv
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.cli import membership
from membership.giving import receipts
from membership.giving.models import Receipt, ReceiptSource
from membership.giving.receipts import Given
from membership.money import Money
from membership.newsroom import settings_rows
from membership.newsroom.models import AuditEntry
from membership.patrons.models import Patron, Visibility
from tests.cast import patron_of

REASON = "The bakery needs its own name on it."


@pytest.fixture
def receipt(session: Session, cleo) -> Receipt:
    """A receipt of Cleo's, for 20.00 EUR given outside of card payments."""
    gift = Given(
        source=ReceiptSource.OFFLINE,
        source_key="bank-1",
        given_on=date(2026, 3, 1),
        money=Money(2000, "eur"),
    )
    settings_rows.change(session, {"name": "Richka", "receipt_text": {"en": "No VAT is due."}})
    receipts.issue(session, patron_of(session, cleo), [gift], settings_rows.current(session))
    session.commit()
    return session.scalars(select(Receipt)).one()


def actions(session: Session) -> list[str]:
    session.rollback()
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_correction_leaves_the_old_number_canceled_and_the_new_one_standing(
    as_, pia, cleo, receipt, session
):
    browser = as_(pia)
    form = {"name": "Cleo's Bakery", "language": "en", "reason": REASON}

    answer = browser.post(f"/staff/giving/receipts/{receipt.label}/corrections", data=form)

    assert answer.headers["Location"].endswith("/staff/giving/receipts/2026-000002")
    old = browser.get("/staff/giving/receipts/2026-000001").text
    new = as_(cleo).get("/patron/receipts/2026-000002").text
    assert "Receipt 2026-000002 stands in its place." in old
    assert REASON in old
    assert "Issued in place of receipt 2026-000001, which was canceled." in new
    assert "Cleo&#39;s Bakery" in new
    assert REASON not in new
    assert actions(session) == ["receipt.corrected", "receipt.opened"]


def test_the_patron_still_reads_a_canceled_receipt(as_, pia, cleo, receipt):
    as_(pia).post(f"/staff/giving/receipts/{receipt.label}/cancellation", data={"reason": REASON})

    page = as_(cleo).get(f"/patron/receipts/{receipt.label}")

    assert "It no longer proves a gift." in page.text
    assert b"CANCELED" not in page.data
    assert as_(cleo).get(f"/patron/receipts/{receipt.label}.pdf").status_code == 200


def test_two_publishers_at_once_cancel_once(as_, pia, receipt, session):
    browser = as_(pia)
    for _again in range(2):
        answer = browser.post(f"/staff/giving/receipts/{receipt.label}/cancellation", data={"reason": REASON})
        assert answer.status_code == 303

    assert "Somebody has canceled this receipt before you." in browser.get(answer.headers["Location"]).text
    assert actions(session).count("receipt.canceled") == 1


@pytest.mark.parametrize("act", ["corrections", "cancellation"])
def test_without_a_reason_nothing_is_canceled(as_, pia, receipt, session, act: str):
    answer = as_(pia).post(
        f"/staff/giving/receipts/{receipt.label}/{act}", data={"name": "X", "language": "en", "reason": ""}
    )

    assert answer.status_code == 422
    assert "Give the reason." in answer.text
    session.expire_all()
    assert session.get_one(Receipt, receipt.id).canceled_at is None


def test_only_publishers_who_see_patrons_correct(as_, ada, ben, cleo, client, receipt, session):
    ada.sees_patrons = True
    session.commit()
    path, form = f"/staff/giving/receipts/{receipt.label}/corrections", {"name": "X", "reason": REASON}

    assert as_(ada).post(path, data=form).status_code == 403
    assert as_(ben).get(f"/staff/giving/receipts/{receipt.label}").status_code == 403
    assert as_(cleo).post(path, data=form).status_code == 404
    assert "Correct it" not in as_(ada).get(f"/staff/giving/receipts/{receipt.label}").text


def test_what_staff_fetch_is_a_duplicate_and_written_down(as_, pia, receipt, session):
    answer = as_(pia).get(f"/staff/giving/receipts/{receipt.label}.pdf")

    assert "duplicate" in answer.headers["Content-Disposition"]
    assert answer.data.startswith(b"%PDF-")
    assert actions(session) == ["receipt.copied"]


def test_a_receipt_is_found_by_its_number(as_, pia, receipt):
    browser = as_(pia)

    assert "Cleo Patron" in browser.get(f"/staff/patrons?words={receipt.label}").text
    assert receipt.label in browser.get("/staff/giving/receipts?year=2026").text


@pytest.mark.parametrize("query", ["", "year=x", "year=1999&before=x", "before=999999999999"])
def test_the_list_takes_any_question(as_, pia, receipt, query: str):
    assert as_(pia).get(f"/staff/giving/receipts?{query}").status_code == 200


def test_the_versions_of_the_words_are_listed(as_, pia, ada, receipt):
    page = as_(pia).get("/staff/giving/receipts/texts").text

    assert "No VAT is due." in page
    assert "1 receipt" in page
    assert as_(ada).get("/staff/giving/receipts/texts").status_code == 403


def test_staff_read_a_patrons_statement_and_that_is_written_down(as_, pia, cleo, receipt, session):
    public_id = patron_of(session, cleo).public_id
    browser = as_(pia)

    page = browser.get(f"/staff/giving/statements/{public_id}?first=2026-01-01&last=2026-12-31")
    paper = browser.get(f"/staff/giving/statements/{public_id}.pdf?first=2026-01-01&last=2026-12-31")

    assert page.status_code == 200
    assert paper.mimetype == "application/pdf"
    assert actions(session) == ["statement.opened", "statement.copied"]
    assert browser.get("/staff/giving/statements/nobody").status_code == 404


def test_a_hidden_name_stays_hidden_on_receipts_too(as_, pia, cleo, receipt, session):
    patron = patron_of(session, cleo)
    patron.visibility = Visibility.SECRET
    session.commit()
    browser = as_(pia)

    for path in (
        "/staff/giving/receipts",
        f"/staff/giving/receipts/{receipt.label}",
        f"/staff/giving/statements/{patron.public_id}",
    ):
        page = browser.get(path).text
        assert "Cleo Patron" not in page, path
        assert "Hidden patron" in page, path


def run(app: Flask, *words: str):
    return app.test_cli_runner().invoke(membership, ["receipts", *words])


def test_a_year_is_written_into_a_folder_and_goes_on_where_it_stopped(app, receipt, session, tmp_path: Path):
    session.commit()
    folder = tmp_path / "2026"

    first, again = run(app, "write", "2026", str(folder)), run(app, "write", "2026", str(folder))

    assert "1 receipts of 2026 written" in first.output
    assert "0 receipts of 2026 written" in again.output
    assert (folder / "receipt-2026-000001.pdf").read_bytes().startswith(b"%PDF-")
    with (folder / "receipts.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(line["receipt"], line["amount"], line["state"]) for line in lines] == [
        ("2026-000001", "20.00", "standing")
    ]
    assert "Cleo" not in (folder / "receipts.csv").read_text(encoding="utf-8-sig")
    assert actions(session) == ["receipts.exported"] * 2


def test_a_years_statements_are_written_one_a_patron(app, receipt, session, tmp_path: Path):
    public_id = session.scalars(select(Patron.public_id)).one()
    session.commit()

    told = run(app, "write", "2026", str(tmp_path / "out"), "--statements")

    assert "1 statements of 2026 written" in told.output
    assert (tmp_path / "out" / f"statement-2026-{public_id}.pdf").exists()


def test_issuing_what_is_missing_says_how_many(app, receipt):
    assert "0 receipts issued." in run(app, "issue").output
