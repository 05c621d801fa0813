"""Pictures of articles: taken once, known again by their fingerprint."""

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock
from membership.articles.models import Media
from membership.articles.slugs import slugify
from membership.web import media


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
    return row
