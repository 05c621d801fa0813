"""Offline gifts: entered once, booked to the cent, covering like a one-time gift, corrected only by reversal."""

import threading
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.clock import add_months
from membership.db import db
from membership.giving import checking, coverage, measuring, offline_gifts, receipts, rederiving, stating
from membership.giving.coverage import MOST_MONTHS_AHEAD
from membership.giving.errors import ReferenceTakenError
from membership.giving.ledger import LedgerEntry, LedgerLine
from membership.giving.models import OfflineGift, ReceiptSource
from membership.giving.offline_gifts import Wish
from membership.giving.story import OfflineGift as Gift
from membership.giving.story import PatronFacts
from membership.money import Money
from membership.newsroom import settings_rows
from membership.newsroom.models import AuditEntry
from membership.patrons import standing
from membership.patrons.models import Coverage, Patron
from membership.reports import income, rows, stories, supporters
from membership.reports.periods import Month, last_months
from membership.reports.stories import By
from tests.cast import patron_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MONTHS = last_months(3, date(2026, 11, 22))
TYPED = {
    "form_key": "k" * 32,
    "received_on": "2026-11-20",
    "currency": "eur",
    "amount": "25,00",
    "fee": "0.35",
    "payer": "Olena Kravets",
    "email": "olena@example.org",
    "reference": "FT 26324-0417",
    "note": "cash at the reading",
    "patron": "",
}


def wish(**changes: Any) -> Wish:
    words: dict[str, Any] = {
        "form_key": "one",
        "received_on": date(2026, 11, 20),
        "money": Money(2500, "eur"),
        "fee": 35,
        "payer": "Olena Kravets",
        "reference": "FT26324-0417",
        "email": "olena@example.org",
    }
    return Wish(**(words | changes))


def sums(session) -> dict[str, int]:
    session.rollback()
    found = select(LedgerLine.book, func.sum(LedgerLine.amount)).group_by(LedgerLine.book)
    return {str(book): int(amount) for book, amount in session.execute(found) if amount}


def findings(session) -> list[str]:
    session.rollback()
    return [finding.check for check in checking.CHECKS for finding in check(session)]


def covered(session) -> list[tuple[str, datetime, datetime, str | None]]:
    session.rollback()
    found = session.scalars(select(Coverage).order_by(Coverage.starts_at))
    return [(row.source.value, row.starts_at, row.ends_at, row.ended_by) for row in found]


def only(session: Session) -> OfflineGift:
    session.rollback()
    return session.scalars(select(OfflineGift)).one()


def test_what_staff_enter_is_booked_covered_and_written_down(as_, pia, session):
    answer = as_(pia).post("/staff/giving/offline", data=TYPED)

    assert answer.status_code == 303
    gift = only(session)
    assert (gift.money, gift.fee, gift.months) == (Money(2500, "eur"), 35, 12)
    assert sums(session) == {"offline": 2465, "fees": 35, "gifts": -2500}
    midnight = datetime(2026, 11, 19, 22, tzinfo=UTC)  # in Kyiv
    assert covered(session) == [("offline", midnight, add_months(midnight, 12), None)]
    assert session.scalars(select(AuditEntry.action)).all() == ["offline_gift.entered"]
    assert "olena" not in str(session.scalars(select(AuditEntry.details)).all()).lower()
    page = as_(pia).get(answer.headers["Location"]).text
    assert "Olena Kravets" in page
    assert "€25.00" in page
    assert findings(session) == []


def test_the_same_form_sent_twice_is_one_gift(as_, pia, session):
    browser = as_(pia)
    one, two = (browser.post("/staff/giving/offline", data=TYPED | {"reference": ""}) for _ in range(2))

    assert one.headers["Location"] == two.headers["Location"]
    assert sums(session)["gifts"] == -2500


def test_one_bank_reference_is_one_gift_however_it_is_spelled(as_, pia, session):
    browser = as_(pia)
    browser.post("/staff/giving/offline", data=TYPED)

    again = browser.post(
        "/staff/giving/offline", data=TYPED | {"form_key": "n" * 32, "reference": "ft26324 -0417"}
    )

    assert again.status_code == 422
    assert "came on 20 November 2026 already" in again.text
    assert sums(session)["gifts"] == -2500
    assert session.scalar(select(func.count()).select_from(Patron)) == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"amount": "1.234,56"}, "in digits"),
        ({"amount": "-5"}, "in digits"),
        ({"amount": "0"}, "above zero"),
        ({"amount": "5.001"}, "2 digits"),
        ({"amount": ""}, "Enter an amount"),
        ({"received_on": "2026-11-23"}, "has not come yet"),
        ({"received_on": "0226-11-20"}, "Look at the year"),
        ({"received_on": "22/11/2026"}, "Not a valid"),
        ({"fee": "25"}, "less than the amount"),
        ({"fee": "x"}, "in digits"),
        ({"payer": ""}, "Enter a name"),
        ({"payer": "O\u202elena"}, "invisible"),
        ({"email": "olena"}, "complete e-mail address"),
        ({"reference": "x" * 141}, "140"),
        ({"currency": "xxx"}, "valid choice"),
        ({"form_key": ""}, "out of date"),
    ],
)
def test_what_is_not_plainly_a_gift_is_not_entered(as_, pia, session, changes, sentence):
    answer = as_(pia).post("/staff/giving/offline", data=TYPED | changes)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert sums(session) == {}


def test_whoever_may_not_see_patrons_enters_nothing(as_, ben, ada, cleo, client, session):
    for browser, status in ((as_(ben), 403), (as_(ada), 403), (as_(cleo), 404), (client, 303)):
        assert browser.post("/staff/giving/offline", data=TYPED).status_code == status
        assert browser.get("/staff/giving/offline").status_code == status
    assert sums(session) == {}


def test_a_gift_taken_back_leaves_both_entries_and_covers_nobody(as_, pia, session, clock):
    browser = as_(pia)
    url = browser.post("/staff/giving/offline", data=TYPED).headers["Location"]
    clock.move(timedelta(days=3))

    browser = as_(pia)
    browser.post(f"{url}/reversal", data={"reason": "It was a subscription to the print magazine."})
    twice = browser.post(f"{url}/reversal", data={"reason": "Once more, by mistake."})

    assert twice.status_code == 303
    assert sums(session) == {}
    entries = session.execute(select(LedgerEntry.kind, LedgerEntry.effective_on).order_by(LedgerEntry.id))
    assert [tuple(row) for row in entries] == [
        ("offline", date(2026, 11, 20)),
        ("reversal", date(2026, 11, 25)),
    ]
    ((source, _starts, ends, by),) = covered(session)
    assert (source, ends, by) == ("offline", clock.now(), "staff")
    assert findings(session) == []
    assert "taken back" in browser.get(url).text


def test_after_the_reversal_the_right_gift_takes_the_reference(as_, pia, session):
    browser = as_(pia)
    url = browser.post("/staff/giving/offline", data=TYPED).headers["Location"]
    browser.post(f"{url}/reversal", data={"reason": "Mistyped amount"})

    right = browser.post("/staff/giving/offline", data=TYPED | {"form_key": "r" * 32, "amount": "52"})

    assert right.status_code == 303
    assert sums(session) == {"offline": 5165, "fees": 35, "gifts": -5200}
    assert findings(session) == []


def test_a_gift_of_a_known_patron_is_hers(as_, pia, cleo, session):
    patron = patron_of(session, cleo)
    public_id, patron_id = patron.public_id, patron.id
    browser = as_(pia)
    page = browser.get(f"/staff/giving/offline/new?patron={public_id}").text

    browser.post("/staff/giving/offline", data=TYPED | {"patron": public_id, "email": ""})

    assert "Enter an offline gift of Cleo Patron" in page
    assert only(session).patron_id == patron_id
    assert "20 November 2026" in browser.get(f"/staff/patrons/{public_id}").text


def test_gifts_without_address_under_one_name_are_one_person(session, pia):
    for number, payer in enumerate(["Taras Melnyk", "taras  melnyk", "Taras Melnik"]):
        offline_gifts.enter(
            session,
            wish(form_key=str(number), reference=str(number), payer=payer, email=""),
            entered_by_id=pia.id,
        )
    session.commit()

    found = session.scalars(select(OfflineGift).order_by(OfflineGift.id)).all()
    assert found[0].patron_id == found[1].patron_id != found[2].patron_id


def test_it_has_a_receipt_that_ends_with_it(session, pia):
    gift = offline_gifts.enter(session, wish(), entered_by_id=pia.id)
    receipt = receipts.standing(session, ReceiptSource.OFFLINE, gift.public_id)

    assert receipt is not None
    assert (receipt.label, receipt.name, receipt.amount) == ("2026-000001", "Olena Kravets", 2500)

    offline_gifts.reverse(session, gift, reason="Wrong account", reversed_by_id=pia.id)
    assert receipts.standing(session, ReceiptSource.OFFLINE, gift.public_id) is None
    assert receipt.canceled_at is not None


def test_an_offline_gift_is_in_every_report(session, pia):
    gift = offline_gifts.enter(session, wish(), entered_by_id=pia.id)
    session.commit()
    november = Month(2026, 11)

    row = income.by_month(session, "eur", MONTHS)[-1]
    assert (row.gross, row.offline, row.fees, row.net) == (2500, 2500, 35, 2465)
    for figure, amount in (("gross", 2500), ("offline", 2500), ("fees", 35)):
        (line,) = rows.under_income(session, figure, "eur", november, names=True).rows
        assert (line.stripe_id, line.name, line.amount) == (gift.public_id, "Olena Kravets", amount)
    (hidden,) = rows.under_income(session, "gross", "eur", november, names=False).rows
    assert hidden.name == ""
    (settled,) = income.settled(session, MONTHS)
    assert (settled.gift_currency, settled.amount, settled.fees, settled.is_offline) == (
        "eur",
        2500,
        35,
        True,
    )
    for told in (stories.earnings(session, by, "eur", MONTHS) for by in By):
        (story,) = told
        assert (story.subject.is_offline, story.patrons, story.kept, story.once, story.recurring) == (
            True,
            1,
            2500,
            2500,
            0,
        )
    zone = settings_rows.current(session).zone
    assert supporters.by_month(session, MONTHS, zone, now=NOW)[-1].by_cover["offline"] == 1


def test_a_gift_taken_back_counts_on_the_day_of_the_correction(session, pia, clock):
    gift = offline_gifts.enter(session, wish(received_on=date(2026, 10, 5)), entered_by_id=pia.id)
    offline_gifts.reverse(session, gift, reason="Wrong account", reversed_by_id=pia.id)
    session.commit()

    _september, october, november = income.by_month(session, "eur", MONTHS)

    assert (october.gross, october.offline, october.fees) == (2500, 2500, 35)
    assert (november.gross, november.offline, november.fees) == (-2500, -2500, -35)


def test_the_pages_of_reports_name_it(as_, pia, session):
    offline_gifts.enter(session, wish(), entered_by_id=pia.id)
    session.commit()
    browser = as_(pia)

    page = browser.get("/staff/reports/income?currency=eur").text
    assert "Of it offline" in page
    assert "EUR, offline" in page
    assert "Offline gifts" in browser.get("/staff/reports/stories?currency=eur").text
    assert browser.get("/staff/reports/income.csv?currency=eur").text.splitlines()[-1].endswith(",25.00")
    assert ",offline,eur,1,25.00" in browser.get("/staff/reports/stories.csv?currency=eur").text


def test_the_state_knows_it_by_its_public_id_and_no_name(session, pia):
    gift = offline_gifts.enter(session, wish(), entered_by_id=pia.id)
    session.commit()

    told = stating.state(session, NOW)

    (line,) = told["offline_gifts"]
    assert (line["id"], line["patron"], line["amount"], line["received_on"]) == (
        gift.public_id,
        gift.public_id,
        2500,
        "2026-11-20",
    )
    (patron,) = told["patrons"]
    assert (patron["patron"], patron["standing"]) == (gift.public_id, standing.Standing.ACTIVE)
    assert "olena" not in str(told).lower()


def test_books_worked_out_anew_keep_it(session, pia):
    offline_gifts.enter(session, wish(), entered_by_id=pia.id)
    session.commit()
    before = stating.state(session, NOW)

    rederiving.rederive(session, [], lambda _what, _count: None)

    assert stating.state(session, NOW) == before


def test_two_who_enter_one_reference_at_the_same_time_make_one_gift(app: Flask, session, pia):
    entered_by, outcomes = pia.id, []
    ready = threading.Barrier(6)
    session.rollback()

    def enter(number: int) -> None:
        with app.app_context():
            ready.wait()
            try:
                offline_gifts.enter(db.session(), wish(form_key=str(number)), entered_by_id=entered_by)
                db.session.commit()
                outcomes.append("entered")
            except ReferenceTakenError:
                db.session.rollback()
                outcomes.append("refused")

    threads = [threading.Thread(target=enter, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["entered", *["refused"] * 5]
    assert sums(session) == {"offline": 2465, "fees": 35, "gifts": -2500}
    assert session.scalar(select(func.count()).select_from(Patron)) == 1
    assert findings(session) == []


@given(amount=st.integers(1, 99_999_999), smallest=st.integers(1, 1_000_000))
def test_months_are_the_floor_within_a_year(amount, smallest):
    months = measuring.months_for(amount, smallest)

    assert 1 <= months <= 12
    assert months in {1, 12} or smallest * months <= amount < smallest * (months + 1)


@st.composite
def gifts(draw) -> list[Gift]:
    made = []
    for number, day in enumerate(draw(st.lists(st.integers(0, 900), min_size=1, max_size=8))):
        at = NOW + timedelta(days=day)
        later = draw(st.none() | st.integers(1, 900))
        taken_back_at = None if later is None else at + timedelta(days=later)
        months = draw(st.integers(1, 12))
        made.append(Gift(key=f"g{number}", at=at, months=months, reversed_at=taken_back_at))
    return made


@given(made=gifts(), data=st.data())
def test_gifts_stand_end_to_end_in_whatever_order_they_are_read(made, data):
    rows_ = coverage.of(PatronFacts(offline=tuple(made)), [], 30)
    shuffled = data.draw(st.permutations(made))

    assert coverage.of(PatronFacts(offline=tuple(shuffled)), [], 30) == rows_
    for one, other in pairwise(rows_):
        assert one.ends_at <= other.starts_at
    by_key = {gift.key: gift for gift in made}
    for row in rows_:
        gift = by_key[row.source_key]
        assert gift.at <= row.starts_at < row.ends_at <= add_months(gift.at, MOST_MONTHS_AHEAD)
        assert gift.reversed_at is None or row.ends_at <= gift.reversed_at
