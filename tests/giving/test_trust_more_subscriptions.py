"""Gifts that renew, once more: votes, fees and findings beside what their states are (docs/trust.md, section S)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy import func, select

from membership import clock, secrets
from membership.giving import checking_money
from membership.giving.ledger import Book, LedgerLine
from membership.giving.models import (
    Checkout,
    Dispute,
    Interval,
    Payment,
    Refund,
    StripeCustomer,
    Subscription,
)
from membership.mail.models import OutgoingMail
from membership.newsroom.findings import Severity
from membership.patrons import enrolling, standing
from membership.patrons.models import Coverage, Patron
from membership.patrons.standing import Standing
from membership.reports import income
from membership.reports.periods import last_months
from membership.topics import voting
from membership.topics.errors import StandingError
from membership.topics.models import Ballot
from tests.giving.giver import give
from tests.giving.lives import LIVES
from tests.giving.sandboxed import account, begun, hear
from tests.giving.stripe_words import Life, once
from tests.topics.voters import a_round, a_topic

__all__ = ["account", "begun", "hear"]


@pytest.fixture
def charge(session, begun) -> str:
    """The id of that payment."""
    del begun
    found = session.scalars(select(Payment.id)).one()
    session.rollback()
    return str(found)


def _sum(session, book: Book) -> int:
    session.rollback()
    query = select(func.coalesce(func.sum(LedgerLine.amount), 0)).where(LedgerLine.book == book)
    return int(session.scalar(query))


def _standing(session, at: datetime) -> Standing:
    session.rollback()
    return standing.at(session.scalars(select(Coverage)).all(), at)


def _vote(session, round_id: int, topic: str) -> None:
    session.rollback()
    voting.cast(
        session, round_id=round_id, patron_id=session.scalars(select(Patron.id)).one(), topics=[topic]
    )
    session.commit()


def _round(session) -> tuple[int, str]:
    """A round that is open for a year; its id, and one of its topics."""
    topics = [a_topic(session) for _ in range(2)]
    made = a_round(session, topics, closes_at=clock.now() + timedelta(days=365))
    return made.id, topics[0].public_id


def test_s01_until_the_paid_end_and_not_at_it_one_may_vote(account, session, hear, begun):
    round_id, topic = _round(session)
    account.client.v1.subscriptions.update(begun, {"cancel_at_period_end": True})
    hear()
    end = datetime.fromtimestamp(account.sandbox.get(begun)["items"]["data"][0]["current_period_end"], UTC)

    with clock.standing_still(end - timedelta(seconds=1)):
        _vote(session, round_id, topic)
    with clock.standing_still(end), pytest.raises(StandingError):
        _vote(session, round_id, topic)

    session.rollback()
    assert session.scalar(select(func.count()).select_from(Ballot)) == 1


def test_s08_a_first_payment_that_never_came_ends_incomplete_and_expired(account, session, hear):
    account.subscribe(account.customer("eve@example.org", "pm_card_chargeCustomerFail"))
    hear()
    assert session.scalars(select(Subscription.status)).one() == "incomplete"

    account.sandbox.advance("3 days")
    hear()

    assert session.scalars(select(Subscription.status)).one() == "incomplete_expired"
    assert session.scalars(select(Coverage)).all() == []
    assert session.scalars(select(OutgoingMail)).all() == []


def test_s09_the_mail_about_the_banks_question_leads_to_stripes_page(account, client, session, hear):
    give(client, amount="5", interval="month")
    hear()
    subscription = account.sandbox.get(session.scalars(select(Subscription.id)).one())
    attached = account.client.v1.payment_methods.attach(
        "pm_card_authenticationRequired", {"customer": subscription["customer"]}
    )
    account.client.v1.subscriptions.update(
        subscription["id"], cast("Any", {"default_payment_method": attached.id})
    )
    account.sandbox.advance_to(subscription["items"]["data"][0]["current_period_end"] + 2 * 3600)
    hear()

    session.rollback()
    mail = session.scalars(select(OutgoingMail).filter_by(kind="giving/payment_failed")).one()
    bill = account.sandbox.all("invoice")[0]
    assert bill["status"] == "open"
    assert re.search(rf"(?m){re.escape(bill['hosted_invoice_url'])}$", mail.text)
    assert f'href="{bill["hosted_invoice_url"]}"' in mail.html


def test_s11_reports_show_what_is_left_and_more_sent_back_than_was_paid_is_red(
    account, session, hear, begun, charge
):
    account.sandbox.refund(charge, 200)
    account.sandbox.advance("1 hour")
    hear()
    months = income.by_month(session, "eur", last_months(3, clock.now().date()))
    assert sum(month.gross for month in months) == 500
    assert sum(month.refunded for month in months) == 200
    assert sum(month.net for month in months) == 300 - sum(month.fees or 0 for month in months)
    assert checking_money.refunds_fit(session) == []

    told = session.scalars(select(Refund)).one()
    told.amount = 501
    session.commit()

    assert [(f.check, f.severity) for f in checking_money.refunds_fit(session)] == [("N06", Severity.RED)]


def test_s14_a_dispute_books_the_banks_fee_too(account, session, hear, charge):
    before = _sum(session, Book.FEES)

    dispute = account.sandbox.open_dispute(charge)
    hear()

    (taken,) = account.sandbox.get(dispute)["balance_transactions"]
    assert taken["fee"] > 0
    assert _sum(session, Book.FEES) - before == taken["fee"]
    assert _sum(session, Book.DISPUTED) == 500


def test_s15_while_a_dispute_holds_the_money_no_ballot_is_taken(account, session, hear, charge):
    round_id, topic = _round(session)
    dispute = account.sandbox.open_dispute(charge)
    account.sandbox.advance("1 hour")
    hear()
    with pytest.raises(StandingError):
        _vote(session, round_id, topic)

    account.sandbox.close_dispute(dispute, "won")
    account.sandbox.advance("1 hour")
    hear()
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Ballot)) == 0
    _vote(session, round_id, topic)

    assert session.scalar(select(func.count()).select_from(Ballot)) == 1


@pytest.mark.parametrize("status", ["needs_response", "under_review"])
def test_s15_a_lost_dispute_stays_lost_whatever_open_state_is_told_of_it_later(session, take, status):
    life = LIVES["dispute_lost"]().life
    life.wait(3600)
    life.tell("charge.dispute.updated", life.objects[f"du_{life.name}1"] | {"status": status})

    take(life.events)

    assert session.scalars(select(Dispute.status)).one() == "lost"
    assert _sum(session, Book.DISPUTED) == 2500
    assert _standing(session, datetime.fromtimestamp(life.at + 60, UTC)) is not Standing.ACTIVE


def test_s23_a_customer_stays_a_patrons_when_a_payment_names_another_ones_checkout(session, take):
    life = Life("ada")
    once(life)
    take(life.events)
    ada = session.scalars(select(StripeCustomer.patron_id)).one()
    ben = enrolling.find_or_make(session, email="ben@example.org", name="Ben", language="en", at=clock.now())
    session.flush()
    ben_id = ben.id
    session.add(
        Checkout(
            public_id="coben",
            form_key="form-coben",
            created_at=clock.now(),
            amount=1000,
            covered_fee=0,
            currency="eur",
            interval=Interval.ONCE,
            smallest_monthly=100,
            email="ben@example.org",
            email_index=secrets.blind_index("ben@example.org"),
            language="en",
            patron_id=ben_id,
        )
    )
    session.commit()
    life.metadata = {"app": "membership", "checkout": "coben"}
    life.wait(60)
    told = len(life.events)
    once(life, 1000)

    take(life.events[told:])

    assert ben_id != ada
    assert session.execute(select(StripeCustomer.id, StripeCustomer.patron_id)).all() == [
        (life.customer, ada)
    ]
    assert session.scalar(select(func.count()).select_from(Payment)) == 2
    assert set(session.scalars(select(Coverage.patron_id))) == {ada}
