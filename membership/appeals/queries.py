"""Reading appeals, for staff."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.appeals.models import Appeal, Campaign


def by_public_id(session: Session, public_id: str) -> Appeal | None:
    """An appeal by its public id."""
    return session.scalars(select(Appeal).filter_by(public_id=public_id[:32])).one_or_none()


def by_rank(session: Session) -> Sequence[Appeal]:
    """Every appeal: by language, those that are on first, the highest priority first, as they are chosen."""
    order = (Appeal.language, Appeal.is_on.desc(), Appeal.priority.desc(), Appeal.id)
    return session.scalars(select(Appeal).order_by(*order)).all()


def campaign_by_slug(session: Session, slug: str) -> Campaign | None:
    """A campaign by its slug."""
    return session.scalars(select(Campaign).filter_by(slug=slug[:64])).one_or_none()


def campaigns(session: Session) -> Sequence[Campaign]:
    """Every campaign, the one that ends last first."""
    return session.scalars(select(Campaign).order_by(Campaign.ends_at.desc(), Campaign.id.desc())).all()


def running_campaign(session: Session, language: str, at: datetime) -> Campaign | None:
    """The campaign that runs at an instant and has words in a language; of several, the one that ends first."""
    running = select(Campaign).where(Campaign.starts_at <= at, at < Campaign.ends_at)
    found = session.scalars(running.order_by(Campaign.ends_at, Campaign.id)).all()
    return next((campaign for campaign in found if language in campaign.words), None)
