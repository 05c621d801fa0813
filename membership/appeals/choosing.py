"""Which appeal stands under an article: the first by priority that is on, in the article's language; or none."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.appeals.models import Appeal


def for_article(
    session: Session, *, language: str, is_sensitive: bool = False, is_sponsored: bool = False
) -> Appeal | None:
    """The appeal an article shows now; none under what is sensitive or sponsored."""
    if is_sensitive or is_sponsored:
        return None
    fitting = select(Appeal).where(Appeal.is_on, Appeal.language == language)
    return session.scalars(fitting.order_by(Appeal.priority.desc(), Appeal.id).limit(1)).one_or_none()
