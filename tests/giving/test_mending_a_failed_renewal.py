"""A renewal that fails: mails with a link that mends, taken back once it is paid, and a desk that says why."""

import pytest
from sqlalchemy import select

from membership.giving import declines
from membership.giving.models import Invoice, Subscription
from membership.mail.models import MailState, OutgoingMail
from membership.patrons.models import Patron, Visibility
from tests.giving.caring import LINK, Carer, carer
from tests.giving.sandboxed import account, hear

__all__ = ["account", "carer", "hear"]


def let_fail(carer: Carer, hear, method: str = "pm_card_chargeCustomerFail") -> None:
    """Let the renewals of Olena's gift be refused from now on, and one be tried."""
    give_card(carer, method)
    carer.account.sandbox.advance("32 days")
    hear()


def give_card(carer: Carer, method: str) -> None:
    """Give Olena's gift another card, as Stripe's page does."""
    customer = carer.at_stripe()["customer"]
    attached = carer.account.client.v1.payment_methods.attach(method, {"customer": customer})
    carer.account.client.v1.subscriptions.update(
        carer.subscription_id, {"default_payment_method": attached.id}
    )


def failure_mails(carer: Carer) -> list[OutgoingMail]:
    return carer.mails("payment_failed")


def open_bill(carer: Carer) -> str:
    carer.session.rollback()
    return carer.session.scalars(select(Invoice.id).filter_by(status="open")).one()


def test_the_mail_leads_to_stripes_page_for_the_card_without_signing_in(carer: Carer, hear):
    let_fail(carer, hear)

    (sent,) = failure_mails(carer)
    mend, stop, _foot = LINK.findall(sent.text)
    assert "€5.00" in carer.browser.get(mend).text
    answer = carer.do(mend, "card")

    (opened,) = carer.account.sandbox.all("billing_portal.session")
    assert (answer.status_code, answer.headers["Location"]) == (303, opened["url"])
    assert "End my gift" in carer.browser.get(stop).text
    assert "End my gift" not in carer.browser.get(mend).text


def test_where_the_bank_must_ask_the_mail_leads_to_stripes_page_of_the_bill(carer: Carer, hear):
    let_fail(carer, hear, "pm_card_authenticationRequired")

    (sent,) = failure_mails(carer)
    bill = carer.account.sandbox.get(open_bill(carer))
    for part in (sent.text, sent.html):
        assert bill["hosted_invoice_url"] in part
        assert "Your bank wants to ask you" in part


def test_a_mail_that_has_not_left_is_taken_back_when_it_is_paid(carer: Carer, hear):
    let_fail(carer, hear)
    give_card(carer, "pm_card_visa")
    carer.account.client.v1.invoices.pay(open_bill(carer))
    hear()

    assert [mail.state for mail in failure_mails(carer)] == [MailState.CANCELED]
    carer.account.sandbox.advance("10 days")
    hear()
    assert len(failure_mails(carer)) == 1


def test_ending_a_failing_gift_voids_what_is_open_and_takes_the_mails_back(carer: Carer, hear):
    let_fail(carer, hear)
    bill = open_bill(carer)
    carer.do(carer.links("payment_failed")[1], "cancel")
    hear()

    assert carer.account.sandbox.get(bill)["status"] == "void"
    assert carer.at_stripe()["status"] == "canceled"
    assert [mail.state for mail in failure_mails(carer)] == [MailState.CANCELED]
    (told,) = carer.mails("gift_canceled")
    assert "owed no longer" in told.text
    assert "Put it back" not in told.text
    carer.account.sandbox.advance("35 days")
    hear()
    assert carer.mails("membership_ended") == []


@pytest.mark.parametrize(
    ("method", "why"),
    [
        ("pm_card_chargeCustomerFail", "The bank said no, and not why."),
        ("pm_card_authenticationRequired", "The bank wants to ask the patron first."),
    ],
)
def test_the_desk_says_who_why_what_was_mailed_and_what_is_at_stake(
    carer: Carer, hear, as_, pia, method: str, why: str
):
    let_fail(carer, hear, method)

    page = as_(pia).get("/staff/giving/failing").text

    assert "Olena" in page
    assert why in page
    assert "At stake a month, EUR" in page
    assert "1 gift; open: €5.00" in page
    assert "not yet" not in page  # one mail is on its way


def test_at_the_desk_a_hidden_patron_stays_hidden(carer: Carer, hear, as_, pia):
    let_fail(carer, hear)
    carer.session.scalars(select(Patron)).one().visibility = Visibility.SECRET
    carer.session.commit()

    page = as_(pia).get("/staff/giving/failing").text

    assert "Hidden patron" in page
    assert "olena" not in page.lower()


def test_what_a_yearly_gift_has_at_stake_is_a_twelfth_a_month(carer: Carer, hear, as_, pia):
    let_fail(carer, hear)
    row = carer.session.get_one(Subscription, carer.subscription_id)
    row.interval, row.amount = row.interval.YEAR, 6_500
    carer.session.commit()

    assert "€5.42" in as_(pia).get("/staff/giving/failing").text


@pytest.mark.parametrize(
    ("code", "decline_code", "why"),
    [
        ("card_declined", "insufficient_funds", "There was not enough money."),
        ("expired_card", "", "The card has run out."),
        ("card_declined", "lost_card", "The card was reported lost."),
        ("card_declined", "something_new", "The bank said no (something_new)."),
        ("", "", "The bank said no, and not why."),
    ],
)
def test_why_a_bank_said_no_is_told_in_plain_words(app, code: str, decline_code: str, why: str):
    with app.test_request_context():
        assert declines.reason(code, decline_code) == why
