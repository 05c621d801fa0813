"""What `membership doctor` looks for in the house: schema, engine, keys, audit trail, due rows, outbox, pages."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, LargeBinary, func, select, text, type_coerce
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.accounts.models import Account, Role
from membership.cli.database import is_a_models
from membership.db import Base
from membership.mail.models import MailState, OutgoingMail
from membership.newsroom import audit, page_changes
from membership.newsroom.findings import Check, Finding, Severity, found
from membership.newsroom.models import DueRow, DueState, PageChange
from membership.secrets import Secret, SecretBytes, UnreadableSecretError
from membership.web import page_store

LATE = timedelta(minutes=10)
SOME = 1_000
WORK = "membership worker --once"
ENGINE = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
"""The settings of SQLite that money needs: write-ahead log, FULL, foreign keys."""


def schema_is_the_release_s(session: Session) -> list[Finding]:
    """N64: tables, columns, indexes and unique keys are those of this release; the latter decide races."""
    context = MigrationContext.configure(
        session.connection(), opts={"compare_type": True, "include_name": is_a_models}
    )
    differences = compare_metadata(context, Base.metadata)
    told = [_told(one) for one in differences]
    return found("N64", Severity.RED, "The schema is not that of this release.", told)


def _told(difference: Any) -> str:  # noqa: ANN401 - a tuple of Alembic's, or a list of them for one column
    """What would mend a difference, and of which table, column or index: "add_index ix_due_row_state_at"."""
    mend, *things = difference[0] if isinstance(difference, list) else difference
    names = [thing if isinstance(thing, str) else getattr(thing, "name", None) for thing in things]
    return " ".join([mend, *(name for name in names if isinstance(name, str))])


def file_is_whole(session: Session) -> list[Finding]:
    """N64: SQLite's own checks of the file and its foreign keys; PostgreSQL keeps them itself."""
    if session.get_bind().dialect.name != "sqlite":
        return []
    broken = [f"{row[0]}:{row[1]}" for row in session.execute(text("PRAGMA foreign_key_check"))]
    intact = session.execute(text("PRAGMA quick_check")).scalars().all()
    return [
        *found("N64", Severity.RED, "Rows point at rows that are not there.", broken),
        *found("N64", Severity.RED, "The database file is damaged.", [] if intact == ["ok"] else intact),
    ]


def engine_is_safe(session: Session) -> list[Finding]:
    """N64: SQLite runs in WAL, synchronous FULL, with foreign keys."""
    if session.get_bind().dialect.name != "sqlite":
        return []
    told = {name: session.execute(text(f"PRAGMA {name}")).scalar_one() for name in ENGINE}
    wrong = [name for name, value in ENGINE.items() if told[name] != value]
    return found("N64", Severity.RED, "SQLite does not run with the settings that money needs.", wrong)


def secrets_are_readable(session: Session) -> list[Finding]:
    """N65: the field keys open every name and address, and each account is found by its address."""
    closed = [one for column in _secret_columns() for one in _closed(session, column)]
    lost = []
    for account_id, sealed, index in session.execute(
        select(Account.id, type_coerce(Account.email, LargeBinary), Account.email_index)
    ):
        email = _opened(sealed)
        if email is not None and index not in secrets.blind_indexes(email):
            lost.append(account_id)
    return [
        *found("N65", Severity.RED, "What names people cannot be read with MEMBERSHIP_FIELD_KEYS.", closed),
        *found("N65", Severity.RED, "Accounts cannot be found by their address.", lost),
    ]


def _secret_columns() -> list["Column[Any]"]:
    return [
        column
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, (Secret, SecretBytes))
    ]


def _closed(session: Session, column: "Column[Any]") -> Iterator[str]:
    """The rows, as "table.column:key", whose secret cannot be read."""
    table = column.table
    key = next(iter(table.primary_key.columns))
    sealed = select(key, type_coerce(column, LargeBinary)).where(column.is_not(None)).order_by(key)
    if isinstance(column.type, SecretBytes):
        sealed = sealed.limit(SOME)  # of millions; wrong keys show in any of them
    for row_key, value in session.execute(sealed, execution_options={"yield_per": 1_000}):
        if _opened(value) is None:
            yield f"{table.name}.{column.name}:{row_key}"


def _opened(sealed: bytes) -> str | None:
    try:
        return secrets.open_sealed(sealed)
    except UnreadableSecretError:
        return None


def trail_is_whole(session: Session) -> list[Finding]:
    """N54: each audit entry follows from the one before it."""
    broken = audit.broken_links(session)
    return found("N54", Severity.RED, "Entries of the audit trail were changed or taken out.", broken)


def publisher_exists(session: Session) -> list[Finding]:
    """N54: somebody can manage people and settings."""
    publishers = select(Account.id).where(Account.role == Role.PUBLISHER, Account.blocked_at.is_(None))
    if session.scalars(publishers.limit(1)).first() is not None:
        return []
    mend = "membership staff add ADDRESS --role publisher"
    return found("N54", Severity.AMBER, "There is no publisher.", ["-"], repair=mend)


def due_rows_are_applied(session: Session) -> list[Finding]:
    """N27: nothing that the clock alone decides is late by more than ten minutes, or was given up."""
    waiting = select(DueRow.id).where(DueRow.state == DueState.WAITING, DueRow.at < clock.now() - LATE)
    failed = select(DueRow.id).where(DueRow.state == DueState.FAILED)
    late, given_up = session.scalars(waiting).all(), session.scalars(failed).all()
    return [
        *found("N27", Severity.AMBER, "Things that were due have not happened.", late, repair=WORK),
        *found("N27", Severity.RED, "Things that were due were given up after eight tries.", given_up),
    ]


def outbox_moves(session: Session) -> list[Finding]:
    """N60: no mail has waited for over ten minutes past its time, and none was given up."""
    waiting = select(OutgoingMail.id).where(
        OutgoingMail.state.in_({MailState.QUEUED, MailState.SENDING}),
        OutgoingMail.not_before < clock.now() - LATE,
    )
    dead = select(OutgoingMail.id).where(OutgoingMail.state == MailState.DEAD)
    late, given_up = session.scalars(waiting).all(), session.scalars(dead).all()
    return [
        *found("N60", Severity.AMBER, "Mails wait for longer than ten minutes.", late, repair=WORK),
        *found("N60", Severity.AMBER, "Mails could not be sent and were given up.", given_up),
    ]


def pages_are_made_anew(session: Session) -> list[Finding]:
    """N67: no stored page of this machine is older than a change of ten minutes ago."""
    newest = select(PageChange.key, func.max(PageChange.id)).where(PageChange.at < clock.now() - LATE)
    changed = {row[0]: row[1] for row in session.execute(newest.group_by(PageChange.key))}
    of_all = changed.get(page_changes.EVERYTHING, 0)
    old = [path for path, made in page_store.generations() if made < max(changed.get(path, 0), of_all)]
    return found("N67", Severity.AMBER, "Pages that changed were not made anew.", old, repair=WORK)


CHECKS: tuple[Check, ...] = (
    file_is_whole,
    engine_is_safe,
    secrets_are_readable,
    trail_is_whole,
    publisher_exists,
    due_rows_are_applied,
    outbox_moves,
    pages_are_made_anew,
)
"""The checks of the house, but for that of the schema, without which the others cannot look."""
