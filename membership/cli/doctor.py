"""`membership doctor`: is everything as it must be? Read-only.

Each feature brings its checks (`checking.CHECKS`); this module adds those of the house: schema, engine, audit trail,
due rows, outbox. Exit codes: 0 clean, 1 findings, 2 could not run.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta

import click
from flask.cli import with_appcontext
from rich.console import Console
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from membership import clock
from membership.accounts.models import Account, Role
from membership.cli.database import OtherSchemaError, refuse_other_schema
from membership.db import begin_reading, db, end_reading
from membership.giving import checking as giving
from membership.mail.models import MailState, OutgoingMail
from membership.newsroom import audit
from membership.newsroom.findings import Check, Finding, Severity, found
from membership.newsroom.models import DueRow, DueState
from membership.topics import checking as topics

COULD_NOT_RUN = 2


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Write the findings as JSON.")
@with_appcontext
def doctor(*, as_json: bool) -> None:
    """Check books, rights, votes, trail and machine; change nothing.

    Exits 0 when clean, 1 with findings, 2 when it could not run.

    Example: membership doctor --json
    """
    try:
        refuse_other_schema()
        findings = examine(db.session())
    except OtherSchemaError as error:
        _give_up(error.message)
    except SQLAlchemyError as error:
        _give_up(f"The database cannot be read ({type(error).__name__}). Is it running?")
    else:
        _show(findings, as_json=as_json)
        raise SystemExit(1 if findings else 0)


def _give_up(sentence: str) -> None:
    click.echo(f"membership doctor: {sentence}", err=True)
    raise SystemExit(COULD_NOT_RUN)


def examine(session: Session) -> list[Finding]:
    """Every finding of every check, read in transactions that cannot write."""
    token = begin_reading()
    try:
        return [finding for check in CHECKS for finding in check(session)]
    finally:
        session.rollback()
        end_reading(token)


def _show(findings: Sequence[Finding], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
        return
    console = Console(highlight=False)
    for finding in findings:
        color = "red" if finding.severity is Severity.RED else "yellow"
        console.print(
            f"[{color}]{finding.severity:<5}[/] {finding.check}  {finding.sentence} ({finding.count})"
        )
        if finding.ids:
            console.print(f"            {', '.join(finding.ids)}")
        if finding.repair:
            console.print(f"            to mend it: {finding.repair}")
    if not findings:
        console.print(f"[green]Clean.[/] {len(CHECKS)} checks found nothing.")


def trail_is_whole(session: Session) -> list[Finding]:
    """N54: each audit entry follows from the one before it."""
    broken = audit.broken_links(session)
    return found("N54", Severity.RED, "Entries of the audit trail were changed or taken out.", broken)


def publisher_exists(session: Session) -> list[Finding]:
    """N54: somebody can manage people and settings."""
    publishers = session.scalars(
        select(Account.id).where(Account.role == Role.PUBLISHER, Account.blocked_at.is_(None))
    ).all()
    if publishers:
        return []
    return found(
        "N54",
        Severity.AMBER,
        "There is no publisher.",
        ["-"],
        repair="membership staff add ADDRESS --role publisher",
    )


def foreign_keys_hold(session: Session) -> list[Finding]:
    """N64: SQLite's own checks of the file and its foreign keys; PostgreSQL keeps them itself."""
    if session.get_bind().dialect.name != "sqlite":
        return []
    broken = [f"{row[0]}:{row[1]}" for row in session.execute(text("PRAGMA foreign_key_check"))]
    intact = session.execute(text("PRAGMA quick_check")).scalar_one()
    return [
        *found("N64", Severity.RED, "Rows point at rows that are not there.", broken),
        *found("N64", Severity.RED, "The database file is damaged.", [] if intact == "ok" else [intact]),
    ]


def engine_is_safe(session: Session) -> list[Finding]:
    """N64: SQLite runs in WAL, synchronous FULL, with foreign keys."""
    if session.get_bind().dialect.name != "sqlite":
        return []
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    wrong = [
        name
        for name, value in wanted.items()
        if session.execute(text(f"PRAGMA {name}")).scalar_one() != value
    ]
    return found("N64", Severity.RED, "SQLite does not run with the settings that money needs.", wrong)


def due_rows_are_applied(session: Session) -> list[Finding]:
    """N27: nothing that the clock alone decides is late by more than ten minutes, or was given up."""
    late = clock.now() - timedelta(minutes=10)
    rows = select(DueRow.id).where(
        ((DueRow.state == DueState.WAITING) & (DueRow.at < late)) | (DueRow.state == DueState.FAILED)
    )
    return found(
        "N27", Severity.AMBER, "Things that were due have not happened.", session.scalars(rows).all(),
        repair="membership worker --once",
    )  # fmt: skip


def outbox_moves(session: Session) -> list[Finding]:
    """N60: no mail has waited for over ten minutes past its time, and none was given up."""
    late = clock.now() - timedelta(minutes=10)
    waiting = select(OutgoingMail.id).where(
        OutgoingMail.state.in_({MailState.QUEUED, MailState.SENDING}), OutgoingMail.not_before < late
    )
    dead = select(OutgoingMail.id).where(OutgoingMail.state == MailState.DEAD)
    return [
        *found("N60", Severity.AMBER, "Mails wait for longer than ten minutes.", session.scalars(waiting).all(),
               repair="membership worker --once"),
        *found("N60", Severity.AMBER, "Mails could not be sent and were given up.", session.scalars(dead).all()),
    ]  # fmt: skip


CHECKS: tuple[Check, ...] = (
    *giving.CHECKS,
    *topics.CHECKS,
    trail_is_whole,
    publisher_exists,
    foreign_keys_hold,
    engine_is_safe,
    due_rows_are_applied,
    outbox_moves,
)
