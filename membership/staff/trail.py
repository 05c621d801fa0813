"""Reading the audit trail."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.newsroom.models import AuditEntry


def entries(
    session: Session, *, action: str = "", actor: str = "", subject: str = "", before: int | None, most: int
) -> list[AuditEntry]:
    """Entries, newest first, older than the id `before`; empty filters let everything through."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(most)
    for column, value in (
        (AuditEntry.action, action),
        (AuditEntry.actor, actor),
        (AuditEntry.subject, subject),
    ):
        if value:
            query = query.where(column == value)
    if before is not None and 0 < before < 2**63:
        query = query.where(AuditEntry.id < before)
    return list(session.scalars(query))


def actions(session: Session) -> list[str]:
    """The kinds of deed that the trail holds."""
    return list(session.scalars(select(AuditEntry.action).distinct().order_by(AuditEntry.action)))


def names_of(session: Session, shown: Iterable[AuditEntry]) -> dict[str, str]:
    """The names of those actors who have an account and work, or worked, here, by public id."""
    ids = {entry.actor_id for entry in shown if entry.actor_id is not None}
    if not ids:
        return {}
    people = session.scalars(select(Account).where(Account.id.in_(ids)))
    return {person.public_id: person.display_name for person in people if person.role is not None}
