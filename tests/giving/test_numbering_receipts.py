"""Receipts: one for each gift that settled, numbered without gaps in each year of the newsroom's own calendar."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock
from membership.giving import checking_receipts, loading, receipt_texts, receipts, receipts_of_payments
from membership.giving.models import Payment, Receipt, ReceiptSource, ReceiptText
from membership.giving.receipts import AlreadyCanceledError, Given
from membership.money import Money
from membership.newsroom import settings_rows
from membership.patrons.models import Patron
from tests.cast import a_patron
from tests.giving.sandboxed import account, hear
from tests.giving.test_loading_a_history import _objects

__all__ = ["account", "hear"]


def all_receipts(session: Session) -> list[Receipt]:
    session.rollback()
    return list(session.scalars(select(Receipt).order_by(Receipt.year, Receipt.number)))


def an_offline_gift(key: str, on: date, amount: int = 2000) -> Given:
    return Given(source=ReceiptSource.OFFLINE, source_key=key, given_on=on, money=Money(amount, "eur"))


def issue(session: Session, patron: Patron, *gifts: Given) -> None:
    receipts.issue(session, patron, gifts, settings_rows.current(session))


def findings(session: Session) -> list[str]:
    return [found.sentence for check in checking_receipts.CHECKS for found in check(session)]


def test_each_payment_has_its_receipt_with_the_patrons_name(account, session, hear):
    olena = account.customer("olena@example.org")
    account.subscribe(olena, 700)
    account.pay(olena, 2000)
    hear()

    made = all_receipts(session)

    assert sorted(receipt.amount for receipt in made) == [700, 2000]
    assert [receipt.number for receipt in made] == [1, 2]
    assert {receipt.source_key for receipt in made} == set(session.scalars(select(Payment.id)))
    assert findings(session) == []


def test_money_of_others_gets_none(account, session, hear):
    account.pay(account.customer("shop@example.org"), 2000, ours=False)
    hear()

    assert all_receipts(session) == []


def test_events_that_come_again_issue_nothing_more(account, session, hear):
    account.pay(account.customer("olena@example.org"), 2000)
    events = hear()
    account.sent -= len(events)
    hear()

    assert [receipt.label for receipt in all_receipts(session)] == [f"{clock.now().year}-000001"]


def test_a_number_whose_transaction_is_undone_goes_to_the_next(session):
    patron = a_patron(session)
    issue(session, patron, an_offline_gift("a", date(2026, 3, 1)))
    session.commit()
    issue(session, patron, an_offline_gift("b", date(2026, 3, 2)))
    session.rollback()
    issue(session, patron, an_offline_gift("c", date(2026, 3, 3)))
    session.commit()

    made = all_receipts(session)

    assert [(receipt.label, receipt.source_key) for receipt in made] == [
        ("2026-000001", "a"),
        ("2026-000002", "c"),
    ]
    assert findings(session) == []


def test_every_year_begins_at_one(session):
    patron = a_patron(session)
    issue(
        session,
        patron,
        an_offline_gift("a", date(2026, 12, 31)),
        an_offline_gift("b", date(2027, 1, 1)),
        an_offline_gift("c", date(2026, 1, 1)),
    )
    session.commit()

    assert [(receipt.label, receipt.source_key) for receipt in all_receipts(session)] == [
        ("2026-000001", "c"),
        ("2026-000002", "a"),
        ("2027-000001", "b"),
    ]


def test_the_year_turns_at_the_newsrooms_midnight(account, session, hear):
    new_year_in_kyiv = datetime(2026, 12, 31, 22, 30, tzinfo=UTC)
    account.sandbox.advance(int((new_year_in_kyiv - clock.now()).total_seconds()))
    account.pay(account.customer("olena@example.org"), 2000)
    hear()

    (receipt,) = all_receipts(session)
    assert (receipt.given_on, receipt.label) == (date(2027, 1, 1), "2027-000001")


def test_a_gift_never_has_two_receipts_that_stand(session):
    patron = a_patron(session)
    issue(session, patron, an_offline_gift("a", date(2026, 3, 1)))
    issue(session, patron, an_offline_gift("a", date(2026, 3, 1)))
    session.commit()

    assert len(all_receipts(session)) == 1


def test_a_correction_cancels_and_issues_anew_with_a_number_of_its_own(session):
    patron = a_patron(session, name="Olena Kravets")
    issue(session, patron, an_offline_gift("a", date(2026, 3, 1)), an_offline_gift("b", date(2026, 3, 2)))
    session.commit()
    first = all_receipts(session)[0]

    made = receipts.reissue(
        session, first, name="Bakery Kravets Ltd", language="uk", reason="Given by the firm"
    )
    session.commit()

    assert (made.label, made.replaces_id, made.name) == ("2026-000003", first.id, "Bakery Kravets Ltd")
    assert (first.label, first.name, first.cancel_reason) == (
        "2026-000001",
        "Olena Kravets",
        "Given by the firm",
    )
    standing = receipts.standing(session, ReceiptSource.OFFLINE, "a")
    assert standing is not None
    assert standing.id == made.id
    with pytest.raises(AlreadyCanceledError):
        receipts.cancel(session, first, reason="again")
    assert findings(session) == []


def test_what_is_issued_or_reissued_after_new_year_is_numbered_in_the_gifts_own_year(session, clock):
    patron = a_patron(session)
    clock.set(datetime(2026, 12, 31, 21, 0, tzinfo=UTC))
    issue(session, patron, an_offline_gift("a", date(2026, 12, 31)))
    clock.set(datetime(2027, 1, 2, 9, 0, tzinfo=UTC))
    issue(session, patron, an_offline_gift("b", date(2027, 1, 1)))
    session.commit()
    first = session.scalars(select(Receipt).filter_by(source_key="a")).one()

    receipts.reissue(session, first, name="Bakery Kravets Ltd", language="uk", reason="Given by the firm")
    issue(session, patron, an_offline_gift("late", date(2026, 12, 30)))
    issue(session, patron, an_offline_gift("c", date(2027, 1, 2)))
    session.commit()

    assert [(receipt.label, receipt.source_key) for receipt in all_receipts(session)] == [
        ("2026-000001", "a"),
        ("2026-000002", "a"),
        ("2026-000003", "late"),
        ("2027-000001", "b"),
        ("2027-000002", "c"),
    ]
    assert findings(session) == []


def test_a_receipt_keeps_the_words_it_was_issued_under(session):
    patron = a_patron(session)
    settings_rows.change(session, {"name": "Richka", "receipt_text": {"en": "Old law."}})
    issue(session, patron, an_offline_gift("a", date(2026, 3, 1)))
    settings_rows.change(session, {"receipt_text": {"en": "New law."}})
    issue(session, patron, an_offline_gift("b", date(2026, 3, 2)))
    settings_rows.change(session, {"receipt_text": {"en": "Old law."}})
    issue(session, patron, an_offline_gift("c", date(2026, 3, 3)))
    session.commit()

    words = {
        key: (made.text.version, made.text.issuer, made.text.text)
        for key in "abc"
        if (made := receipts.standing(session, ReceiptSource.OFFLINE, key))
    }
    assert words == {
        "a": (1, "Richka", "Old law."),
        "b": (2, "Richka", "New law."),
        "c": (1, "Richka", "Old law."),
    }
    assert len(receipt_texts.versions(session)) == 2


def test_a_history_loaded_at_once_is_numbered_in_the_order_in_which_it_settled(account, session):
    for number in range(3):
        account.pay(account.customer(f"giver{number}@example.org"), 1000 + number)
        account.sandbox.advance(60)
    loading.load(session, _objects(account))
    assert findings(session) == ["Payments have no receipt yet."]

    count = receipts_of_payments.issue_missing(session)

    made = all_receipts(session)
    assert count == 3
    assert [(receipt.number, receipt.amount, receipt.name) for receipt in made] == [
        (1, 1000, "Olena Kravets"),
        (2, 1001, "Olena Kravets"),
        (3, 1002, "Olena Kravets"),
    ]
    assert receipts_of_payments.issue_missing(session) == 0
    assert findings(session) == []
    assert session.scalars(select(ReceiptText.version)).all() == [1]


def test_the_doctor_sees_a_number_taken_out(session):
    patron = a_patron(session)
    issue(session, patron, an_offline_gift("a", date(2026, 3, 1)), an_offline_gift("b", date(2026, 3, 2)))
    session.commit()
    session.delete(all_receipts(session)[0])
    session.commit()

    assert findings(session) == ["The receipts of these years have gaps."]
