"""Preferences: who may know of a patron, and the wall of those who wish to be named."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.newsroom import due
from membership.newsroom.models import AuditEntry
from membership.patrons.models import Patron, Visibility
from tests.cast import SignedIn, a_coverage, a_patron, an_account, patron_of

FORM = {
    "name": "Cleo",
    "visibility": "public",
    "wall_name": "Cleo from the bakery",
    "wants_topic_mail": "y",
    "language": "en",
}


def saved(session: Session, account) -> Patron:
    session.rollback()
    session.expire_all()
    return patron_of(session, account)


def decide(browser, patron: Patron, decision: str = "approve", **changes: str):
    form = {"name": patron.wall_name, "decision": decision, **changes}
    return browser.post(f"/staff/patrons/{patron.public_id}/wall-name", data=form)


def test_at_first_only_the_newsroom_knows(as_: SignedIn, cleo, session):
    page = as_(cleo).get("/patron/preferences").text

    assert saved(session, cleo).visibility is Visibility.STAFF_ONLY
    assert "Only the newsroom" in page


def test_what_is_decided_is_kept(as_: SignedIn, cleo, session):
    answer = as_(cleo).post("/patron/preferences", data=FORM | {"language": "uk"})

    patron = saved(session, cleo)
    assert answer.status_code == 303
    assert (patron.visibility, patron.wall_name) == (Visibility.PUBLIC, "Cleo from the bakery")
    assert (patron.wants_topic_mail, patron.wants_round_mail, patron.language) == (True, False, "uk")


def test_whoever_wants_to_be_named_says_how(as_: SignedIn, cleo, session):
    answer = as_(cleo).post("/patron/preferences", data=FORM | {"wall_name": " "})

    assert answer.status_code == 422
    assert "Enter the name that readers should see." in answer.text
    assert saved(session, cleo).visibility is Visibility.STAFF_ONLY


def test_a_reader_who_never_gave_has_nothing_to_decide(as_: SignedIn, eve):
    assert as_(eve).get("/patron/preferences").status_code == 404
    assert "You have not given yet" in as_(eve).get("/patron").text


def test_a_name_stands_on_the_wall_once_staff_has_read_it(as_: SignedIn, cleo, pia, client, session):
    as_(cleo).post("/patron/preferences", data=FORM)
    patron = saved(session, cleo)
    assert "Cleo from the bakery" not in client.get("/patrons").text

    decide(as_(pia), patron)

    assert "Cleo from the bakery" in client.get("/patrons").text
    assert session.scalars(select(AuditEntry.action)).all() == ["patron.wall_name_approved"]


def test_another_name_has_to_be_read_again(as_: SignedIn, cleo, pia, client, session):
    as_(cleo).post("/patron/preferences", data=FORM)
    decide(as_(pia), saved(session, cleo))

    as_(cleo).post("/patron/preferences", data=FORM | {"wall_name": "Buy gold"})

    page = client.get("/patrons").text
    assert "Buy gold" not in page
    assert "Cleo from the bakery" not in page


def test_who_has_lapsed_stands_on_the_wall_no_more(as_: SignedIn, cleo, pia, client, session, clock):
    as_(cleo).post("/patron/preferences", data=FORM)
    decide(as_(pia), saved(session, cleo))

    assert "Cleo from the bakery" in client.get("/patrons").text
    clock.move(timedelta(days=40))
    due.apply_all(session)

    assert "Cleo from the bakery" not in client.get("/patrons").text


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "Bobby\u202etables", "a\nb"])
def test_a_hostile_name_is_shown_as_it_is_or_not_at_all(as_: SignedIn, cleo, pia, client, session, name):
    as_(cleo).post("/patron/preferences", data=FORM | {"wall_name": name})
    decide(as_(pia), saved(session, cleo))

    assert "<script>alert" not in client.get("/patrons").text
    assert "\u202e" not in client.get("/patrons").text


def test_small_numbers_of_patrons_are_not_told(client, session):
    for _number in range(19):
        a_coverage(session, a_patron(session))

    assert "More than" not in client.get("/patrons").text


def test_larger_numbers_are_rounded_down(client, session):
    for _number in range(23):
        a_coverage(session, a_patron(session))

    assert "More than 20 readers pay for the work" in client.get("/patrons").text


def test_the_wall_names_nobody_who_did_not_ask(client, session):
    account = an_account(session, name="Secret Giver", email="secret.giver@example.org")
    a_coverage(session, a_patron(session, account))

    page = client.get("/patrons").text

    assert "Secret" not in page


def test_a_name_that_cannot_stand_there_is_declined_and_the_patron_asked_for_another(
    as_: SignedIn, cleo, pia, client, session
):
    as_(cleo).post("/patron/preferences", data=FORM | {"wall_name": "Buy gold"})
    decide(as_(pia), saved(session, cleo), "decline")

    assert "Buy gold" not in client.get("/patrons").text
    assert "The newsroom asks you for another name" in as_(cleo).get("/patron/preferences").text
    assert "Names that wait for the wall" not in as_(pia).get("/staff/patrons").text

    as_(cleo).post("/patron/preferences", data=FORM)
    assert "asks you for another name" not in as_(cleo).get("/patron/preferences").text
    assert "Names that wait for the wall" in as_(pia).get("/staff/patrons").text


def test_a_name_changed_since_it_was_read_is_not_approved(as_: SignedIn, cleo, pia, session):
    as_(cleo).post("/patron/preferences", data=FORM)
    read = saved(session, cleo).wall_name
    as_(cleo).post("/patron/preferences", data=FORM | {"wall_name": "Buy gold"})

    decide(as_(pia), saved(session, cleo), name=read)

    assert saved(session, cleo).wall_approved_at is None


def test_the_wall_follows_the_alphabet_of_each_script(as_: SignedIn, client, session):
    for name in ("Юлія", "Ірина", "Євген", "Ївга", "Zoe", "adam", "Ґанна", "Галина", "Жанна"):
        patron = a_patron(session, name=name)
        patron.visibility, patron.wall_name, patron.wall_approved_at = (
            Visibility.PUBLIC,
            name,
            patron.created_at,
        )
        a_coverage(session, patron)

    page = client.get("/patrons").text

    order = ["adam", "Zoe", "Галина", "Ґанна", "Євген", "Жанна", "Ірина", "Ївга", "Юлія"]
    assert sorted(order, key=page.index) == order
