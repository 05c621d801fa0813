"""A patron who has signed in is not asked in that browser for half a year; who gives no more, or never did, is."""

import pytest

from membership.newsroom import settings_rows
from tests.accounts.letters import code_in, link_in, newest
from tests.articles.stories import a_newsroom, a_story, an_appeal, words

HALF_A_YEAR = 180 * 24 * 3600


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)
    an_appeal(session)
    a_story(session)


def signed_in(client, session, email, way):
    """The cookie about appeals that signing in by mail sets, as its parts; none if there is none."""
    client.post("/sign-in", data={"email": email})
    mail = newest(session)
    path, typed = (link_in(mail), {}) if way == "link" else ("/sign-in/code", {"code": code_in(mail)})
    answer = client.post(path, data=typed)
    assert answer.status_code == 303
    cookies = [one for one in answer.headers.getlist("Set-Cookie") if one.startswith("appeal=")]
    return set(cookies[0].split("; ")) if cookies else set()


@pytest.mark.parametrize("way", ["link", "code"])
def test_an_active_patron_who_signs_in_is_not_asked_for_half_a_year(session, client, cleo, way):
    assert "Free for all" in words(client.get("/articles/the-ferry"))

    cookie = signed_in(client, session, "cleo@example.org", way)

    assert {"appeal=off", f"Max-Age={HALF_A_YEAR}", "HttpOnly", "SameSite=Lax", "Path=/"} <= cookie
    assert "Free for all" not in words(client.get("/articles/the-ferry"))


def test_for_as_long_as_the_newsroom_says(session, client, cleo):
    settings_rows.change(session, {"quiet_days": 30})
    session.commit()

    assert f"Max-Age={30 * 24 * 3600}" in signed_in(client, session, "cleo@example.org", "link")


@pytest.mark.parametrize("who", ["dov", "eve"], ids=["lapsed", "never gave"])
def test_who_does_not_give_now_is_asked_as_before(request, session, client, who):
    request.getfixturevalue(who)

    assert signed_in(client, session, f"{who}@example.org", "link") == set()
    assert "Free for all" in words(client.get("/articles/the-ferry"))
