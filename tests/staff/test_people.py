"""Who works here: let in, changed, removed, by publishers only, never oneself, never the last one."""

import pytest

from membership.accounts import appointing
from membership.accounts.enrolling import by_email
from membership.accounts.errors import LastPublisherError
from membership.accounts.models import Account, Role
from membership.newsroom.models import AuditEntry
from tests.accounts.letters import mails
from tests.cast import an_account


def test_a_publisher_lets_somebody_in_and_a_mail_tells_them(session, as_, pia):
    answer = as_(pia).post(
        "/staff/people", data={"email": "New@example.org", "name": "Nina", "role": "editor"}
    )

    nina = by_email(session, "new@example.org")
    assert answer.status_code == 303
    assert nina is not None
    assert (nina.role, nina.sees_patrons, nina.name) == (Role.EDITOR, False, "Nina")
    assert mails(session)[0].recipient == "new@example.org"


def test_a_patron_who_is_let_in_stays_one_account(session, as_, pia, cleo):
    as_(pia).post("/staff/people", data={"email": "cleo@example.org", "role": "staff"})

    assert session.query(Account).filter_by(email_index=cleo.email_index).one().role is Role.STAFF


@pytest.mark.parametrize(
    "data",
    [
        {"email": "no", "role": "editor"},
        {"email": "new@example.org", "role": "owner"},
        {"email": "new@example.org"},
        {"email": "new@example.org", "role": "editor", "csrf_token": ""},
    ],
    ids=["address", "role", "no role", "no token"],
)
def test_nobody_is_let_in_by_a_faulty_form(session, as_, pia, data):
    answer = as_(pia).post("/staff/people", data=data)

    assert answer.status_code == 422
    assert session.query(Account).count() == 1


def test_a_form_sets_nothing_but_what_it_shows(session, as_, pia, ben):
    as_(pia).post(
        f"/staff/people/{ben.public_id}",
        data={
            "role": "staff",
            "sees_patrons": "y",
            "email": "x@example.org",
            "totp_confirmed_at": "",
            "id": "1",
        },
    )

    session.refresh(ben)
    assert ben.email == "ben@example.org"
    assert ben.totp_confirmed_at is not None
    assert ben.sees_patrons is True


def test_a_change_holds_at_once(session, as_, pia, ada):
    editor = as_(ada)
    assert editor.get("/staff").status_code == 200

    as_(pia).post(f"/staff/people/{ada.public_id}", data={"role": "staff"})

    assert editor.get("/staff").status_code == 303


def test_a_dismissal_is_asked_for_and_then_holds_at_once(session, as_, pia, ben):
    person = as_(ben)
    browser = as_(pia)
    asked = browser.get(f"/staff/people/{ben.public_id}/dismissal")

    browser.post(f"/staff/people/{ben.public_id}/dismissal")

    assert "Remove Ben Staff from the desk?" in asked.text
    session.refresh(ben)
    assert (ben.role, ben.totp_secret) == (None, None)
    assert person.get("/staff").status_code == 303


def test_nobody_changes_or_removes_themselves(session, as_, pia):
    an_account(session, role=Role.PUBLISHER)
    browser = as_(pia)

    changed = browser.post(f"/staff/people/{pia.public_id}", data={"role": "publisher", "sees_patrons": ""})
    dismissed = browser.post(f"/staff/people/{pia.public_id}/dismissal")

    session.refresh(pia)
    assert (changed.status_code, dismissed.status_code) == (422, 422)
    assert pia.role is Role.PUBLISHER


def test_the_last_publisher_cannot_be_removed_from_the_command_line_either(session, pia):
    with pytest.raises(LastPublisherError):
        appointing.dismiss(session, pia, by=None)
    with pytest.raises(LastPublisherError):
        appointing.change(session, pia, Role.EDITOR, sees_patrons=False, by=None)


def test_the_last_of_two_publishers_stays(session, as_, pia):
    other = an_account(session, role=Role.PUBLISHER)

    as_(pia).post(f"/staff/people/{other.public_id}/dismissal")
    session.refresh(other)

    assert other.role is None
    with pytest.raises(LastPublisherError):
        appointing.dismiss(session, pia, by=None)


def test_each_change_is_in_the_audit_trail_with_before_and_after(session, as_, pia, ben):
    as_(pia).post(f"/staff/people/{ben.public_id}", data={"role": "editor"})

    entry = session.query(AuditEntry).one()
    assert (entry.action, entry.actor, entry.subject) == (
        "person.changed",
        pia.public_id,
        f"account:{ben.public_id}",
    )
    assert entry.details["before"] == {"role": "staff", "sees_patrons": False}
    assert entry.details["after"] == {"role": "editor", "sees_patrons": False}


def test_the_trail_holds_no_address(session, as_, pia):
    as_(pia).post("/staff/people", data={"email": "new@example.org", "role": "editor"})

    assert "@" not in str(session.query(AuditEntry).one().details)


def test_a_publisher_lets_somebody_set_up_the_second_factor_anew(session, as_, pia, ben):
    as_(pia).post(f"/staff/people/{ben.public_id}/second-factor/reset")

    session.refresh(ben)
    assert ben.totp_confirmed_at is None


@pytest.mark.parametrize("public_id", ["nobody", "0", "-1", str(2**63)])
def test_a_person_who_is_not_here_cannot_be_found(as_, pia, cleo, public_id):
    browser = as_(pia)

    assert browser.get(f"/staff/people/{public_id}").status_code == 404
    assert browser.get(f"/staff/people/{cleo.public_id}").status_code == 404
