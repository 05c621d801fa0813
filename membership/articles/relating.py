"""What belongs to an article: the parts of its series, and what to read after it.

What to read next follows from the articles alone, so it is the same for everybody: of the newest stories those that
share most tags, then those of the same section, then the newest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.articles.models import Article
from membership.articles.queries import PUBLISHED

MOST_COMPARED = 300
"""Among so many of the newest stories the related ones are looked for, so that no archive makes a page slower."""
MOST_NEIGHBORS = 60
A_TAG, THE_SECTION = 2, 1
"""What a shared tag and a shared section count for."""


@dataclass(frozen=True)
class Part:
    """An article as a part of its series."""

    id: int
    slug: str
    headline: str
    series: str


def parts(session: Session, series_slug: str, language: str) -> list[Part]:
    """The published parts of a series in a language, in the order they came out."""
    if not series_slug:
        return []
    found = (
        select(Article.id, Article.slug, Article.headline, Article.series)
        .where(PUBLISHED, Article.series_slug == series_slug, Article.language == language)
        .order_by(Article.published_at, Article.id)
    )
    return [Part(*row) for row in session.execute(found)]


def articles_of(session: Session, series_slug: str, language: str) -> Sequence[Article]:
    """The same, as whole articles."""
    found = select(Article).where(PUBLISHED, Article.series_slug == series_slug, Article.language == language)
    return session.scalars(found.order_by(Article.published_at, Article.id)).all()


def series_elsewhere(session: Session, articles: Sequence[Article]) -> list[tuple[str, str]]:
    """Language and slug of the series that translations of these articles are parts of."""
    keys = {one.translation_key for one in articles if one.translation_key}
    found = select(Article.language, Article.series_slug).where(
        PUBLISHED,
        Article.translation_key.in_(keys),
        Article.language != articles[0].language,
        Article.series_slug != "",
    )
    return [(language, slug) for language, slug in session.execute(found.distinct())]


def series_pages(session: Session) -> list[tuple[str, str]]:
    """Language and slug of every series with a published part."""
    found = select(Article.language, Article.series_slug).where(PUBLISHED, Article.series_slug != "")
    return [(language, slug) for language, slug in session.execute(found.distinct())]


def read_more(session: Session, article: Article, *, limit: int = 4) -> list[Article]:
    """What to read after an article (see the module); without the other parts of its series, which it links to."""
    closest = sorted(
        (one for one in _newest(session, article) if not _is_same_series(article, one)),
        key=lambda one: _closeness(article, one),
        reverse=True,  # equally close ones stay as they come, the newest first
    )[:limit]
    wanted = [one.id for one in closest]
    found = {one.id: one for one in session.scalars(select(Article).where(Article.id.in_(wanted)))}
    return [found[one] for one in wanted if one in found]


def neighbors(session: Session, article: Article) -> list[str]:
    """The slugs of stories that share a tag or the section with an article and may name it, the closest first.

    None for one that is older than the newest MOST_COMPARED, which nobody's list would name.
    """
    newest = _newest(session, article)
    oldest = newest[-1].published_at if len(newest) == MOST_COMPARED else None
    if oldest is not None and article.published_at is not None and article.published_at < oldest:
        return []
    close = [one for one in newest if _closeness(article, one)]
    close.sort(key=lambda one: _closeness(article, one), reverse=True)
    return [one.slug for one in close[:MOST_NEIGHBORS]]


@dataclass(frozen=True)
class _Compared:
    id: int
    slug: str
    section: str
    series_slug: str
    tags: dict[str, Any]
    published_at: datetime | None


def _newest(session: Session, article: Article) -> list[_Compared]:
    found = (
        select(
            *(Article.id, Article.slug, Article.section, Article.series_slug),
            *(Article.tags, Article.published_at),
        )
        .where(PUBLISHED, Article.language == article.language, Article.id != article.id)
        .order_by(Article.published_at.desc(), Article.id.desc())
        .limit(MOST_COMPARED)
    )
    return [_Compared(*row) for row in session.execute(found)]


def _is_same_series(article: Article, other: _Compared) -> bool:
    return bool(article.series_slug) and article.series_slug == other.series_slug


def _closeness(article: Article, other: _Compared) -> int:
    shared = _tags(article.tags) & _tags(other.tags)
    same_section = bool(article.section) and article.section == other.section
    return A_TAG * len(shared) + THE_SECTION * same_section


def _tags(told: dict[str, Any]) -> set[str]:
    return {str(tag).casefold() for tag in told.get("tags", [])}
