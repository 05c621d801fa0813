"""/support/thanks: thanks for what has settled, to the browser that paid; to anybody else, nothing."""

import re

import pytest
from flask import Flask
from sqlalchemy import func, select

from membership.accounts.models import Account as SignInAccount
from membership.giving import history
from membership.giving.models import Checkout, CheckoutState, Payment
from membership.mail.models import OutgoingMail
from membership.patrons.models import Patron
from tests.giving.giver import choose, give, pay, send
from tests.giving.sandboxed import account, hear
from tests.topics.voters import a_round

__all__ = ["account", "hear"]

THANKS = "Thank you. You are now a patron."
QUIET = "We are checking"


def count(session, kind) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(kind)) or 0


def mails_of(session, kind: str) -> list[OutgoingMail]:
    session.rollback()
    return list(session.scalars(select(OutgoingMail).filter_by(kind=kind).order_by(OutgoingMail.id)))


def found(pattern: str, mail: OutgoingMail) -> str:
    """What a pattern finds in a mail."""
    match = re.search(pattern, mail.text, re.MULTILINE)
    assert match is not None, mail.text
    return match.group(1)


@pytest.mark.parametrize(
    ("interval", "sentence"),
    [("month", "€5.00 every month, until you stop"), ("year", "€50.00 every year"), ("once", "€5.00, once")],
)
def test_before_any_event_the_page_itself_reads_what_was_paid(account, client, session, interval, sentence):
    thanks = give(client, amount="50" if interval == "year" else "5", interval=interval)
    reads = account.sandbox.faults.add("slow", seconds=0, times=100, path="/v1", method="GET")

    page = client.get(thanks)
    asked = 100 - reads.times
    client.get(thanks)

    assert asked == (1 if interval == "once" else 2)
    assert 100 - reads.times == asked
    assert THANKS in page.text
    assert sentence in page.text
    (cookie,) = [one for one in page.headers.getlist("Set-Cookie") if one.startswith("appeal=")]
    assert {"appeal=off", "Max-Age=15552000", "HttpOnly"} <= set(cookie.split("; "))  # half a year
    assert count(session, Payment) == 1


def test_events_that_come_later_change_nothing_and_mail_nobody_twice(account, client, session, hear):
    client.get(give(client, amount="5"))

    hear()
    hear()

    assert (count(session, Payment), count(session, Patron)) == (1, 1)
    assert len(mails_of(session, "giving/welcome")) == 1
    assert mails_of(session, "giving/receipt") == []


def test_nobody_needs_to_open_the_page(account, client, session, hear):
    give(client, amount="5")

    hear()

    assert count(session, Patron) == 1
    assert len(mails_of(session, "giving/welcome")) == 1


def test_the_code_of_the_mail_lets_in_from_the_page(account, client, session):
    page = client.get(give(client, amount="5"))
    code = found(r"^(\d{6})$", mails_of(session, "giving/welcome")[0])

    assert "Code from the mail" in page.text
    answer = client.post("/sign-in/code", data={"code": code})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/topics")
    assert "€5.00 every month" in client.get("/patron").text


def test_with_a_round_open_the_code_leads_to_its_ballot(account, client, session):
    round_ = a_round(session)

    page = client.get(give(client, amount="5"))

    assert f'value="/rounds/{round_.public_id}/ballot"' in page.text


def test_another_browser_learns_nothing(account, app: Flask, client):
    thanks = give(client, amount="5")
    client.get(thanks)

    stranger = app.test_client()
    page = stranger.get(thanks)

    assert QUIET in page.text
    assert "€5.00" not in page.text
    assert "olena" not in page.text
    assert "Set-Cookie" not in page.headers


def test_c06_who_has_paid_too_learns_nothing_of_another_payment(account, app: Flask, client, session, hear):
    thanks = give(client, amount="5")
    stranger = app.test_client()
    own = give(stranger, email="eve@example.org", amount="7")
    hear()

    page = stranger.get(thanks)

    assert QUIET in page.text
    assert "€5.00" not in page.text
    assert "olena" not in page.text
    assert "€7.00 every month" in stranger.get(own).text


@pytest.mark.parametrize("session_id", ["", "cs_test_made_up", "x" * 5000, "' OR 1=1 --"])
def test_a_made_up_session_is_neutral(client, session_id):
    page = client.get("/support/thanks", query_string={"session": session_id})

    assert page.status_code == 200
    assert QUIET in page.text


@pytest.mark.usefixtures("account")
def test_coming_back_without_having_paid_grants_nothing(client, session):
    send(client, choose(client, amount="5"))
    checkout = session.scalars(select(Checkout)).one()

    page = client.get(f"/support/thanks?session={checkout.stripe_session_id}")

    assert "We are checking your payment" in page.text
    assert checkout.session_url in page.text.replace("&amp;", "&")
    assert "Set-Cookie" not in page.headers
    assert (count(session, Payment), count(session, Patron)) == (0, 0)


def test_a_bank_debit_is_pending_until_the_bank_confirms(account, client, session, hear):
    url = send(client, choose(client, amount="5")).headers["Location"]
    thanks = pay(url, way="debit", iban="DE89370400440532013000")
    hear()

    page = client.get(thanks)

    assert "Thank you. Your bank has the next word." in page.text
    assert "Set-Cookie" not in page.headers
    assert count(session, Patron) == 0
    assert mails_of(session, "giving/welcome") == []

    account.sandbox.settle_debit(account.sandbox.all("charge")[0]["id"], succeeds=True)
    hear()

    assert THANKS in client.get(thanks).text
    assert len(mails_of(session, "giving/welcome")) == 1


def test_a_bank_debit_that_fails_thanks_nobody(account, client, session, hear):
    url = send(client, choose(client, amount="5")).headers["Location"]
    pay(url, way="debit", iban="DE89370400440532013000")
    hear()

    account.sandbox.settle_debit(account.sandbox.all("charge")[0]["id"], succeeds=False)
    hear()

    assert count(session, Patron) == 0
    assert mails_of(session, "giving/welcome") == []


def test_while_stripe_does_not_answer_the_page_waits_kindly(account, client):
    thanks = give(client, amount="5")
    account.sandbox.faults.add("error", times=3, path="/v1/checkout", method="GET")

    page = client.get(thanks)

    assert page.status_code == 200
    assert "We are checking your payment" in page.text
    account.sandbox.faults.clear()
    assert THANKS in client.get(thanks).text


def test_an_expired_session_ends_the_checkout(account, client, session, hear):
    send(client, choose(client, amount="5"))

    account.sandbox.advance("1 day")
    hear()

    session.rollback()
    assert session.scalars(select(Checkout)).one().state is CheckoutState.EXPIRED


def correct(client, thanks: str, email: str):
    return client.post(
        "/support/thanks/address", data={"session": thanks.partition("session=")[2], "email": email}
    )


def test_a_mistyped_address_is_corrected_by_the_browser_that_paid(account, client, session, hear):
    thanks = give(client, email="olnea@example.org", amount="5")
    client.get(thanks)
    hear()

    answer = correct(client, thanks, "olena@example.org")

    assert answer.status_code == 303
    session.rollback()
    patron = session.scalars(select(Patron)).one()
    assert session.get_one(SignInAccount, patron.account_id).email == "olena@example.org"
    assert [mail.recipient for mail in mails_of(session, "giving/welcome")] == [
        "olnea@example.org",
        "olena@example.org",
    ]
    assert mails_of(session, "giving/address_corrected")[0].recipient == "olnea@example.org"
    assert "olena@example.org" in client.get(thanks).text


def test_after_the_correction_the_first_code_no_longer_works(account, client, session):
    thanks = give(client, email="olnea@example.org", amount="5")
    client.get(thanks)
    old_link = found(r"http://localhost(/sign-in/\S+)", mails_of(session, "giving/welcome")[0])

    correct(client, thanks, "olena@example.org")

    assert client.get(old_link).status_code == 410


def test_an_address_corrected_before_the_money_came_is_the_patrons(account, client, session, hear):
    url = send(client, choose(client, amount="5"), email="olnea@example.org").headers["Location"]
    thanks = pay(url, way="debit", iban="DE89370400440532013000", email="olnea@example.org")
    hear()

    correct(client, thanks, "olena@example.org")
    account.sandbox.settle_debit(account.sandbox.all("charge")[0]["id"], succeeds=True)
    hear()

    assert [mail.recipient for mail in mails_of(session, "giving/welcome")] == ["olena@example.org"]


def test_the_gift_joins_the_patron_who_has_the_right_address(account, app, client, session, hear):
    first = app.test_client()
    first.get(give(first, email="olena@example.org", amount="5", interval="once"))
    thanks = give(client, email="olnea@example.org", amount="7", interval="once")
    client.get(thanks)

    correct(client, thanks, "olena@example.org")
    hear()

    session.rollback()
    olena = session.scalars(
        select(SignInAccount).where(SignInAccount.proven_at.is_(None)).order_by(SignInAccount.id)
    ).first()
    patron = session.scalars(select(Patron).filter_by(account_id=olena.id)).one()
    assert {line.money.amount for line in history.of_patron(session, patron.id)} == {500, 700}


def test_nobody_else_can_correct_it(account, app, client, session):
    thanks = give(client, amount="5")
    client.get(thanks)

    answer = correct(app.test_client(), thanks, "thief@example.org")

    assert QUIET in answer.text
    assert session.scalars(select(Checkout)).one().email == "olena@example.org"


def test_after_a_day_nobody_can(account, client, session):
    thanks = give(client, amount="5")
    client.get(thanks)
    account.sandbox.advance("25 hours")

    assert QUIET in correct(client, thanks, "late@example.org").text


@pytest.mark.usefixtures("account")
def test_a_bad_correction_is_told(client):
    thanks = give(client, amount="5")
    client.get(thanks)

    answer = correct(client, thanks, "no address")

    assert answer.status_code == 422
    assert "not a complete e-mail address" in answer.text


def test_paying_with_somebody_elses_address_signs_nobody_in(account, client, session, eve):
    client.get(give(client, email=eve.email, amount="5"))

    assert client.get("/patron").status_code == 303
