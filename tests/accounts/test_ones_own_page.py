"""One's own page at the desk: language, sessions, recovery codes."""

from membership.accounts import second_factor
from membership.accounts.models import SignInSession
from tests.accounts.letters import link_in, newest


def test_the_page_says_how_many_recovery_codes_are_left(session, as_, ben):
    second_factor.new_recovery_codes(session, ben)
    session.commit()

    assert "10 codes are left" in as_(ben).get("/staff/accounts/me").text


def test_the_language_of_ones_pages_can_be_chosen(session, as_, ben):
    browser = as_(ben)

    browser.post("/staff/accounts/me/language", data={"language": "uk"})

    session.refresh(ben)
    assert ben.language == "uk"
    assert '<html lang="uk"' in browser.get("/staff/accounts/me").text


def test_a_language_that_is_not_offered_is_not_taken(session, as_, ben):
    as_(ben).post("/staff/accounts/me/language", data={"language": "xx"})

    session.refresh(ben)
    assert ben.language == "en"


def test_signing_out_everywhere_from_the_desk_ends_all_sessions_and_links(session, client, as_, ben):
    here, there = as_(ben), as_(ben)
    client.post("/sign-in", data={"email": "ben@example.org"})
    link = link_in(newest(session))

    here.post("/staff/accounts/me/sessions/end")

    assert session.query(SignInSession).count() == 0
    assert there.get("/staff").status_code == 303
    assert client.post(link).status_code == 410


def test_a_sign_in_page_in_ukrainian_leads_on_in_ukrainian(client):
    answer = client.post("/uk/sign-in", data={"email": "nobody@example.org"})

    assert answer.headers["Location"] == "/uk/sign-in/code"
