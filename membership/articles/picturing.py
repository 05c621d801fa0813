"""Pictures of articles: taken once, known again by their fingerprint; their other sizes are made by the worker.

The worker's part commits picture by picture.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from membership import clock, jobs
from membership.articles import addresses, queries
from membership.articles.models import Article, Media
from membership.articles.slugs import slugify
from membership.db import run_unit
from membership.newsroom import page_changes, settings_rows
from membership.web import media, picture_sizes
from membership.web.media import PictureError

log = structlog.get_logger(__name__)


def take(session: Session, folder: Path, sent: bytes, *, called: str, is_dry: bool = False) -> Media:
    """Keep a picture that was sent, or give the one that was kept when the same file came before. The caller commits.

    Raises:
        PictureError: it is none that can be taken.
    """
    fingerprint = media.digest(sent)
    known = session.scalars(select(Media).filter_by(hash=fingerprint).limit(1)).one_or_none()
    if known is not None:
        return known
    drawn = media.draw(sent)
    name = media.name_for(slugify(Path(called).stem), sent)
    row = Media(
        name=name,
        content_type=drawn.content_type,
        width=drawn.width,
        height=drawn.height,
        size=len(drawn.data),
        hash=fingerprint,
        created_at=clock.now(),
    )
    session.add(row)
    session.flush()
    if not is_dry:
        media.keep(folder, name, drawn.data)
        jobs.wake(session, "pictures")
    return row


def make_sizes(session: Session, folder: Path, *, until: Callable[[], bool] = lambda: False) -> int:
    """Make the other sizes of the pictures that have none yet, the newest first; how many were made.

    Ends early, between two pictures, once `until` is true: each takes a second or more. Commits after each, and says
    which pages show it. No transaction is open while a picture is drawn. A picture that cannot be read is not tried
    again.
    """
    newest = select(Media.name).where(Media.sizes_made_at.is_(None)).order_by(Media.id.desc()).limit(1)
    made = 0
    while not until() and (name := session.scalar(newest)) is not None:
        session.rollback()
        try:
            told = picture_sizes.make(folder, name)
        except PictureError:
            log.warning("picture_sizes_not_made", picture=name)
            told = {}
        run_unit(session, partial(_note_sizes, session, name, told))
        made += 1
    return made


def _note_sizes(session: Session, name: str, told: dict[str, Any]) -> None:
    row = session.scalars(select(Media).filter_by(name=name)).one()
    row.smaller, row.sizes_made_at = told, clock.now()
    newsroom = settings_rows.current(session)
    shown = select(Article).where(
        queries.PUBLISHED, or_(Article.picture == name, Article.body.contains(name, autoescape=True))
    )
    pages = [page for one in session.scalars(shown) for page in addresses.showing(session, one, newsroom)]
    if told and pages:
        page_changes.record(session, *dict.fromkeys(pages))
