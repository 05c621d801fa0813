"""Staff who may see patrons: searches and records, each look written down, hidden names kept hidden."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.newsroom.models import AuditEntry
from membership.patrons import enrolling
from membership.patrons.models import Patron, Visibility
from tests.cast import SignedIn, patron_of


def actions(session: Session) -> list[str]:
    session.rollback()
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


@pytest.fixture
def known(session: Session, cleo) -> Patron:
    """Cleo, who can be found by name."""
    patron = patron_of(session, cleo)
    enrolling.index_name(session, patron)
    session.commit()
    return patron


@pytest.mark.parametrize("words", ["cleo@example.org", "CLEO@example.org", "cleo", "Patron Cleo", "patron"])
def test_exact_addresses_and_whole_words_are_found(as_: SignedIn, pia, known, words: str):
    assert "Cleo Patron" in as_(pia).get("/staff/patrons", query_string={"words": words}).text


@pytest.mark.parametrize(
    "words", ["cle", "cleo@example.com", "cleo@", "cleo nobody", "%", "' OR 1=1 --", "x" * 255]
)
def test_nothing_else_is(as_: SignedIn, pia, known, words: str):
    page = as_(pia).get("/staff/patrons", query_string={"words": words})

    assert page.status_code == 200
    assert "Nobody found" in page.text


def test_each_search_is_written_down_without_what_was_typed(as_: SignedIn, pia, known, session):
    as_(pia).get("/staff/patrons?words=cleo@example.org")

    assert actions(session) == ["patrons.searched"]
    assert "cleo" not in str(session.scalars(select(AuditEntry.details)).all())


def test_opening_the_search_alone_writes_nothing(as_: SignedIn, pia, session):
    as_(pia).get("/staff/patrons")

    assert actions(session) == []


def test_each_opened_record_is_written_down(as_: SignedIn, pia, known, session):
    page = as_(pia).get(f"/staff/patrons/{known.public_id}")

    assert "cleo@example.org" in page.text
    assert actions(session) == ["patron.opened"]


def test_a_hidden_patron_is_masked_until_a_publisher_gives_a_reason(as_: SignedIn, pia, known, session):
    known.visibility = Visibility.SECRET
    session.commit()
    browser = as_(pia)

    masked = browser.get(f"/staff/patrons/{known.public_id}").text
    listed = browser.get("/staff/patrons?words=cleo@example.org").text
    by_name = browser.get("/staff/patrons?words=cleo").text
    bare = browser.post(f"/staff/patrons/{known.public_id}/name", data={"reason": ""})
    shown = browser.post(f"/staff/patrons/{known.public_id}/name", data={"reason": "She asked us to call."})

    for page in (masked, listed, bare.text):
        assert "Hidden patron" in page
        assert "cleo@example.org" not in page.replace('value="cleo@example.org"', "")  # what was typed
    assert "Nobody found" in by_name
    assert bare.status_code == 422
    assert "cleo@example.org" in shown.text
    assert actions(session).count("patron.revealed") == 1
    assert "cleo@example.org" not in browser.get(f"/staff/patrons/{known.public_id}").text


def test_without_the_right_nobody_sees_a_patron(as_: SignedIn, ada, ben, cleo, client, known):
    for path in (
        "/staff/patrons",
        f"/staff/patrons/{known.public_id}",
        "/staff/giving",
        "/staff/giving/failing",
    ):
        assert as_(ada).get(path).status_code == 403
        assert as_(ben).get(path).status_code == 403
        assert as_(cleo).get(path).status_code == 404
        assert client.get(path).status_code == 303


def test_an_unknown_patron_is_not_there(as_: SignedIn, pia):
    assert as_(pia).get("/staff/patrons/nobody").status_code == 404
