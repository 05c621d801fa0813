"""A patron's own gift: another amount, an end, going on, another card; each at once on the page and at Stripe."""

import re
from typing import Literal

import pytest
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select

from membership import clock
from membership.giving import applying, receiving
from membership.giving.models import CallState, OutgoingCall
from membership.mail.models import OutgoingMail
from tests.giving.giver import choose, give, send
from tests.giving.sandboxed import account, hear
from tests.giving.signed_in import Giver, giver

__all__ = ["account", "giver", "hear"]

Trouble = Literal["error", "busy", "cut_after"]
ACTS = ["amount", "cancellation", "resumption", "card", "interval", "pause", "skip", "step-down"]


def test_the_page_says_what_is_charged_next_and_what_came(giver: Giver):
    page = giver.page()

    assert "€5.00 every month" in page
    assert re.search(r"Next charge: €5\.00 on \d+ \w+ \d{4}\.", page)
    assert "card ending in 4242" in page
    assert "no-store" in giver.browser.get("/patron").headers["Cache-Control"]


def test_another_amount_is_charged_from_the_next_renewal_on(giver: Giver, hear):
    answer = giver.do("amount", amount="7.50")
    hear()

    assert (answer.status_code, answer.headers["Location"]) == (303, "/patron")
    assert "Next charge: €7.50 on" in giver.page()
    assert giver.mails("amount_changed") == ["Your gift is now €7.50 every month"]
    assert [charge["amount"] for charge in giver.account.sandbox.all("charge")] == [500]

    giver.account.sandbox.advance("32 days")

    assert [charge["amount"] for charge in giver.account.sandbox.all("charge")] == [750, 500]


def test_covering_the_fee_is_part_of_the_new_amount(giver: Giver, hear):
    giver.do("amount", amount="5", cover_fee="y")
    hear()

    assert "Next charge: €5.33 on" in giver.page()
    assert "Of this, €0.33 covers the usual card fee." in giver.page()


@pytest.mark.parametrize("typed", ["0", "-1", "NaN", "5.555", "0.50", "99999", ""])
def test_a_bad_amount_changes_nothing(giver: Giver, typed: str):
    answer = giver.do("amount", amount=typed)

    assert answer.status_code == 422
    assert "Please look at this again" in answer.text
    assert giver.session.scalars(select(OutgoingCall).filter_by(kind="subscription.amount")).all() == []


def test_ending_says_until_when_and_keeps_what_is_paid(giver: Giver, hear):
    before = giver.browser.get(giver.path("cancellation")).text
    answer = giver.do("cancellation", feedback="too_expensive")
    hear()

    assert re.search(r"Your gift lasts until \d+ \w+ \d{4}, which is paid for\.", before)
    assert answer.status_code == 303
    assert giver.at_stripe()["cancel_at_period_end"] is True
    assert giver.at_stripe()["cancellation_details"]["feedback"] == "too_expensive"
    assert re.search(r"It ends on \d+ \w+ \d{4}\. Nothing more is charged\.", giver.page())
    assert "You are a patron, covered until" in giver.page()
    assert len(giver.mails("gift_canceled")) == 1


def test_what_is_done_within_one_second_shows_at_once(giver: Giver):
    for _time in range(3):
        assert giver.do("cancellation").status_code == 303
        _deliver(giver)
        assert "set to end" in giver.page()
        assert giver.do("resumption").status_code == 303
        assert "set to end" not in giver.page()


def _deliver(giver: Giver) -> None:
    """Let the app hear what has happened, without a second going by."""
    for event in giver.account.new_events():
        receiving.store(giver.session, event, at=clock.now(), is_live=False)
    giver.session.commit()
    applying.apply_all(giver.session)
    giver.session.rollback()


def test_no_reason_is_needed(giver: Giver):
    assert giver.do("cancellation").status_code == 303
    assert giver.at_stripe()["cancellation_details"]["feedback"] is None


def test_ending_twice_is_one_end_and_one_mail(giver: Giver, hear):
    first = giver.browser.get(giver.path("cancellation")).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', first)
    assert token is not None
    for _tab in range(2):
        answer = giver.browser.post(
            giver.path("cancellation"), data={"csrf_token": token.group(1), "feedback": ""}
        )
        assert answer.status_code == 303
    hear()

    assert len(giver.mails("gift_canceled")) == 1
    assert len(giver.session.scalars(select(OutgoingCall).filter_by(kind="subscription.cancel")).all()) == 1


def test_going_on_after_all_charges_nothing_and_leaves_no_gap(giver: Giver, hear):
    giver.do("cancellation")
    hear()
    answer = giver.do("resumption")
    hear()

    assert answer.status_code == 303
    assert giver.at_stripe()["cancel_at_period_end"] is False
    assert "Next charge: €5.00 on" in giver.page()
    assert giver.mails("gift_resumed") == ["Your gift goes on"]
    assert len(giver.account.sandbox.all("charge")) == 1


def test_after_the_end_the_page_says_so_and_offers_a_new_beginning(giver: Giver, hear):
    giver.do("cancellation")
    giver.account.sandbox.advance("32 days")
    hear()

    page = giver.page()

    assert "You are not a patron at the moment." in page
    assert "and ended on" in page
    assert "Begin a new gift" in giver.browser.get(giver.path("resumption")).text


def test_the_card_is_changed_on_stripes_page_of_this_patron_alone(giver: Giver):
    answer = giver.do("card")

    (opened,) = giver.account.sandbox.all("billing_portal.session")
    assert (answer.status_code, answer.headers["Location"]) == (303, opened["url"])
    assert opened["customer"] == giver.at_stripe()["customer"]
    assert opened["return_url"] == "http://localhost/patron"
    assert opened["flow"]["type"] == "payment_method_update"
    assert len(giver.account.sandbox.all("billing_portal.configuration")) == 1


def test_a_failed_renewal_is_shown_with_the_way_to_mend_it(giver: Giver, hear):
    giver.account.use_card(giver.at_stripe()["customer"], "pm_card_chargeCustomerFail")
    giver.account.client.v1.subscriptions.update(
        giver.subscription_id,
        {"default_payment_method": giver.account.sandbox.all("payment_method")[0]["id"]},
    )
    giver.account.sandbox.advance("32 days")
    hear()

    page = giver.page()

    assert "The last payment did not go through" in page
    assert f"{giver.path('card')}" in page
    assert "Pay the open amount right now instead" in giver.browser.get(giver.path("card")).text
    assert giver.mails("payment_failed") == ["Your gift to Our newsroom could not be charged"]


@pytest.mark.parametrize("what", ACTS)
def test_for_anybody_else_the_gift_does_not_exist(giver: Giver, as_, eve, cleo, client, what: str):
    assert as_(eve).get(giver.path(what)).status_code == 404
    assert as_(cleo).post(giver.path(what)).status_code == 404
    assert client.get(giver.path(what)).headers["Location"].startswith("/sign-in?next=")


def no_token(_app: Flask) -> str:
    return ""


def token_of_another_session(app: Flask) -> str:
    """As Flask-WTF signs them, so that only the session differs."""
    assert app.secret_key
    return str(URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps("1" * 40))


@pytest.mark.parametrize("token", [no_token, token_of_another_session])
@pytest.mark.parametrize("what", ACTS)
def test_without_the_sessions_token_nothing_is_done(giver: Giver, app: Flask, what: str, token):
    giver.browser.get(giver.path(what))  # so that the session has a token of its own

    typed = {"csrf_token": token(app), "amount": "9", "months": "1"}
    answer = giver.browser.post(giver.path(what), data=typed)

    assert answer.status_code == 422
    assert giver.session.scalars(select(OutgoingCall).where(OutgoingCall.kind != "checkout.open")).all() == []


@pytest.mark.parametrize("trouble", ["error", "busy", "cut_after"])
def test_while_stripe_is_out_of_reach_it_is_said_and_asking_again_helps(giver: Giver, hear, trouble: Trouble):
    giver.account.sandbox.faults.add(trouble, path="/v1/subscriptions", method="POST", times=3)

    failed = giver.do("cancellation")
    giver.account.sandbox.faults.clear()
    again = giver.do("cancellation")
    hear()

    assert failed.status_code == 503
    assert "Our payment service does not answer" in failed.text
    assert again.status_code == 303
    assert giver.at_stripe()["cancel_at_period_end"] is True
    assert len(giver.mails("gift_canceled")) == 1
    states = giver.session.scalars(select(OutgoingCall.state).filter_by(kind="subscription.cancel")).all()
    assert CallState.DONE in states


def test_a_patron_who_has_signed_in_is_kept_from_a_second_gift(giver: Giver):
    answer = send(giver.browser, choose(giver.browser, amount="9", interval="month"))

    assert answer.status_code == 409
    assert "You support us already" in answer.text
    assert giver.path("amount") in answer.text
    assert len(giver.account.sandbox.all("checkout.session")) == 1


def test_a_patron_may_give_once_more_as_the_same_customer(giver: Giver, hear):
    thanks = give(giver.browser, amount="20", interval="once")
    giver.browser.get(thanks)
    hear()

    assert len(giver.account.sandbox.all("customer")) == 1
    assert "€20.00" in giver.page()


def test_a_typed_address_tells_nothing_about_whose_it_is(giver: Giver, client):
    known = send(client, choose(client, amount="9", interval="month"), email="olena@example.org")
    unknown = send(client, choose(client, amount="9", interval="month"), email="nobody@example.org")

    assert (known.status_code, unknown.status_code) == (303, 303)
    assert known.headers["Location"].partition("/c/")[0] == unknown.headers["Location"].partition("/c/")[0]


def test_a_second_gift_begun_without_signing_in_is_told_with_two_ways_out(giver: Giver, client, hear):
    giver.account.sandbox.advance(2)
    give(client, amount="9", interval="month")
    hear()
    hear()

    assert giver.mails("second_subscription") == ["You now have two gifts running at Our newsroom"]
    sent = giver.session.scalars(select(OutgoingMail).filter_by(kind="giving/second_subscription")).one()
    first_end, second_end = re.findall(r"http://localhost(/care/[\w-]+)", sent.text)[:2]
    assert "€5.00 every month" in client.get(first_end).text
    assert "€9.00 every month" in client.get(second_end).text
    assert "You have two gifts running beside each other." in giver.page()
    assert len(giver.mails("welcome")) == 1
