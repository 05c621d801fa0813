"""One worker serves both languages: what one page was written in never shows on the next.

The other tests give each request a context of its own, as a server does (conftest `_Apart`). Here requests follow one
another within one context, as in the worker that makes pages ahead, where the language before once stayed.
"""

import re
from contextvars import Context
from functools import partial

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from membership.mail import outbox
from membership.web import page_store
from membership.web.languages import LanguagePrefix
from tests.articles.stories import a_newsroom, a_story, an_appeal
from tests.cast import a_coverage, a_patron, an_account


@pytest.fixture
def together(
    app: Flask, session: Session, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> FlaskClient:
    """A client whose requests share the context that the session has opened: no page store, no `_Apart` before them."""
    a_newsroom(session)
    monkeypatch.setattr(app, "wsgi_app", LanguagePrefix(partial(Flask.wsgi_app, app)))
    return client


def language_of(page: str) -> str:
    found = re.search(r'<html lang="(..)"', page)
    assert found is not None
    return found[1]


def test_an_english_page_after_a_ukrainian_one_is_english_throughout(together):
    paths = ("/uk/sign-in", "/sign-in", "/uk/topics", "/topics", "/uk/support", "/support")
    pages = {path: together.get(path).text for path in paths}

    assert [language_of(page) for page in pages.values()] == ["uk", "en"] * 3
    for path in ("/topics", "/uk/topics"):  # to the byte what a request by itself is answered
        assert pages[path] == Context().run(together.get, path).text


def test_error_pages_speak_the_language_of_their_address(together):
    told = [
        language_of(together.get(path).text) for path in ("/uk/nowhere", "/nowhere", "/uk/nowhere", "/topics")
    ]

    assert told == ["uk", "en", "uk", "en"]


def test_the_language_that_a_view_chose_ends_with_its_page(together, session, as_):
    account = an_account(session, language="uk")
    a_coverage(session, a_patron(session, account, language="uk"))

    own = as_(account).get("/patron").text
    next_one = together.get("/nowhere").text

    assert (language_of(own), language_of(next_one)) == ("uk", "en")


def test_a_mail_in_another_language_changes_no_page_and_no_page_a_mail(together, session):
    together.get("/uk/sign-in")
    mail = outbox.queue(
        session, kind="accounts/no_account", to="eve@example.org", language="en", dedupe_key="1", context={}
    )
    assert mail is not None
    assert "no account" in mail.text
    session.commit()

    assert language_of(together.get("/uk/topics").text) == "uk"


def test_the_worker_makes_each_page_in_its_own_language(app, session, client):
    a_newsroom(session)
    for language in ("uk", "en"):
        an_appeal(session, "Вільно" if language == "uk" else "Free for all", language=language)
        a_story(session, "Пором" if language == "uk" else "The ferry", language=language)

    made = list(page_store.rebuild(session))

    files = page_store._store()[0].files
    kept = {path: files.read(path, "asking", "plain") for path in made}
    told = {path: page.body.decode() for path, page in kept.items() if page and b"<html" in page.body}
    assert {language_of(page) for page in told.values()} == {"en", "uk"}
    assert all(language_of(page) == ("uk" if path.startswith("/uk") else "en") for path, page in told.items())
    page_store.forget_everything()
    for path in reversed(told):  # each asked for alone, in another order, is the same to the byte
        assert client.get(path).text == told[path], path
