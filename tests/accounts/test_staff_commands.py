"""`membership staff …`, for who has the machine."""

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from membership.accounts.commands import staff
from membership.accounts.enrolling import by_email
from membership.accounts.models import Role
from membership.newsroom.models import AuditEntry


@pytest.fixture
def run(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


def test_the_first_publisher_is_added_from_the_command_line(session, run):
    session.rollback()

    done = run.invoke(staff, ["add", "Ada@example.org", "--role", "publisher", "--sees-patrons"])

    account = by_email(session, "ada@example.org")
    assert done.exit_code == 0, done.output
    assert "http://localhost/sign-in" in done.output
    assert account is not None
    assert (account.role, account.sees_patrons) == (Role.PUBLISHER, True)
    assert session.query(AuditEntry).one().actor == "command"


def test_staff_are_listed_with_what_they_may_do(session, run, pia, ben, cleo):
    session.rollback()

    done = run.invoke(staff, ["list"])

    assert done.output.splitlines() == ["pia@example.org\tpublisher, sees patrons", "ben@example.org\tstaff"]


def test_somebody_is_removed_and_stays_a_reader(session, run, pia, ben):
    session.rollback()

    done = run.invoke(staff, ["remove", "ben@example.org"])

    assert done.exit_code == 0, done.output
    session.refresh(ben)
    assert ben.role is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["add", "no address"], "is not an e-mail address"),
        (["remove", "no address"], "is not an e-mail address"),
        (["remove", "cleo@example.org"], "does not work here"),
        (["remove", "pia@example.org"], "the last publisher"),
        (["add", "pia@example.org", "--role", "staff"], "no publisher"),
    ],
    ids=["add no address", "remove no address", "a patron", "the last", "the last, lowered"],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(session, run, pia, cleo, arguments, sentence):
    session.rollback()

    done = run.invoke(staff, arguments)

    assert done.exit_code == 1
    assert sentence in done.output
    session.refresh(pia)
    assert pia.role is Role.PUBLISHER
