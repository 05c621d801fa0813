"""Who is signed in on a browser, for how long, and what ends it."""

from datetime import timedelta

import pytest
from flask import Blueprint, Flask

from membership import secrets
from membership.accounts import session as sessions
from membership.accounts.enrolling import by_email, find_or_make
from membership.accounts.models import SignInSession
from membership.web import access
from membership.web.emails import AddressError


@pytest.fixture
def app(app: Flask) -> Flask:
    """The app with a page that says who is there."""
    bp = Blueprint("trial", __name__)

    @bp.get("/trial/who")
    @access.signed_in
    def who() -> str:
        account = sessions.current_account()
        return account.email if account else ""

    @bp.get("/trial/undeclared")
    def undeclared() -> str:
        return "secret"

    app.register_blueprint(bp)
    return app


def test_a_signed_in_browser_is_known(cleo, as_):
    assert as_(cleo).get("/trial/who").text == "cleo@example.org"


def test_a_stranger_is_sent_to_sign_in_and_back(client):
    answer = client.get("/trial/who?a=1")

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/sign-in?next=/trial/who?a%3D1"


def test_a_route_that_declares_nothing_is_refused_to_all(pia, as_):
    assert as_(pia).get("/trial/undeclared").status_code == 404


def test_a_patrons_session_lives_on_with_each_visit(cleo, as_, clock):
    browser = as_(cleo)

    for _month in range(12):
        clock.move(timedelta(days=100))
        assert browser.get("/trial/who").status_code == 200


def test_a_patrons_session_ends_after_half_a_year_away(cleo, as_, clock):
    browser = as_(cleo)

    clock.move(timedelta(days=180))

    assert browser.get("/trial/who").status_code == 303


def test_a_staff_session_ends_after_twelve_hours(ben, as_, clock):
    browser = as_(ben)

    clock.move(timedelta(hours=12))

    assert browser.get("/trial/who").status_code == 303


def test_a_newer_security_stamp_ends_older_sessions(session, cleo, as_):
    browser = as_(cleo)

    cleo.security_stamp += 1
    session.commit()

    assert browser.get("/trial/who").status_code == 303


def test_a_blocked_account_is_out_at_once(session, cleo, as_, clock):
    browser = as_(cleo)

    cleo.blocked_at = clock.now()
    session.commit()

    assert browser.get("/trial/who").status_code == 303


def test_a_deleted_accounts_cookie_is_cleared_without_an_error(session, eve, as_):
    browser = as_(eve)

    session.delete(eve)
    session.commit()
    answer = browser.get("/trial/who")

    assert answer.status_code == 303
    assert browser.get_cookie("session") is None


def test_signing_out_ends_the_session_itself_not_only_the_cookie(session, cleo, as_):
    browser = as_(cleo)
    kept = browser.get_cookie("session").value

    browser.post("/sign-out")
    browser.set_cookie("session", kept)

    assert session.query(SignInSession).count() == 0
    assert browser.get("/trial/who").status_code == 303


def test_a_public_page_neither_reads_nor_sets_a_cookie(cleo, as_):
    answer = as_(cleo).get("/live")

    assert "Set-Cookie" not in answer.headers


def test_the_database_keeps_no_token_that_a_thief_could_use(session, cleo, as_):
    browser = as_(cleo)
    with browser.session_transaction() as cookie:
        token = cookie["_user_id"]

    row = session.query(SignInSession).one()

    assert token not in row.token_hash
    assert row.token_hash == secrets.hash_token(token, "session")


@pytest.mark.parametrize("typed", ["Cleo@example.org", "cleo@EXAMPLE.org", " cleo@example.org\t"])
def test_spellings_of_one_mailbox_meet_in_one_account(session, cleo, typed):
    assert by_email(session, typed) is cleo
    assert find_or_make(session, typed, language="en") is cleo


@pytest.mark.parametrize(
    "typed",
    ["cleo@example.org,b@example.org", "cleo@example.org\nBcc: b@example.org", "cl\u0435o@example.org", ""],
)
def test_what_is_not_one_plain_address_makes_no_account(session, typed):
    with pytest.raises(AddressError):
        find_or_make(session, typed, language="en")
