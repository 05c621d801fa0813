"""POST /support/checkouts: one form is one row and one session at Stripe, whatever happens on the way."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from membership import clock
from membership.articles.models import Article, ArticleState
from membership.db import Base
from membership.gateway.client import Answer, Gateway
from membership.giving import card_testing, opening, unanswered
from membership.giving.models import CallState, Checkout, CheckoutState, OutgoingCall
from membership.newsroom import budgets, settings_rows
from membership.newsroom.budgets import Limit
from tests.giving.giver import choose, form_of, pay, send
from tests.giving.sandboxed import Account, account, hear

__all__ = ["account", "hear"]

SESSIONS = "/v1/checkout/sessions"


@pytest.fixture
def sessions(account: Account) -> Callable[[], list[dict[str, Any]]]:
    """The sessions that exist at Stripe, newest first."""
    return lambda: [dict(found) for found in account.sandbox.all("checkout.session")]


@pytest.fixture
def sent(account: Account, session: Session) -> Callable[[], list[Checkout]]:
    """Our rows, oldest first, as they are now."""

    def rows() -> list[Checkout]:
        session.expire_all()
        return list(session.scalars(select(Checkout).order_by(Checkout.id)))

    return rows


@pytest.mark.usefixtures("account")
def test_the_reader_is_led_to_stripe_with_what_was_chosen(client, sessions, sent):
    answer = send(client, choose(client, amount="5", interval="month"), name="Olena", note="For the bridge")

    (opened,) = sessions()
    (checkout,) = sent()
    assert (answer.status_code, answer.headers["Location"]) == (303, opened["url"])
    assert opened["mode"] == "subscription"
    assert opened["amount_total"] == 500
    assert opened["customer_email"] == "olena@example.org"
    assert opened["client_reference_id"] == checkout.public_id
    assert opened["metadata"] == {"app": "membership", "checkout": checkout.public_id}
    assert opened["success_url"] == "http://localhost/support/thanks?session={CHECKOUT_SESSION_ID}"
    assert checkout.state is CheckoutState.OPEN
    assert (checkout.name, checkout.note) == ("Olena", "For the bridge")
    assert checkout.smallest_monthly == 100


@pytest.mark.usefixtures("account")
def test_covering_the_fee_charges_the_sum_and_says_so(client, sessions, sent):
    send(client, choose(client, amount="5", interval="once"), cover_fee="y")

    (opened,) = sessions()
    assert (opened["mode"], opened["amount_total"], opened["metadata"]["covered_fee"]) == (
        "payment",
        533,
        "33",
    )
    assert sent()[0].covered_fee == 33


@pytest.mark.parametrize(("amount", "months"), [("2", "2"), ("4.99", "4"), ("25", "12")])
@pytest.mark.usefixtures("account")
def test_the_months_that_a_gift_covers_travel_with_it(client, sessions, amount: str, months: str):
    send(client, choose(client, amount=amount, interval="once"), cover_fee="y")

    assert sessions()[0]["metadata"]["months"] == months


@pytest.mark.usefixtures("account")
def test_article_and_campaign_travel_with_the_gift(client, session, sessions, sent):
    now = clock.now()
    article = Article(
        slug="bread",
        language="en",
        headline="Bread",
        body="…",
        created_at=now,
        updated_at=now,
        state=ArticleState.PUBLISHED,
    )
    session.add(article)
    session.commit()

    send(client, choose(client, amount="5", article="bread", appeal="unknown", campaign="winter"))

    assert sent()[0].article_id == session.scalar(select(Article.id))
    assert sessions()[0]["metadata"]["article"] == "bread"
    assert sessions()[0]["metadata"]["campaign"] == "winter"
    assert "article=bread" in sessions()[0]["cancel_url"]


@pytest.mark.usefixtures("account")
def test_going_on_sets_one_cookie_for_a_day(client):
    answer = send(client, choose(client))

    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("asking=")
    assert "Max-Age=86400" in cookie
    assert "HttpOnly" in cookie


@pytest.mark.usefixtures("account")
def test_a_form_sent_twice_is_one_row_and_one_session(client, sessions, sent):
    form = choose(client, amount="5")

    first, second = send(client, form), send(client, form)

    assert first.headers["Location"] == second.headers["Location"]
    assert first.headers["Set-Cookie"].split(";")[0] == second.headers["Set-Cookie"].split(";")[0]
    assert (len(sessions()), len(sent())) == (1, 1)


@pytest.mark.usefixtures("account")
def test_a_double_click_is_one_row_and_one_session(app: Flask, client, sessions, sent):
    form = choose(client, amount="5")

    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda _n: send(app.test_client(), form), range(2)))

    assert {answer.headers["Location"] for answer in answers} == {sessions()[0]["url"]}
    assert (len(sessions()), len(sent())) == (1, 1)


@pytest.mark.usefixtures("account")
def test_another_amount_on_the_same_form_closes_the_first_session(client, sessions, sent):
    form = choose(client, amount="5")
    send(client, form)

    answer = send(client, form, amount="8.00")

    newest, oldest = sessions()
    assert answer.headers["Location"] == newest["url"]
    assert (oldest["status"], newest["status"], newest["amount_total"]) == ("expired", "open", 800)
    assert [row.state for row in sent()] == [CheckoutState.EXPIRED, CheckoutState.OPEN]


@pytest.mark.usefixtures("account")
def test_a_corrected_name_and_note_are_kept_and_the_session_stays(client, sessions, sent):
    form = choose(client, amount="5")
    send(client, form, name="Cleo Kostenk", note="")

    answer = send(client, form, name="Cleo Kostenko", note="For the river story")

    assert answer.headers["Location"] == sessions()[0]["url"]
    assert [(row.name, row.note) for row in sent()] == [("Cleo Kostenko", "For the river story")]
    assert len(sessions()) == 1


def test_a_paid_form_sent_again_leads_to_the_thanks(account, client, sessions, sent, hear):
    form = choose(client, amount="5")
    pay(send(client, form).headers["Location"])
    hear()

    answer = send(client, form)

    assert answer.headers["Location"].startswith("/support/thanks?session=")
    assert len(sessions()) == 1


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("amount", "0", "Enter an amount above zero."),
        ("amount", "-5", "Write the amount in digits"),
        ("amount", "1e309", "Write the amount in digits"),
        ("amount", "5.555", "at most 2 digits"),
        ("amount", "9" * 10_000, "more than we can take online"),
        ("amount", "0.5", "The smallest monthly gift"),
        ("currency", "btc", "We cannot take that currency"),
        ("interval", "hour", "Choose monthly, yearly or once."),
        ("email", "", "Enter your e-mail address."),
        ("email", "olena@example", "not a complete e-mail address"),
        ("email", "a@example.org,b@example.org", "not a complete e-mail address"),
        ("email", "o@example.org\r\nBcc: x@example.org", "not a complete e-mail address"),
        ("name", "x" * 121, "at most 120 characters"),
        ("name", "Olena\u202egro", "invisible characters"),
        ("note", "x" * 501, "at most 500 characters"),
        ("form_key", "", "out of date"),
        ("form_key", "' OR 1=1", "out of date"),
    ],
)
@pytest.mark.usefixtures("account")
def test_what_cannot_be_taken_is_told_and_nothing_is_sent(client, sessions, sent, field, value, told):
    answer = send(client, choose(client, amount="5", interval="month") | {"name": "Kept Name", field: value})

    assert answer.status_code == 422
    assert told in answer.text
    assert (sessions(), sent()) == ([], [])
    assert field == "name" or 'value="Kept Name"' in answer.text


@pytest.mark.usefixtures("account")
def test_an_amount_in_brackets_is_no_amount(client, sessions):
    form = choose(client)
    del form["amount"]

    answer = client.post("/support/checkouts", data=form | {"amount[]": "5"})

    assert answer.status_code == 422
    assert sessions() == []


@pytest.mark.usefixtures("account")
def test_c34_a_coupon_or_a_quantity_in_the_address_does_nothing(client, sessions, sent):
    asked = {
        "coupon": "ALLFREE",
        "promotion_code": "promo_1",
        "quantity": "3",
        "discounts[0][coupon]": "ALLFREE",
    }
    form = choose(client, amount="5", **asked)

    answer = client.post("/support/checkouts", query_string=asked, data=form | asked)

    assert answer.status_code == 303
    (session,) = sessions()
    assert (session["amount_total"], session["amount_subtotal"]) == (500, 500)
    assert sent()[0].amount == 500


@pytest.mark.usefixtures("account")
def test_fields_that_nobody_offered_are_ignored(client, sessions, sent):
    smuggled = {
        "mode": "setup",
        "payment_status": "paid",
        "patron_id": "1",
        "covered_fee": "499",
        "price": "price_1",
    }

    send(client, choose(client, amount="5") | smuggled)

    assert sessions()[0]["amount_total"] == 500
    assert sessions()[0]["mode"] == "subscription"
    assert sessions()[0]["payment_status"] == "unpaid"
    assert (sent()[0].patron_id, sent()[0].covered_fee) == (None, 0)


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}],
)
@pytest.mark.usefixtures("account")
def test_a_form_from_another_site_is_refused(client: FlaskClient, sessions, headers):
    form = choose(client)

    assert client.post("/support/checkouts", data=form, headers=headers).status_code == 403
    assert sessions() == []


@pytest.mark.usefixtures("account")
def test_addresses_are_built_from_the_settings_not_from_the_host(client: FlaskClient, sessions):
    client.post("/support/checkouts", data=choose(client), headers={"Host": "evil.example"})

    assert "evil" not in str([(s["success_url"], s["cancel_url"]) for s in sessions()])


@pytest.mark.parametrize("trouble", ["error", "busy", "html", "cut_before", "cut_after", "half", "revoked"])
def test_while_stripe_is_out_of_reach_everything_typed_is_kept_and_trying_again_makes_one(
    account: Account, client, sessions, sent, trouble
):
    form = choose(client, amount="5", interval="month")
    account.sandbox.faults.add(trouble, path=SESSIONS, method="POST", times=3)

    failed = send(client, form, name="Olena Petrenko", note="For the bridge")
    waited = list(account.sandbox.faults.waiting)
    account.sandbox.faults.clear()
    again = send(client, form_of(failed) | {"email": "olena@example.org"})

    assert failed.status_code == 503
    assert failed.headers["Retry-After"] == "30"
    assert trouble != "error" or not waited
    assert "We cannot reach our payment service at the moment" in failed.text
    assert "Olena Petrenko" in failed.text
    assert "For the bridge" in failed.text
    assert form_of(failed)["form_key"] == form["form_key"]
    assert again.headers["Location"] == sessions()[0]["url"]
    assert (len(sessions()), len(sent())) == (1, 1)


def test_c23_a_call_that_fails_is_tried_three_times_and_no_more(account: Account, client):
    account.sandbox.faults.add("error", path=SESSIONS, method="POST", times=10)

    assert send(client, choose(client)).status_code == 503

    assert [fault.times for fault in account.sandbox.faults.waiting] == [7]


def test_c23_c27_an_error_that_stripe_remembers_does_not_lock_the_form(
    account: Account, client, session, sessions
):
    form = choose(client)
    account.sandbox.faults.add("error", is_remembered=True, path=SESSIONS, method="POST")

    answers = [send(client, form).status_code for _ in range(3)]

    assert not account.sandbox.faults.waiting
    assert answers == [503, 303, 303]
    assert len(sessions()) == 1
    calls = session.scalars(select(OutgoingCall).order_by(OutgoingCall.id)).all()
    assert [(call.state, call.error) for call in calls] == [
        (CallState.REFUSED, "never reached Stripe"),
        (CallState.DONE, ""),
    ]


def test_c23_c27_a_session_made_in_spite_of_an_error_is_found_and_not_made_again(
    account: Account, client, session, sessions, sent
):
    form = choose(client)
    account.sandbox.faults.add("cut_after", path=SESSIONS, method="POST")
    account.sandbox.faults.add("error", path=SESSIONS, method="POST", times=2)

    answers = [send(client, form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [503, 303]
    assert answers[1].headers["Location"] == sessions()[0]["url"]
    assert (len(sessions()), len(sent())) == (1, 1)
    assert session.scalars(select(OutgoingCall.state)).one() is CallState.DONE
    assert sent()[0].stripe_session_id == sessions()[0]["id"]


def test_c23_c27_while_stripe_cannot_be_searched_no_other_key_is_used(account: Account, client, sessions):
    form = choose(client)
    account.sandbox.faults.add("error", is_remembered=True, path=SESSIONS, method="POST")
    account.sandbox.faults.add("error", path=SESSIONS, method="GET", times=3)

    answers = [send(client, form).status_code for _ in range(3)]

    assert answers == [503, 503, 303]
    assert len(sessions()) == 1


def test_c02_c27_another_amount_after_a_lost_answer_closes_what_was_made(
    account: Account, client, sessions, sent
):
    form = choose(client, amount="5")
    account.sandbox.faults.add("cut_after", path=SESSIONS, method="POST", times=3)
    assert send(client, form).status_code == 503
    account.sandbox.faults.clear()

    answer = send(client, form, amount="8")

    newest, oldest = sessions()
    assert answer.headers["Location"] == newest["url"]
    assert (oldest["status"], newest["status"], newest["amount_total"]) == ("expired", "open", 800)
    assert [row.state for row in sent()] == [CheckoutState.EXPIRED, CheckoutState.OPEN]


def _two_at_once(account: Account, app: Flask, client, *, trouble: bool = False) -> list[Any]:
    """Send a form, and while Stripe is still being asked the same form with another amount.

    With `trouble` Stripe closes no session afterwards.
    """
    form = choose(client, amount="5")
    account.sandbox.faults.add("slow", seconds=3, path=SESSIONS, method="POST")
    with ThreadPoolExecutor(1) as slow:
        waiting = slow.submit(lambda: send(app.test_client(), form))
        while account.sandbox.faults.waiting:  # until Stripe has been asked
            time.sleep(0.02)
        second = send(client, form, amount="8")
        if trouble:
            account.sandbox.faults.add("error", path=f"{SESSIONS}/", method="POST", times=3)
        return [waiting.result(), second]


def test_c02_a_form_sent_with_another_amount_while_it_is_being_opened_leaves_one_to_pay(
    account: Account, app: Flask, client, sessions, sent
):
    first, second = _two_at_once(account, app, client)

    (opened,) = [found for found in sessions() if found["status"] == "open"]
    assert sorted(found["status"] for found in sessions()) == ["expired", "open"]
    assert opened["amount_total"] == 800
    assert first.headers["Location"] == second.headers["Location"] == opened["url"]
    assert [(row.state, row.amount) for row in sent()] == [
        (CheckoutState.EXPIRED, 500),
        (CheckoutState.OPEN, 800),
    ]


def test_c02_what_cannot_be_closed_at_once_is_closed_by_the_worker(
    account: Account, app: Flask, client, session, sessions
):
    first, second = _two_at_once(account, app, client, trouble=True)

    assert first.headers["Location"] == second.headers["Location"]
    assert [found["status"] for found in sessions()] == ["open", "open"]
    assert card_testing.end_all(session) == 1
    assert sorted((found["status"], found["amount_total"]) for found in sessions()) == [
        ("expired", 500),
        ("open", 800),
    ]


class _Meanwhile(Gateway):
    """The way to Stripe, on which something happens once Stripe has answered for the first time."""

    def call(self, ask: Any) -> Answer:
        """Make one call."""
        answer = super().call(ask)
        happens, self.happens = self.happens, lambda: None
        happens()
        return answer

    happens: Callable[[], object] = staticmethod(lambda: None)


def test_c02_a_session_that_is_opened_while_the_form_is_being_changed_is_closed(
    account: Account, app: Flask, client, session, sessions, sent
):
    form = choose(client, amount="5")
    account.sandbox.faults.add("cut_before", path=SESSIONS, method="POST", times=3)
    assert send(client, form).status_code == 503
    account.sandbox.faults.clear()
    gateway = _Meanwhile(app.extensions["membership_settings"])
    gateway.happens = lambda: send(app.test_client(), form)

    assert opening.retire(session, gateway, sent()[0])

    assert [found["status"] for found in sessions()] == ["expired"]
    assert [row.state for row in sent()] == [CheckoutState.EXPIRED]


def test_c02_c27_a_session_of_a_closed_checkout_that_is_found_later_is_closed(
    account: Account, app: Flask, client, session, sessions, sent
):
    form = choose(client, amount="5")
    account.sandbox.faults.add("cut_before", path=SESSIONS, method="POST", times=3)
    assert send(client, form).status_code == 503
    account.sandbox.faults.clear()
    account.sandbox.faults.add("cut_after", path=SESSIONS, method="POST", times=3)
    gateway = _Meanwhile(app.extensions["membership_settings"])
    gateway.happens = lambda: send(app.test_client(), form)
    assert opening.retire(session, gateway, sent()[0])
    assert [found["status"] for found in sessions()] == ["open"]

    account.sandbox.advance("5 minutes")
    unanswered.settle_all(session)

    assert card_testing.end_all(session) == 1
    assert [found["status"] for found in sessions()] == ["expired"]
    assert [row.state for row in sent()] == [CheckoutState.EXPIRED]


def test_a_lost_answer_is_read_back_by_the_worker(account: Account, client, session, sessions, sent):
    account.sandbox.faults.add("cut_after", path=SESSIONS, method="POST", times=3)
    send(client, choose(client))
    account.sandbox.faults.clear()
    assert session.scalars(select(OutgoingCall.state)).one() is CallState.UNKNOWN

    account.sandbox.advance(180)
    unanswered.settle_all(session)

    assert session.scalars(select(OutgoingCall.state)).one() is CallState.DONE
    assert sent()[0].stripe_session_id == sessions()[0]["id"]
    assert sent()[0].state is CheckoutState.OPEN


def test_no_transaction_is_open_while_stripe_is_asked(account: Account, app: Flask, client):
    """Another writer gets in while a slow Stripe is being asked."""
    account.sandbox.faults.add("slow", seconds=5, path=SESSIONS, method="POST")
    form, other = choose(client), choose(client)

    with ThreadPoolExecutor(1) as slow:
        waiting = slow.submit(lambda: send(app.test_client(), form))
        while account.sandbox.faults.waiting:  # until Stripe has been asked
            time.sleep(0.02)
        answer = send(client, other)
        was_first = not waiting.done()

    assert answer.status_code == 303
    assert was_first


def early_in_window(account: Account, limit: Limit) -> None:
    """Move time to where the budget's window has just begun, so that it does not end within the test."""
    past = account.sandbox.now() % limit.seconds
    if past > limit.seconds // 3:
        account.sandbox.advance(limit.seconds - past)


def test_the_sixth_checkout_of_one_address_is_refused_for_a_while(
    account: Account, client, session, sessions
):
    early_in_window(account, card_testing.PER_CLIENT)

    answers = [send(client, choose(client), email=f"reader{n}@example.org") for n in range(6)]

    assert [answer.status_code for answer in answers] == [303] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert len(sessions()) == 5


def test_one_email_address_has_a_budget_from_everywhere(account: Account, app: Flask, client):
    early_in_window(account, card_testing.PER_EMAIL)

    answers = [
        app.test_client().post(
            "/support/checkouts", data=choose(client), environ_base={"REMOTE_ADDR": f"198.51.{n}.7"}
        )
        for n in range(card_testing.PER_EMAIL.most + 1)
    ]

    assert [answer.status_code for answer in answers][-2:] == [303, 429]


def test_the_whole_site_has_a_budget(account: Account, app: Flask, client, session):
    early_in_window(account, card_testing.OVERALL)
    for _use in range(card_testing.OVERALL.most):
        budgets.spend(session, card_testing.OVERALL, "all")
    session.commit()

    assert send(client, choose(client)).status_code == 429


def test_closed_checkouts_say_so(account: Account, client, session, sessions):
    form = choose(client)
    settings_rows.change(session, {"paused_checkouts": True})
    session.commit()

    assert send(client, form).status_code == 503
    assert sessions() == []


def as_stored(value: object) -> object:
    """A column's value as the database keeps it; bytes as they would be read."""
    return bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else value


def test_no_row_and_no_log_holds_the_address_in_clear(account: Account, client, session, capsys):
    send(client, choose(client))

    every = text("*")  # as stored: without the types that would decrypt it
    raw = {
        table.name: [
            str([as_stored(v) for v in row]) for row in session.execute(select(every).select_from(table))
        ]
        for table in Base.metadata.sorted_tables
    }
    assert raw["checkout"]
    assert not [name for name, rows in raw.items() if any("olena@example.org" in row for row in rows)]
    assert "olena@example.org" not in "".join(capsys.readouterr())
