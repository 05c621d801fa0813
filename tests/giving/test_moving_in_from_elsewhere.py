"""People who pay on other platforms move in: covered to the day they are paid to, marked, in no figure of money."""

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import event, func, select

from membership.accounts.models import Account
from membership.cli import membership
from membership.db import Base, db
from membership.giving import moving_in, totals
from membership.mail.models import OutgoingMail
from membership.patrons import granting
from membership.patrons.models import Coverage, Grant, Patron, Source, SupportElsewhere
from tests.cast import a_coverage, a_patron, an_account, patron_of

HEADER = "email,name,paid_through\n"


@pytest.fixture
def run(app: Flask, session, tmp_path):
    """Run the command on a file with this content; gives its result."""

    def run_import(content: str, *words: str, source: str = "csv", encoding: str = "utf-8") -> Result:
        session.rollback()
        file = tmp_path / "people.csv"
        file.write_text(content, encoding=encoding)
        given = ["import", "patrons", source, str(file), *words]
        return app.test_cli_runner().invoke(membership, given)

    return run_import


def _people(count: int, day: str = "2026-12-24") -> str:
    return HEADER + "".join(f"p{n}@example.org,Person {n},{day}\n" for n in range(count))


def _counts(session) -> dict[str, int]:
    session.rollback()
    return {
        table.name: session.scalar(select(func.count()).select_from(table)) or 0
        for table in Base.metadata.sorted_tables
    }


def test_they_are_covered_to_the_end_of_the_day_marked_and_in_no_recurring_figure(run, session):
    result = run(_people(3), "--platform", "Steady")

    assert result.exit_code == 0, result.output
    assert "3 taken, 0 prolonged, 0 unchanged, 0 rows not taken." in result.output
    rows = session.scalars(select(Coverage)).all()
    assert {(row.source, row.ends_at) for row in rows} == {
        (Source.GRANT, datetime(2026, 12, 24, 22, tzinfo=UTC))
    }
    assert set(session.scalars(select(SupportElsewhere.platform))) == {"Steady"}
    assert set(session.scalars(select(Patron.name))) == {"Person 0", "Person 1", "Person 2"}
    now = totals.current(session)
    assert (now.patrons, now.elsewhere, now.recurring) == (3, 3, {})
    assert session.scalars(select(OutgoingMail.kind)).all() == []


def test_a_dry_run_writes_nothing_and_foretells_the_totals(run, session, cleo):
    content = _people(3) + "cleo@example.org,Cleo,2026-12-24\nbad,,2026-12-24\nlate@example.org,,2026-11-01\n"
    before = _counts(session)

    foretold = run(content, "--platform", "Steady", "--dry-run")

    assert _counts(session) == before
    assert "4 would be taken" in foretold.output
    assert "its e-mail address is none that can be written to: row 6" in foretold.output
    assert "what was paid ran out on 2026-11-01: row 7" in foretold.output
    done = run(content, "--platform", "Steady")
    assert foretold.output.splitlines()[-4:-1] == done.output.splitlines()[-3:]
    assert "active patrons" in done.output
    cleos = session.scalars(select(SupportElsewhere).filter_by(patron_id=patron_of(session, cleo).id)).one()
    assert cleos.gave_here


def test_the_same_file_again_changes_nothing_and_a_later_day_prolongs(run, session):
    run(_people(2), "--platform", "Steady")
    before = _counts(session)

    again, later = (
        run(_people(2), "--platform", "Steady"),
        run(_people(2, "2027-01-24"), "--platform", "Steady"),
    )

    assert "0 taken, 0 prolonged, 2 unchanged" in again.output
    assert "0 taken, 2 prolonged, 0 unchanged" in later.output
    assert _counts(session) == before
    assert set(session.scalars(select(Coverage.ends_at))) == {datetime(2027, 1, 24, 22, tzinfo=UTC)}


def test_what_has_run_out_begins_anew_and_what_staff_ended_stays_ended(run, session, clock):
    run(_people(2), "--platform", "Steady")
    patron_id = session.scalars(
        select(Patron.id).where(Patron.id == select(func.min(Patron.id)).scalar_subquery())
    ).one()
    granting.revoke(session, session.scalars(select(Grant).filter_by(patron_id=patron_id)).one())
    session.commit()
    clock.move(timedelta(days=60))

    result = run(_people(2, "2027-03-01"), "--platform", "Steady")

    assert "staff ended what was granted for it: row 2" in result.output
    assert "0 taken, 1 prolonged" in result.output
    assert session.scalar(select(func.count()).select_from(Grant)) == 3
    assert totals.current(session).patrons == 1


def test_i18_an_account_that_is_there_is_not_changed(run, session):
    account = an_account(session, name="Dov", email="p0@example.org", language="uk")
    a_coverage(session, a_patron(session, account), ends_at=datetime(2027, 5, 1, tzinfo=UTC))
    account_id, stamp = account.id, account.security_stamp

    run(_people(1), "--platform", "Steady")

    session.rollback()
    known = session.get_one(Account, account_id)
    assert (known.name, known.language, known.security_stamp, known.role) == ("Dov", "uk", stamp, None)
    assert session.scalars(select(Patron.name)).one() == "Dov"


def test_i23_a_broken_file_is_refused_before_anything_is_written(run, session):
    broken = _people(1_200) + '"never closed,x,2026-12-24\n'
    before = _counts(session)

    result = run(broken, "--platform", "Steady")

    assert result.exit_code == 1
    assert "no CSV" in result.output
    assert _counts(session) == before


def test_i23_a_batch_that_fails_in_its_middle_is_absent_and_those_before_it_are_whole(run, session):
    content, marked = _people(moving_in.AT_ONCE * 2 + 20), []

    def fail(_connection, _cursor, statement, *_rest):
        """The second batch has written accounts and patrons when it comes to this."""
        if statement.startswith("INSERT INTO support_elsewhere"):
            marked.append(statement)
            if len(marked) > 1:
                raise ZeroDivisionError

    event.listen(db.engine, "before_cursor_execute", fail)
    try:
        result = run(content, "--platform", "Steady")
    finally:
        event.remove(db.engine, "before_cursor_execute", fail)

    assert isinstance(result.exception, ZeroDivisionError)
    first = {f"Person {number}" for number in range(moving_in.AT_ONCE)}
    session.rollback()
    assert set(session.scalars(select(Patron.name))) == first
    for model in (Account, Grant, Coverage, SupportElsewhere):
        assert session.scalar(select(func.count()).select_from(model)) == moving_in.AT_ONCE

    again = run(content, "--platform", "Steady")
    assert "520 taken, 0 prolonged, 500 unchanged" in again.output


def test_i23_windows_letters_are_read_and_the_command_says_so(run, session):
    result = run(HEADER + "p0@example.org,Олена,2026-12-24\n", "--platform", "Steady", encoding="cp1251")

    assert result.exit_code == 0
    assert "it was read as Windows-1251" in result.output
    assert session.scalars(select(Patron.name)).all() == ["Олена"]


@pytest.mark.parametrize(
    ("source", "words", "why"),
    [
        ("patreon", ["--all"], "choose among Stripe's subscriptions"),
        ("patreon", ["--platform", "x"], "of a csv"),
        ("csv", ["--platform", "x" * 41], "at most 40"),
        ("csv", ["--complimentary-until", "2026-12-24"], "Ghost's"),
        ("stripe", [], "takes no file"),
        ("ghost", ["--all", "--product", "prod_1"], "not both"),
    ],
)
def test_options_that_do_not_go_together_are_refused(run, source, words, why):
    result = run(_people(1), *words, source=source)

    assert result.exit_code == 2
    assert why in result.output


@pytest.mark.parametrize("day", ["2026-11-21", "2031-11-30", "9999-12-31"])
def test_complimentary_members_are_granted_to_a_day_to_come_only(run, session, day):
    before = _counts(session)

    result = run(
        "email,complimentary_plan,stripe_customer_id\n", "--complimentary-until", day, source="ghost"
    )

    assert result.exit_code == 2
    assert "a day to come, at most five years ahead" in result.output
    assert _counts(session) == before
