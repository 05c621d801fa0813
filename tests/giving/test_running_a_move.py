"""One import of patrons at a time; one that was killed goes on when it is run again and ends with the same books."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import event as listening
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from membership import clock
from membership.accounts.models import Account
from membership.articles.models import ImportRun
from membership.cli import membership
from membership.db import Base, db
from membership.giving import moving_in
from membership.patrons.models import Coverage, Grant, Patron, SupportElsewhere

KILLER = "tests.giving.kill_while_moving_in"
ROWS = moving_in.AT_ONCE + 100
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def field_keys(settings_env):
    """Keys that the process to be killed shares with this one."""
    settings_env["MEMBERSHIP_FIELD_KEYS"] = Fernet.generate_key().decode()


@pytest.fixture
def file(tmp_path):
    """A file of two batches."""
    made = tmp_path / "people.csv"
    rows = (f"p{n}@example.org,Person {n},2027-0{1 + n % 9}-24\n" for n in range(ROWS))
    made.write_text("email,name,paid_through\n" + "".join(rows))
    return made


@pytest.fixture
def run(app: Flask, session, file):
    """Run the command on the file; gives its result."""

    def run_import(*words: str) -> Result:
        session.rollback()
        given = ["import", "patrons", "csv", str(file), "--platform", "Steady", *words]
        return app.test_cli_runner().invoke(membership, given)

    return run_import


def _books(session):
    """All that an import writes, but for ids and the random bits; and how many rows each table has."""
    session.rollback()
    rows = session.execute(
        select(
            Account.email_index,
            Patron.name,
            Patron.language,
            Grant.starts_at,
            Grant.ends_at,
            Grant.reason,
            Coverage.source,
            Coverage.starts_at.label("covered_from"),
            Coverage.ends_at.label("covered_until"),
            SupportElsewhere.platform,
            SupportElsewhere.told_at,
            SupportElsewhere.gave_here,
        )
        .join(Patron, Patron.account_id == Account.id)
        .join(SupportElsewhere, SupportElsewhere.patron_id == Patron.id)
        .join(Grant, Grant.id == SupportElsewhere.grant_id)
        .join(Coverage, Coverage.source_key == Grant.public_id)
    )
    counts = {
        t.name: session.scalar(select(func.count()).select_from(t)) for t in Base.metadata.sorted_tables
    }
    return sorted(tuple(row) for row in rows), counts


def _empty(session):
    for table in reversed(Base.metadata.sorted_tables):
        session.execute(table.delete())
    session.commit()


def _another(session):
    """An import that is at work on another machine."""
    now = clock.now()
    until = now + timedelta(minutes=2)
    session.add(ImportRun(token="x", host="elsewhere", process=1, began_at=now, runs_until=until))
    session.commit()


def test_a_run_that_was_killed_ends_with_the_books_of_an_undisturbed_one(run, session, file, settings_env):
    assert f"{ROWS} taken, 0 prolonged" in run().output
    undisturbed = _books(session)
    assert len(undisturbed[0]) == ROWS
    _empty(session)

    killed = subprocess.run(
        [sys.executable, "-m", KILLER, str(file), "3", clock.now().isoformat()],
        env=os.environ | settings_env,
        cwd=ROOT,
        check=False,
    )

    assert killed.returncode == -signal.SIGKILL
    assert len(_books(session)[0]) == moving_in.AT_ONCE  # the batch in hand is gone as a whole
    again = run()
    assert again.exit_code == 0
    taken = ROWS - moving_in.AT_ONCE
    assert f"{taken} taken, 0 prolonged, {moving_in.AT_ONCE} unchanged, 0 rows not taken." in again.output
    assert _books(session) == undisturbed


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_a_second_run_is_refused_while_one_is_at_work_and_changes_nothing(run, session, words):
    _another(session)
    before = _books(session)

    result = run(*words)

    assert result.exit_code == 1
    assert "Another import is at work. Nothing was changed." in result.output
    assert "14:02:00" in result.output
    assert _books(session) == before


def test_a_run_that_was_overtaken_by_another_stops(app, run, session, clock):
    """Each batch gives a sign of life; who cannot give it any more has lost the right to go on."""

    def overtake(_session: object) -> None:
        with db.engine.connect() as apart:
            if clock.now() == began and apart.scalar(select(func.count()).select_from(Grant)):
                clock.move(timedelta(minutes=1))
                apart.execute(update(ImportRun).values(token="of another"))
                apart.commit()

    began = clock.now()
    listening.listen(Session, "after_commit", overtake)
    try:
        result = run()
    finally:
        listening.remove(Session, "after_commit", overtake)

    assert result.exit_code == 1
    assert "Another import is at work." in result.output
    assert len(_books(session)[0]) == moving_in.AT_ONCE
    assert session.scalars(select(ImportRun.token)).all() == ["of another"]
