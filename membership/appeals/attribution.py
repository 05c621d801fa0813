"""Slots: which article, and which appeal under it, a gift came from.

Every published article has a slot for the appeal that it shows and one for showing none (for its other ways to
`/support`). Their public ids stand in links, so they exist before the page does: the transaction that publishes an
article, or changes the appeals, makes them; showing a page writes nothing.
"""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

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


def ensure(session: Session, article_id: int, *, language: str, appeal: Appeal | None) -> None:
    """Make the slots of an article that are missing: with this appeal, and with none. The caller commits."""
    known = set(session.scalars(select(Showing.appeal_id).filter_by(article_id=article_id)))
    for appeal_id in ([appeal.id] if appeal else []) + [None]:
        if appeal_id not in known:
            _add(session, article_id, language=language, appeal_id=appeal_id)


def ensure_everywhere(session: Session, appeal: Appeal) -> int:
    """Make the slots of an appeal under every article of its language that has none; how many. The caller commits."""
    session.flush()
    with_it = aliased(Showing)
    has_it = select(with_it.id).where(
        with_it.article_id == Showing.article_id, with_it.appeal_id == appeal.id
    )
    missing = select(Showing.article_id).where(
        Showing.appeal_id.is_(None), Showing.language == appeal.language, ~has_it.exists()
    )
    return _add_all(session, session.scalars(missing).all(), appeal)


def _add_all(session: Session, article_ids: Iterable[int], appeal: Appeal) -> int:
    count = 0
    for article_id in article_ids:
        _add(session, article_id, language=appeal.language, appeal_id=appeal.id)
        count += 1
    return count


def _add(session: Session, article_id: int, *, language: str, appeal_id: int | None) -> None:
    session.add(
        Showing(public_id=new_public_id(), article_id=article_id, appeal_id=appeal_id, language=language)
    )
