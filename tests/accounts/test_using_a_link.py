"""A mailed link: shown by GET, used by POST, once, for fifteen minutes, in any browser but for staff."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from membership.accounts.models import SignInSession, SignInToken, TokenPurpose
from membership.accounts.session import on_sign_in
from tests.accounts.letters import link_in, newest


def mailed_link(client: FlaskClient, session: Session, email: str = "eve@example.org", **more: str) -> str:
    client.post("/sign-in", data={"email": email, **more})
    return link_in(newest(session))


def is_signed_in(browser: FlaskClient) -> bool:
    return browser.get("/patron").status_code != 303


def test_using_a_link_signs_in(session, client, cleo):
    link = mailed_link(client, session, "cleo@example.org")

    answer = client.post(link)

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/patron"
    assert is_signed_in(client)


def test_opening_a_link_fifty_times_uses_nothing_up(session, client, eve):
    link = mailed_link(client, session)

    for _ in range(25):
        assert client.get(link).status_code == 200
        assert client.head(link).status_code == 200

    assert session.query(SignInSession).count() == 0
    assert client.post(link).status_code == 303


def test_the_page_of_a_link_names_the_masked_account_and_keeps_to_itself(session, client, eve):
    answer = client.get(mailed_link(client, session))

    assert "e•••@e•••.org" in answer.text
    assert "eve@example.org" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "<script" not in answer.text


def test_a_link_works_once(session, app, client, eve):
    link = mailed_link(client, session)
    client.post(link)

    again = app.test_client().post(link)

    assert again.status_code == 410
    assert "Send a new link" in again.text
    assert session.query(SignInSession).count() == 1


def test_a_link_dies_after_fifteen_minutes(session, client, eve, clock):
    link = mailed_link(client, session)

    clock.move(timedelta(minutes=15))

    assert client.get(link).status_code == 410
    assert client.post(link).status_code == 410


def test_a_newer_link_supersedes_the_older(session, client, eve):
    older = mailed_link(client, session)
    newer = mailed_link(client, session)

    assert client.post(older).status_code == 410
    assert client.post(newer).status_code == 303


def test_a_used_an_expired_and_an_unknown_link_show_the_same_page(session, app, client, eve, clock):
    used = mailed_link(client, session)
    client.post(used)
    expired = mailed_link(client, session)
    clock.move(timedelta(minutes=16))
    reader = app.test_client()

    pages = {reader.get(link).text.replace(link, "") for link in (used, expired, "/sign-in/" + "x" * 43)}

    assert len(pages) == 1


@pytest.mark.parametrize(
    "change",
    [str.lower, str.swapcase, lambda t: t[:-1], lambda t: t + "A", lambda t: t + "="],
    ids=["lower", "swapped", "cut", "extended", "padded"],
)
def test_a_token_that_was_changed_is_refused(session, client, eve, change):
    link = mailed_link(client, session)
    head, _, token = link.rpartition("/")

    assert client.post(f"{head}/{change(token)}").status_code == 410


def test_a_token_of_another_purpose_opens_nothing(session, client, eve):
    link = mailed_link(client, session)
    session.query(SignInToken).one().purpose = TokenPurpose.CONFIRM_ADDRESS
    session.commit()

    assert client.post(link).status_code == 410


def test_a_link_opens_in_another_browser_for_a_patron(session, app, client, cleo):
    link = mailed_link(client, session, "cleo@example.org")
    phone = app.test_client()

    phone.post(link)

    assert is_signed_in(phone)
    assert not is_signed_in(client)
    assert "another window or on another device" in client.get("/sign-in/code").text


def test_a_link_for_staff_opens_only_in_the_browser_that_asked(session, app, client, ben):
    link = mailed_link(client, session, "ben@example.org")

    elsewhere = app.test_client().post(link)

    assert elsewhere.status_code == 403
    assert client.post(link).status_code == 303


def test_a_foreign_link_does_not_silently_replace_a_session(session, app, as_, cleo, eve):
    attacker, victim = app.test_client(), as_(cleo)
    link = mailed_link(attacker, session)

    page = victim.get(link)
    answer = victim.post(link)

    assert "Somebody else is signed in here" in page.text
    assert answer.status_code == 409
    assert session.query(SignInSession).one().account_id == cleo.id


def test_a_session_is_switched_when_that_is_asked_for(session, app, as_, cleo, eve):
    browser = as_(cleo)
    link = mailed_link(app.test_client(), session)

    browser.post(link, data={"switch": eve.public_id})

    assert session.query(SignInSession).one().account_id == eve.id


def test_signing_in_gives_the_browser_a_new_session_and_ends_the_one_it_had(session, as_, cleo):
    browser = as_(cleo)
    fixed = browser.get_cookie("session").value
    link = mailed_link(browser, session, "cleo@example.org")

    browser.post(link)

    assert browser.get_cookie("session").value != fixed
    assert session.query(SignInSession).count() == 1


def test_the_session_cookie_is_small_and_closed(session, client, eve):
    answer = client.post(mailed_link(client, session))

    cookie = next(value for value in answer.headers.getlist("Set-Cookie") if value.startswith("session="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert len(cookie) < 1024


def test_the_first_proof_of_a_mailbox_ends_what_was_begun_with_it_before(session, client, as_, eve):
    eve.proven_at = None
    session.commit()
    squatter = as_(eve)

    client.post(mailed_link(client, session))

    assert not is_signed_in(squatter)
    assert is_signed_in(client)


def test_after_signing_in_one_is_where_one_wanted_to_go(session, client, eve):
    link = mailed_link(client, session, next="/rounds/abc?x=1")

    assert client.post(link).headers["Location"] == "/rounds/abc?x=1"


@pytest.mark.parametrize(
    "goal", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_no_link_leads_to_another_site(session, client, eve, goal):
    link = mailed_link(client, session, next=goal)

    assert client.post(link).headers["Location"] == "/patron"


def test_features_hear_of_a_sign_in_and_may_set_a_cookie(session, client, cleo):
    def quiet(account, response):
        response.set_cookie("appeal", f"off-{account.id}")

    on_sign_in.append(quiet)
    try:
        client.post(mailed_link(client, session, "cleo@example.org"))
    finally:
        on_sign_in.remove(quiet)

    assert client.get_cookie("appeal").value == f"off-{cleo.id}"


def test_signing_out_everywhere_ends_every_session_and_every_link(session, client, as_, eve):
    link = mailed_link(client, session)
    here, there = as_(eve), as_(eve)

    here.post("/sign-out/everywhere")

    assert not is_signed_in(here)
    assert not is_signed_in(there)
    assert client.post(link).status_code == 410


def test_signing_out_needs_the_forms_token(as_, cleo):
    browser = as_(cleo)

    browser.post("/sign-out", data={"csrf_token": ""})

    assert is_signed_in(browser)
