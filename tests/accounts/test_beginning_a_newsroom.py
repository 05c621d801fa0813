"""`membership init` makes the schema and the first publisher, once."""

from pathlib import Path

import pytest
from flask import Flask

from membership.accounts.enrolling import by_email
from membership.accounts.models import Account, Role
from membership.app import create_app
from membership.cli.initializing import init
from membership.db import db
from membership.settings import Settings


@pytest.fixture
def empty(settings_env: dict[str, str], tmp_path: Path) -> Flask:
    """The app on a database without a table."""
    settings_env["MEMBERSHIP_DATABASE_URL"] = f"sqlite:///{tmp_path}/empty.db"
    return create_app(Settings.from_environment(settings_env))


def test_the_first_publisher_is_named_and_may_see_patrons(empty):
    done = empty.test_cli_runner().invoke(init, ["--publisher", "Ada@example.org", "--name", "Ada"])

    assert done.exit_code == 0, done.output
    with empty.app_context():
        ada = by_email(db.session(), "ada@example.org")
        assert ada is not None
        assert (ada.role, ada.sees_patrons, ada.name) == (Role.PUBLISHER, True, "Ada")


def test_a_second_run_names_nobody_else(empty):
    run = empty.test_cli_runner()
    run.invoke(init, ["--publisher", "ada@example.org"])

    done = run.invoke(init, ["--publisher", "eve@example.org"])

    assert "There is a publisher already" in done.output
    with empty.app_context():
        assert db.session.query(Account).count() == 1


def test_an_address_that_is_none_is_refused_and_the_next_run_goes_on(empty):
    run = empty.test_cli_runner()

    refused = run.invoke(init, ["--publisher", "ada"])
    done = run.invoke(init, [], input="ada@example.org\n")

    assert refused.exit_code == 1
    assert "is not an e-mail address" in refused.output
    assert done.exit_code == 0, done.output
