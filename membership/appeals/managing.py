"""Writing and changing appeals: with an audit entry, the slots they need and all pages made anew. Callers commit."""

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy.orm import Session

from membership import clock
from membership.appeals import attribution
from membership.appeals.models import Appeal
from membership.newsroom import audit, page_changes
from membership.newsroom.settings_rows import Amounts
from membership.secrets import new_public_id


@dataclass(frozen=True, kw_only=True)
class Words:
    """Everything staff decide about an appeal."""

    name: str
    language: str
    heading: str
    body: str
    highlight: str
    suggested_amounts: Amounts
    priority: int = 0
    is_on: bool = True


def write(session: Session, words: Words, *, actor_id: int, actor: str) -> Appeal:
    """A new appeal, under every article of its language if it is on and has the highest priority."""
    now = clock.now()
    appeal = Appeal(public_id=new_public_id(), created_at=now, updated_at=now, **_values(words))
    session.add(appeal)
    _announce(session, appeal, "appeal.written", actor_id=actor_id, actor=actor)
    return appeal


def change(session: Session, appeal: Appeal, words: Words, *, actor_id: int, actor: str) -> None:
    """What an appeal says from now on; gifts that came by it stay credited to it."""
    for name, value in _values(words).items():
        setattr(appeal, name, value)
    appeal.updated_at = clock.now()
    _announce(session, appeal, "appeal.changed", actor_id=actor_id, actor=actor)


def _values(words: Words) -> dict[str, Any]:
    return {one.name: getattr(words, one.name) for one in fields(words)}


def _announce(session: Session, appeal: Appeal, action: str, *, actor_id: int, actor: str) -> None:
    if appeal.is_on:
        attribution.ensure_everywhere(session, appeal)
    page_changes.record(session, page_changes.EVERYTHING)
    session.flush()
    audit.write(
        session,
        action=action,
        subject=f"appeal:{appeal.public_id}",
        actor_id=actor_id,
        actor=actor,
        details={"is_on": appeal.is_on, "priority": appeal.priority},
    )
