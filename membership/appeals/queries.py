"""Reading appeals, for staff."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.appeals.models import Appeal


def by_public_id(session: Session, public_id: str) -> Appeal | None:
    """An appeal by its public id."""
    return session.scalars(select(Appeal).filter_by(public_id=public_id[:32])).one_or_none()


def by_rank(session: Session) -> Sequence[Appeal]:
    """Every appeal: by language, those that are on first, the highest priority first, as they are chosen."""
    order = (Appeal.language, Appeal.is_on.desc(), Appeal.priority.desc(), Appeal.id)
    return session.scalars(select(Appeal).order_by(*order)).all()
