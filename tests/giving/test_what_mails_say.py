"""The mails of giving: both parts and both languages, with amount, interval, next charge and the way to stop."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock
from membership.accounts.models import Account
from membership.giving import mail
from membership.giving.models import Checkout, Interval, Invoice, Owner, Payment, Refund, Subscription
from membership.mail.models import OutgoingMail
from membership.money import Money
from membership.patrons.models import Patron
from tests.cast import a_patron, an_account

CARE = re.compile(r"http://localhost((?:/uk)?)/care/[\w-]{60,}")
"""A way to stop, without signing in."""


@pytest.fixture
def patron(session: Session) -> Patron:
    """Olena, with an address."""
    return a_patron(session, an_account(session, name="Olena & <Taras>", email="olena@example.org"))


@pytest.fixture
def payment(session: Session) -> Payment:
    """5.33 EUR, of which 0.33 covers the fee."""
    return Payment(
        id="ch_1",
        as_of=clock.now(),
        customer_id="cus_1",
        payment_intent_id="pi_1",
        amount=533,
        covered_fee=33,
        currency="eur",
        charged_at=clock.now(),
        settled_at=clock.now(),
        marked_ours=True,
        owner=Owner.OURS,
        card_last4="4242",
        months=5,
    )


@pytest.fixture
def subscription(session: Session) -> Subscription:
    """5.33 EUR a month, next on 22 December."""
    row = Subscription(
        id="sub_1",
        as_of=clock.now(),
        customer_id="cus_1",
        is_ours=True,
        status="active",
        amount=533,
        currency="eur",
        interval=Interval.MONTH,
        created=clock.now(),
        period_ends_at=clock.now() + timedelta(days=30),
        canceled_at=clock.now(),
        cancel_at=clock.now() + timedelta(days=30),
        covered_fee=33,
    )
    session.add(row)
    session.flush()
    return row


@pytest.fixture
def invoice() -> Invoice:
    """An open bill of 5.33 EUR."""
    return Invoice(
        id="in_1",
        as_of=clock.now(),
        customer_id="cus_1",
        status="open",
        created=clock.now(),
        currency="eur",
        amount_due=533,
        amount_paid=0,
        is_ours=True,
        subscription_id="sub_1",
        next_attempt_at=clock.now() + timedelta(days=3),
    )


def queued(session: Session) -> OutgoingMail:
    """The one mail that was queued, after a check of what all mails must have."""
    session.commit()
    found = session.scalars(select(OutgoingMail)).one()
    assert found.subject.strip() == found.subject
    assert "\n" not in found.subject
    assert "<Taras>" not in found.html
    assert "{{" not in found.text + found.html
    return found


def test_a_welcome_to_a_gift_that_renews(session, patron, payment, subscription):
    mail.welcome(session, patron=patron, payment=payment, subscription=subscription)

    sent = queued(session)
    for part in (sent.text, sent.html):
        assert "€5.33 every month, until you stop" in part
        assert "22 December 2026" in part
        assert CARE.search(part)
        assert "http://localhost/sign-in/" in part
    assert "Dear Olena & <Taras>," in sent.text


def test_a_welcome_to_a_gift_made_once(session, patron, payment):
    mail.welcome(session, patron=patron, payment=payment)

    sent = queued(session)
    assert "€5.33, once" in sent.text
    assert "nothing more will be charged" in sent.text
    assert not CARE.search(sent.text + sent.html)


@pytest.mark.parametrize("language", ["en", "uk"])
def test_a_receipt_names_the_interval_the_next_charge_and_the_way_to_stop(
    session, patron, payment, subscription, language: str
):
    patron.language = language

    mail.receipt(session, patron=patron, payment=payment, subscription=subscription)

    sent = queued(session)
    assert sent.language == language
    for part in (sent.text, sent.html):
        assert CARE.findall(part) == ["" if language == "en" else "/uk"]
        assert "ch_1" in part
        assert "4242" in part


def test_the_same_cause_is_mailed_once(session, patron, payment, subscription):
    for _time in range(3):
        mail.receipt(session, patron=patron, payment=payment, subscription=subscription)

    queued(session)


@pytest.mark.parametrize("day", mail.FAILURE_DAYS)
@pytest.mark.parametrize("language", ["en", "uk"])
def test_a_failed_payment_can_be_mended_or_ended_from_the_mail(
    session, patron, subscription, invoice, day: int, language: str
):
    patron.language = language
    ends_at = clock.now() + timedelta(days=30)

    mail.payment_failed(
        session, patron=patron, subscription=subscription, invoice=invoice, day=day, ends_at=ends_at
    )

    sent = queued(session)
    for part in (sent.text, sent.html):
        assert len(CARE.findall(part)) == 2


def test_what_was_paid_after_all_withdraws_the_mails(session, patron, subscription, invoice):
    mail.payment_failed(
        session,
        patron=patron,
        subscription=subscription,
        invoice=invoice,
        day=3,
        ends_at=clock.now() + timedelta(days=9),
    )

    mail.withdraw_failures(session, invoice.id)

    assert queued(session).state.value == "canceled"


@pytest.mark.parametrize("language", ["en", "uk"])
@pytest.mark.parametrize(
    "kind",
    [
        "membership_ended",
        "refund_made",
        "refund_failed",
        "gift_canceled",
        "gift_resumed",
        "amount_changed",
        "second_subscription",
    ],
)
def test_every_other_mail_can_be_written(session, patron, payment, subscription, kind: str, language: str):
    patron.language = language
    refund = Refund(
        id="re_1",
        as_of=clock.now(),
        charge_id="ch_1",
        amount=200,
        currency="eur",
        status="succeeded",
        created=clock.now(),
    )
    ways = {
        "membership_ended": lambda: mail.membership_ended(
            session, patron=patron, subscription=subscription, ended_at=clock.now()
        ),
        "refund_made": lambda: mail.refund_made(session, patron=patron, payment=payment, refund=refund),
        "refund_failed": lambda: mail.refund_failed(session, patron=patron, payment=payment, refund=refund),
        "gift_canceled": lambda: mail.gift_canceled(session, patron=patron, subscription=subscription),
        "gift_resumed": lambda: mail.gift_resumed(
            session, patron=patron, subscription=subscription, canceled_at=clock.now()
        ),
        "amount_changed": lambda: mail.amount_changed(
            session, patron=patron, subscription=subscription, before=Money(300, "eur")
        ),
        "second_subscription": lambda: mail.second_subscription(
            session, patron=patron, first=subscription, second=subscription
        ),
    }

    ways[kind]()

    assert queued(session).kind == f"giving/{kind}"


def test_mails_about_a_checkout_go_to_the_typed_address(session):
    checkout = Checkout(
        public_id="co1",
        form_key="x",
        created_at=clock.now(),
        amount=533,
        covered_fee=33,
        currency="eur",
        interval=Interval.MONTH,
        smallest_monthly=100,
        email="new@example.org",
        email_index="x",
        language="en",
    )

    mail.payment_not_made(session, checkout=checkout)
    mail.address_corrected(session, to="old@example.org", checkout=checkout)

    session.commit()
    sent = session.scalars(select(OutgoingMail).order_by(OutgoingMail.id)).all()
    assert [found.recipient for found in sent] == ["new@example.org", "old@example.org"]
    assert "/support?amount=5.00&interval=month&currency=eur" in sent[0].text
    assert "new@example.org" not in sent[1].text + sent[1].html


def test_a_patron_without_address_gets_none(session, payment):
    mail.receipt(session, patron=a_patron(session), payment=payment)

    assert session.scalars(select(OutgoingMail)).all() == []
    assert session.scalars(select(Account)).all() == []
