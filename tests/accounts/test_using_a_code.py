"""The six digits: typed where they were asked for, five tries, once."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from membership.accounts.models import SignInSession, SignInToken
from tests.accounts.letters import code_in, newest


def asked(client: FlaskClient, session: Session, email: str = "eve@example.org") -> str:
    client.post("/sign-in", data={"email": email})
    return code_in(newest(session))


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_the_code_signs_in_where_it_was_asked_for(session, client, eve):
    code = asked(client, session)

    answer = client.post("/sign-in/code", data={"code": f" {code[:3]} {code[3:]} "})

    assert answer.status_code == 303
    assert session.query(SignInSession).one().account_id == eve.id


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/rounds/abc/ballot", "/rounds/abc/ballot"),
        ("//evil.example", "/patron"),
        ("/\\\\evil.example", "/patron"),
    ],
)
def test_the_code_leads_on_to_a_page_of_this_site_alone(session, client, eve, wanted, reached):
    code = asked(client, session)

    answer = client.post("/sign-in/code", data={"code": code, "next": wanted})

    assert (answer.status_code, answer.headers["Location"]) == (303, reached)


def test_a_wrong_code_keeps_where_it_leads_on_to(session, client, eve):
    code = asked(client, session)

    answer = client.post("/sign-in/code", data={"code": wrong(code), "next": "/rounds/abc/ballot"})

    assert 'value="/rounds/abc/ballot"' in answer.text


def test_the_code_opens_nothing_in_another_browser(session, app, client, eve):
    code = asked(client, session)
    other = app.test_client()
    other.post("/sign-in", data={"email": "nobody@example.org"})

    assert other.post("/sign-in/code", data={"code": code}).status_code == 422
    assert (
        app.test_client().post("/sign-in/code", data={"code": code}).status_code == 303
    )  # back to the start
    assert session.query(SignInSession).count() == 0


def test_five_wrong_codes_void_the_right_one(session, client, eve):
    code = asked(client, session)

    for left in ("4 more times", "3 more times", "2 more times", "once more", "fifth time"):
        answer = client.post("/sign-in/code", data={"code": wrong(code)})
        assert left in answer.text

    assert client.post("/sign-in/code", data={"code": code}).status_code == 422
    assert session.query(SignInSession).count() == 0


def test_wrong_codes_for_an_unknown_address_are_answered_the_same(session, client):
    client.post("/sign-in", data={"email": "nobody@example.org"})

    for left in ("4 more times", "3 more times", "2 more times", "once more", "fifth time"):
        assert left in client.post("/sign-in/code", data={"code": "123456"}).text


def test_tries_are_counted_before_they_are_compared(session, client, eve):
    code = asked(client, session)

    client.post("/sign-in/code", data={"code": wrong(code)})

    assert session.query(SignInToken).one().tried_codes == 1


def test_a_new_request_voids_the_old_code(session, client, eve):
    old = asked(client, session)
    asked(client, session)

    assert client.post("/sign-in/code", data={"code": old}).status_code == 422


def test_the_code_dies_with_the_link(session, client, eve, clock):
    code = asked(client, session)

    clock.move(timedelta(minutes=15))

    assert client.post("/sign-in/code", data={"code": code}).status_code == 303
    assert session.query(SignInSession).count() == 0


def test_the_code_works_once(session, client, eve):
    code = asked(client, session)
    kept = client.get_cookie("asking").value
    client.post("/sign-in/code", data={"code": code})
    client.set_cookie("asking", kept)

    assert client.post("/sign-in/code", data={"code": code}).status_code == 422


def test_the_asking_browser_is_shown_the_address_that_it_typed(client):
    client.post("/sign-in", data={"email": "Nobody@example.org"})

    assert "nobody@example.org" in client.get("/sign-in/code").text


def test_the_cookie_of_asking_is_short_lived_and_closed(client):
    answer = client.post("/sign-in", data={"email": "nobody@example.org"})

    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("asking=")
    assert "Max-Age=900" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
