"""The audit trail: who did what. An entry is written in the transaction of the deed, and chained to the last one."""

import hashlib
import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock
from membership.newsroom.models import AuditEntry

FIRST = "0" * 64


def write(
    session: Session,
    *,
    action: str,
    subject: str,
    actor_id: int | None,
    actor: str,
    details: dict[str, Any] | None = None,
) -> AuditEntry:
    """Add an entry; the caller commits. If it cannot be written, neither is the deed.

    `details` takes ids, amounts, states and reasons, never an address or a name of a patron.
    """
    last = session.scalars(
        select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1).with_for_update()
    ).one_or_none()
    entry = AuditEntry(
        at=clock.now(),
        actor_id=actor_id,
        actor=actor,
        action=action,
        subject=subject,
        details=details or {},
        previous_hash=last.hash if last else FIRST,
        hash="",
    )
    entry.hash = hash_of(entry)
    session.add(entry)
    session.flush()
    return entry


def hash_of(entry: AuditEntry) -> str:
    """The hash an entry must have, over what it says and the hash before it."""
    said = [
        entry.previous_hash,
        entry.at.isoformat(),
        entry.actor,
        entry.action,
        entry.subject,
        json.dumps(entry.details, sort_keys=True, ensure_ascii=False),
    ]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def broken_links(session: Session) -> list[int]:
    """The ids of entries that do not follow from the one before them; empty when the trail is whole."""
    broken = []
    previous = FIRST
    for entry in session.scalars(
        select(AuditEntry).order_by(AuditEntry.id).execution_options(yield_per=1000)
    ):
        if entry.previous_hash != previous or entry.hash != hash_of(entry):
            broken.append(entry.id)
        previous = entry.hash
    return broken
