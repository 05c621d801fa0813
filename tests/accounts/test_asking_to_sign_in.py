"""Asking for a way in: the same answer for every address, and a budget for each mailbox."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from membership.accounts.models import SignInToken
from membership.mail.models import Priority
from tests.accounts.letters import mails, newest


def ask(client: FlaskClient, email: str = "eve@example.org") -> TestResponse:
    return client.post("/sign-in", data={"email": email})


def test_the_page_sets_no_cookie_and_asks_search_engines_and_caches_to_stay_away(client):
    answer = client.get("/sign-in")

    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_asking_mails_a_link_and_a_code_in_the_priority_lane(session, client, eve, clock):
    ask(client)

    mail = newest(session)
    assert mail.recipient == "eve@example.org"
    assert mail.priority is Priority.SIGN_IN
    assert mail.expires_at == clock.now() + timedelta(minutes=15)


def test_known_unknown_blocked_and_staff_addresses_get_the_same_answer(session, app, eve, dov, ada, clock):
    dov.blocked_at = clock.now()
    session.commit()

    answers = []
    for email in ("eve@example.org", "nobody@example.org", "dov@example.org", "ada@example.org"):
        browser = app.test_client()
        answer = ask(browser, email)
        page = browser.get("/sign-in/code").text.replace(email, "ADDRESS")
        headers = sorted(name for name, _value in answer.headers)
        answers.append((answer.status_code, answer.headers["Location"], headers, answer.text, page))

    assert all(answer == answers[0] for answer in answers)


def test_an_unknown_address_is_told_once_a_day_that_it_has_no_account(session, client, clock):
    ask(client, "nobody@example.org")
    ask(client, "nobody@example.org")
    assert len(mails(session, "accounts/no_account")) == 1

    clock.move(timedelta(days=1))
    ask(client, "nobody@example.org")

    assert len(mails(session, "accounts/no_account")) == 2


def test_a_blocked_account_is_mailed_no_way_in(session, client, dov, clock):
    dov.blocked_at = clock.now()
    session.commit()

    ask(client, "dov@example.org")

    assert mails(session, "accounts/sign_in") == []


def test_one_address_gets_five_mails_an_hour_and_the_answer_stays_the_same(session, client, eve):
    answers = [ask(client) for _ in range(8)]

    assert len(mails(session, "accounts/sign_in")) == 5
    assert {answer.status_code for answer in answers} == {303}


def test_one_address_gets_ten_mails_a_day(session, client, eve, clock):
    for _hour in range(6):
        for _ in range(4):
            ask(client)
        clock.move(timedelta(hours=1))

    assert len(mails(session, "accounts/sign_in")) == 10


def test_spellings_of_one_address_share_its_budget(session, client, eve):
    for email in ("EVE@example.org", "eve@EXAMPLE.org", " eve@example.org") * 4:
        ask(client, email)

    assert len(mails(session, "accounts/sign_in")) == 5


def test_a_network_that_asks_for_many_addresses_is_stopped(session, client):
    answers = [ask(client, f"reader-{n}@example.org") for n in range(41)]

    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_forwarded_addresses_are_not_believed_without_a_proxy(session, client):
    answers = [
        client.post(
            "/sign-in",
            data={"email": f"reader-{n}@example.org"},
            headers={"X-Forwarded-For": f"203.0.{n}.1", "Forwarded": f"for=203.0.{n}.1"},
        )
        for n in range(41)
    ]

    assert answers[-1].status_code == 429


@pytest.mark.parametrize(
    "email",
    [
        "",
        "eve",
        "eve@example.org, b@example.org",
        "eve@example.org\nBcc: b@example.org",
        '"Bank" <eve@example.org>',
        '"a b"@example.org',
        "eve@example.org.",
        "ev\u0435@example.org",
        "eve\u200b@example.org",
        "e\x00ve@example.org",
        "a" * 320 + "@example.org",
    ],
)
def test_what_is_not_one_plain_address_is_refused_with_a_sentence(session, client, email):
    answer = ask(client, email)

    assert answer.status_code == 422
    assert mails(session) == []


def test_of_two_addresses_in_one_form_only_the_first_is_read(session, client, eve):
    client.post("/sign-in", data={"email": ["eve@example.org", "b@example.org"]})

    assert [mail.recipient for mail in mails(session)] == ["eve@example.org"]


def test_another_site_cannot_make_a_browser_ask(session, client, eve):
    answer = client.post(
        "/sign-in", data={"email": "eve@example.org"}, headers={"Origin": "https://evil.example"}
    )

    assert answer.status_code == 403
    assert mails(session) == []


def test_no_secret_of_the_mail_stands_in_the_database(session, client, eve):
    ask(client)

    row = session.query(SignInToken).one()
    text = newest(session).text
    assert row.token_hash not in text
    assert row.code_hash not in text
    columns = session.connection().exec_driver_sql("SELECT * FROM sign_in_token").one()
    assert all(b"eve@" not in value for value in columns if isinstance(value, bytes))


def test_the_mail_is_in_the_language_of_the_account(session, client, eve):
    eve.language = "uk"
    session.commit()

    ask(client)

    assert newest(session).language == "uk"
    assert "http://localhost/uk/sign-in/" in newest(session).text


def test_the_bare_page_may_be_found_and_none_that_leads_on(client):
    assert "X-Robots-Tag" not in client.get("/sign-in").headers
    assert client.get("/sign-in").headers["Cache-Control"] == "no-store"
    assert "noindex" in client.get("/sign-in?next=/patron").headers["X-Robots-Tag"]
