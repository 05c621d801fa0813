"""A bank's file: looked at first, each row not taken named with its reason, taken once, harmless when shown."""

import csv
import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from membership import clock as clock_module
from membership import money
from membership.giving import offline_csv, offline_uploading
from membership.giving.ledger import LedgerEntry
from membership.giving.models import OfflineGift, OfflineUpload
from membership.giving.offline_csv import FileError, FileFault, RowFault
from membership.giving.offline_words import reference_key
from membership.money import AmountError, Money
from membership.newsroom.models import AuditEntry
from membership.web.csvfiles import guarded
from tests.cast import an_account

TODAY = date(2026, 11, 22)
CURRENCIES = ("eur", "uah", "usd")
HEADER = "date;amount;currency;payer;reference;email;fee"
FILE = f"""{HEADER}
2026-11-20;25,00;EUR;Olena Kravets;FT1;olena@example.org;0,35
19.11.2026;500.00;uah;Тарас Мельник;FT2;;
2026-11-18;7;EUR;"Hryts; the baker";FT3;;0
"""


def read(text: str) -> list[offline_csv.Row]:
    return offline_csv.read(text, currencies=CURRENCIES, today=TODAY)


def faults(line: str, header: str = HEADER) -> list[RowFault]:
    (row,) = read(f"{header}\n{line}\n")
    return row.faults


def upload(browser, data: bytes | str, name: str = "bank.csv"):
    content = data if isinstance(data, bytes) else data.encode()
    token = browser.get("/staff/giving/offline/upload").text.split('name="csrf_token"')[1].split('value="')[1]
    sent = {"file": (io.BytesIO(content), name), "csrf_token": token.split('"')[0]}
    return browser.post("/staff/giving/offline/upload", data=sent, content_type="multipart/form-data")


def count(session, kind) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(kind)) or 0


def test_a_file_is_looked_at_and_then_taken(as_, pia, session):
    browser = as_(pia)
    look = browser.get(upload(browser, FILE).headers["Location"])

    assert "3 gifts would be entered" in look.text
    assert "€32.00" in look.text
    assert "Тарас Мельник" in look.text
    assert count(session, OfflineGift) == 0

    answer = browser.post(look.request.path)

    assert answer.status_code == 303
    assert "3 gifts entered and booked." in browser.get("/staff/giving/offline").text
    found = session.scalars(select(OfflineGift).order_by(OfflineGift.id)).all()
    assert [(gift.money, gift.fee, gift.payer) for gift in found] == [
        (Money(2500, "eur"), 35, "Olena Kravets"),
        (Money(50000, "uah"), 0, "Тарас Мельник"),
        (Money(700, "eur"), 0, "Hryts; the baker"),
    ]
    assert count(session, LedgerEntry) == 3
    assert session.scalars(select(AuditEntry.details).order_by(AuditEntry.id)).all()[-1] == {
        "taken": 3,
        "left": 0,
    }


def test_the_same_file_again_brings_nothing(as_, pia, session):
    browser = as_(pia)
    browser.post(upload(browser, FILE).headers["Location"])

    look = browser.get(upload(browser, FILE).headers["Location"])

    assert "0 gifts would be entered" in look.text
    assert look.text.count("Entered already, on 22 November 2026.") == 3
    browser.post(look.request.path)
    assert count(session, OfflineGift) == 3


def test_a_file_confirmed_twice_is_taken_once(as_, pia, session):
    browser = as_(pia)
    url = upload(browser, FILE).headers["Location"]

    assert browser.post(url).status_code == 303
    assert browser.post(url).status_code == 404
    assert count(session, OfflineGift) == 3


def test_what_was_entered_between_look_and_decision_is_left(as_, pia, session):
    browser = as_(pia)
    url = upload(browser, FILE).headers["Location"]
    typed = {"form_key": "k" * 32, "received_on": "2026-11-20", "currency": "eur", "amount": "25"}
    browser.post("/staff/giving/offline", data=typed | {"payer": "Olena", "reference": "ft1"})

    browser.post(url)

    assert count(session, OfflineGift) == 3
    assert session.scalars(select(AuditEntry.details).order_by(AuditEntry.id)).all()[-1] == {
        "taken": 2,
        "left": 1,
    }


def test_what_was_taken_back_is_not_brought_back_by_a_file(as_, pia, session):
    browser = as_(pia)
    browser.post(upload(browser, FILE).headers["Location"])
    gift = session.scalars(select(OfflineGift).filter_by(reference="FT1")).one()
    browser.post(f"/staff/giving/offline/{gift.public_id}/reversal", data={"reason": "No gift, an invoice"})

    look = browser.get(upload(browser, FILE).headers["Location"]).text

    assert "Was entered and taken back on 22 November 2026." in look
    assert "0 gifts would be entered" in look


def test_the_file_is_let_go_once_it_is_taken_or_a_day_old(as_, pia, session, clock):
    browser = as_(pia)
    browser.post(upload(browser, FILE).headers["Location"])
    old = upload(browser, FILE.replace("FT", "GT")).headers["Location"]
    clock.set(clock_module.now() + offline_uploading.KEPT * 2)
    browser = as_(pia)

    assert browser.get(old).status_code == 404
    upload(browser, FILE.replace("FT", "HT"))

    session.rollback()
    contents = session.scalars(select(OfflineUpload.content).order_by(OfflineUpload.id)).all()
    assert contents[:2] == ["", ""]
    assert "HT1" in contents[2]


def test_only_who_uploaded_a_file_decides_on_it(as_, pia, session):
    url = upload(as_(pia), FILE).headers["Location"]
    other = an_account(session, name="Zoe", role=pia.role, sees_patrons=True)

    assert as_(other).get(url).status_code == 404
    assert as_(other).post(url).status_code == 404


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
@pytest.mark.parametrize("mark", [";", ",", "\t"])
def test_banks_write_in_many_ways(encoding, mark):
    cells = [HEADER.split(";"), ["2026-11-20", "25,00", "EUR", "Тарас Мельник", "FT1", "", ""]]
    out = io.StringIO()
    csv.writer(out, delimiter=mark, lineterminator="\r\n").writerows(cells)

    (row,) = read(offline_csv.decode(out.getvalue().encode(encoding)))

    assert (row.payer, row.money, row.faults) == ("Тарас Мельник", Money(2500, "eur"), [])


def test_columns_are_known_by_name_in_any_order_and_in_ukrainian():
    (row,) = read("ПЛАТНИК;Сума;x;Валюта;Дата;Референс\nТарас;5;?;uah;1.2.2026;FT1\n")

    assert (row.payer, row.received_on, row.faults) == ("Тарас", date(2026, 2, 1), [])


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("2026-11-23;5;EUR;Olena;FT1;;", RowFault.DATE_AHEAD),
        ("1999-12-31;5;EUR;Olena;FT1;;", RowFault.DATE_LONG_AGO),
        ("2026-02-30;5;EUR;Olena;FT1;;", RowFault.DATE),
        ("11/12/2026;5;EUR;Olena;FT1;;", RowFault.DATE),
        ("٢٠٢٦-11-20;5;EUR;Olena;FT1;;", RowFault.DATE),
        ("2026-11-20;-5;EUR;Olena;FT1;;", RowFault.AMOUNT),
        ("2026-11-20;1 000;EUR;Olena;FT1;;", RowFault.AMOUNT),
        ("2026-11-20;1.000,00;EUR;Olena;FT1;;", RowFault.AMOUNT),
        ("2026-11-20;5e3;EUR;Olena;FT1;;", RowFault.AMOUNT),
        ("2026-11-20;;EUR;Olena;FT1;;", RowFault.AMOUNT),
        ("2026-11-20;5;;Olena;FT1;;", RowFault.CURRENCY),
        ("2026-11-20;5;JPY;Olena;FT1;;", RowFault.CURRENCY),
        ("2026-11-20;5;EUR;;FT1;;", RowFault.PAYER),
        ("2026-11-20;5;EUR;Ol\u202eena;FT1;;", RowFault.PAYER),
        (f"2026-11-20;5;EUR;{'x' * 121};FT1;;", RowFault.PAYER),
        ("2026-11-20;5;EUR;Olena;;;", RowFault.REFERENCE),
        (f"2026-11-20;5;EUR;Olena;{'x' * 141};;", RowFault.REFERENCE),
        ("2026-11-20;5;EUR;Olena;FT1;olena@;", RowFault.EMAIL),
        ("2026-11-20;5;EUR;Olena;FT1;;5", RowFault.FEE),
        ("2026-11-20;5;EUR;Olena;FT1;;-1", RowFault.FEE),
        ("2026-11-20;5;EUR;Olena;FT1;;0;more", RowFault.CELLS),
    ],
)
def test_each_row_that_is_not_taken_says_why(line, fault):
    assert faults(line) == [fault]


def test_two_rows_with_one_reference_are_both_left():
    rows = read(f"{HEADER}\n2026-11-20;5;EUR;Olena;FT 1;;\n2026-11-20;6;EUR;Olena;ft1;;\n")

    assert [row.faults for row in rows] == [[RowFault.REFERENCE_TWICE]] * 2


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", FileFault.EMPTY),
        (b"\xef\xbb\xbf  \n", FileFault.NO_COLUMNS),
        (b"\n\n", FileFault.EMPTY),
        (HEADER.encode(), FileFault.EMPTY),
        (b"date;amount\n", FileFault.NO_COLUMNS),
        (b"date;date;amount;currency;payer;reference\n1;2;3;4;5;6\n", FileFault.NO_COLUMNS),
        (b"PK\x03\x04\0\0\x98\xff", FileFault.NOT_TEXT),
        (FILE.encode() + b"\0", FileFault.NOT_TEXT),
        (FILE.encode() + b'2026-11-20;5;EUR;"Olena;FT9;;\n', FileFault.NOT_CSV),
        (f"{HEADER}\n{'x' * 200_000};\n".encode(), FileFault.NOT_CSV),
        (FILE.encode() + b"\n" * offline_csv.MOST_BYTES, FileFault.TOO_LARGE),
        (f"{HEADER}\n".encode() + b"2026-11-20;5;EUR;O;F;;\n" * 501, FileFault.TOO_MANY_ROWS),
    ],
)
def test_what_is_no_such_file_is_refused_with_the_reason(data, fault, as_, pia, session):
    with pytest.raises(FileError) as error:
        read(offline_csv.decode(data))

    assert error.value.fault is fault
    answer = upload(as_(pia), data)
    assert answer.status_code == 422
    assert "field-error" in answer.text
    assert count(session, OfflineUpload) == 0


def test_a_row_that_a_spreadsheet_would_run_is_shown_as_text_and_exported_harmless(as_, pia, session):
    browser = as_(pia)
    payer = '=HYPERLINK(""http://evil.example"")'
    look = browser.get(
        upload(browser, f'{HEADER}\n2026-11-20;5;EUR;"{payer}";<b>FT1;;\n').headers["Location"]
    )

    assert "=HYPERLINK(&#34;http://evil.example&#34;)" in look.text
    assert "<b>FT1" not in look.text
    browser.post(look.request.path)
    cells = list(csv.reader(io.StringIO(browser.get("/staff/reports/offline.csv").text.lstrip("\ufeff"))))
    assert cells[1][-2:] == ["<b>FT1", '\'=HYPERLINK("http://evil.example")']


@given(text=st.text(max_size=400))
def test_no_file_breaks_the_reader(text):
    for content in (text, f"{HEADER}\n{text}", f"{HEADER}\n2026-11-20;5;EUR;{text};FT1;;\n"):
        try:
            rows = read(offline_csv.decode(content.encode()))
        except FileError:
            continue
        for row in rows:
            assert row.is_good == (not row.faults)
            if row.is_good:
                assert row.money is not None
                assert row.received_on is not None
                assert row.payer.isprintable()
                assert reference_key(row.reference)


@given(typed=st.text(alphabet="0123456789.,+-eE '\u00a0٣", max_size=14), currency=st.sampled_from(CURRENCIES))
def test_an_amount_is_taken_exactly_as_money_reads_it(typed, currency):
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerow(["2026-11-20", typed, currency, "Olena", "FT1", "", ""])
    (row,) = read(f"{HEADER}\n{out.getvalue()}")
    try:
        wanted, fault = money.parse(typed, currency), None
    except AmountError as error:
        wanted, fault = None, error.fault

    assert (row.money, row.amount_fault) == (wanted, fault)
    assert row.faults == ([RowFault.AMOUNT] if fault else [])


@given(cell=st.text(max_size=40))
def test_no_cell_of_an_export_begins_as_a_formula(cell):
    assert not guarded(cell).lstrip(' "\u00a0').startswith(("=", "+", "-", "@", "\t", "\r"))
