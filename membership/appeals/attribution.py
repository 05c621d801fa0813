"""Slots: which article, and which appeal under it, a gift came from.

Every published article has a slot for each appeal that may stand under it, on whatever day, and one for showing none
(for its other ways to `/support`). Their public ids stand in links, so they exist before the page does: the
transaction that publishes an article, or changes the appeals, makes them; showing a page writes nothing.
"""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.appeals import choosing
from membership.appeals.choosing import ArticleFacts
from membership.appeals.models import Appeal, Showing
from membership.secrets import new_public_id


def slot(session: Session, public_id: str) -> Showing | None:
    """The slot behind the `appeal` of a link; None for anything else that stands there."""
    if not 0 < len(public_id) <= 32:
        return None
    return session.scalars(select(Showing).filter_by(public_id=public_id)).one_or_none()


def slot_of(session: Session, article_id: int, appeal: Appeal | None) -> str:
    """The public id of an article's slot with an appeal, or with none; "" if it was never made."""
    wanted = select(Showing.public_id).filter_by(
        article_id=article_id, appeal_id=appeal.id if appeal else None
    )
    return session.scalars(wanted.order_by(Showing.id).limit(1)).one_or_none() or ""


def ensure(session: Session, facts: ArticleFacts) -> None:
    """Make the missing slots of an article: one with none, and with each that may stand there. The caller commits."""
    known = set(session.scalars(select(Showing.appeal_id).filter_by(article_id=facts.id)))
    wanted: list[int | None] = [appeal.id for appeal in choosing.fitting(session, facts)]
    for appeal_id in [*wanted, None]:
        if appeal_id not in known:
            _add(session, facts.id, language=facts.language, appeal_id=appeal_id)


def ensure_under(session: Session, appeal: Appeal, article_ids: Iterable[int]) -> int:
    """Make the missing slots of an appeal under these articles; how many. The caller commits."""
    session.flush()
    known = set(session.scalars(select(Showing.article_id).filter_by(appeal_id=appeal.id)))
    missing = [article_id for article_id in dict.fromkeys(article_ids) if article_id not in known]
    for article_id in missing:
        _add(session, article_id, language=appeal.language, appeal_id=appeal.id)
    return len(missing)


def _add(session: Session, article_id: int, *, language: str, appeal_id: int | None) -> None:
    session.add(
        Showing(public_id=new_public_id(), article_id=article_id, appeal_id=appeal_id, language=language)
    )
