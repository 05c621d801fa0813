"""Articles as Markdown files with front matter, as `membership import articles markdown` reads them, and pictures."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.articles import queries
from membership.articles.models import Article, ArticleState, Media

ARTICLES = "articles"
PICTURES = "media"


def count(session: Session) -> int:
    """How many articles there are."""
    return session.scalar(select(func.count()).select_from(Article)) or 0


def write(session: Session, folder: Path) -> Iterator[Path]:
    """Write every article; those that are published below articles/<language>, others below articles/<state>."""
    ids = session.scalars(select(Article.id).order_by(Article.id)).all()
    for article_id in ids:
        article = session.get_one(Article, article_id)
        is_out = article.state is ArticleState.PUBLISHED
        place = folder / ARTICLES / (article.language if is_out else article.state.value)
        place.mkdir(parents=True, exist_ok=True)
        name = article.slug if is_out else f"{article.language}-{article.slug}"
        file = place / f"{name}.md"
        file.write_text(_text(session, article), encoding="utf-8", newline="\n")
        session.expunge_all()
        yield file


def _text(session: Session, article: Article) -> str:
    front = "".join(f"{key}: {_line(value)}\n" for key, value in _front(session, article) if value)
    return f"---\n{front}---\n\n{article.body.strip()}\n"


def _front(session: Session, article: Article) -> Iterator[tuple[str, str]]:
    bylines = queries.bylines(session, [article.id]).get(article.id, [])
    others = [other.slug for other in queries.translations(session, article) if other.id != article.id]
    yield "headline", article.headline
    yield "standfirst", article.standfirst
    yield "language", article.language
    yield "slug", article.slug
    yield "section", article.section
    yield "authors", ", ".join(byline.name for byline in bylines)
    yield "tags", ", ".join(str(tag) for tag in article.tags.get("tags", []))
    yield "series", article.series
    yield "published", article.published_at.isoformat() if article.published_at else ""
    yield "updated", article.updated_at.isoformat() if article.published_at else ""
    yield "translation_of", others[0] if others else ""
    yield "picture", article.picture
    yield "picture_alt", article.picture_alt
    yield "picture_caption", article.picture_caption
    yield "picture_credit", article.picture_credit
    yield "sensitive", "true" if article.is_sensitive else ""
    yield "sponsored", "true" if article.is_sponsored else ""
    yield "format", "html" if article.body_format == "html" else ""
    for correction in queries.corrections(session, article.id):
        yield "correction", f"{correction.corrected_at:%Y-%m-%d} | {correction.text}"


def _line(text: str) -> str:
    """A value of front matter stands on one line."""
    return " ".join(text.split())


def copy_pictures(session: Session, media: Path, folder: Path) -> int:
    """Copy the pictures that articles may show, in their own size; how many."""
    copied = 0
    for name in session.scalars(select(Media.name).order_by(Media.id)).all():
        picture = media / name
        if picture.is_file():
            target = folder / PICTURES / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(picture, target)
            copied += 1
    return copied
