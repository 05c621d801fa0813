"""What appeals know of the articles that are out: written by articles, read to see where an appeal stands."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from membership.appeals import attribution
from membership.appeals.choosing import ArticleFacts
from membership.appeals.models import Placement
from membership.web import languages

NEWEST = 100
Finder = Callable[[Session, str, str], Iterable[int]]
_finders: list[Finder] = []


def keep(session: Session, facts: ArticleFacts, *, slug: str, headline: str, published_at: datetime) -> None:
    """Know a published article as it is now, and make the slots that its links may carry. The caller commits."""
    session.merge(
        Placement(
            article_id=facts.id,
            language=facts.language,
            slug=slug,
            headline=headline,
            published_at=published_at,
            section=facts.section,
            tags={"tags": list(facts.tags)},
            is_sensitive=facts.is_sensitive,
            is_sponsored=facts.is_sponsored,
        )
    )
    session.flush()
    attribution.ensure(session, facts)


def forget(session: Session, article_id: int) -> None:
    """Know an article no longer, which was withdrawn; its slots stay, for gifts that came by them. Callers commit."""
    session.execute(delete(Placement).filter_by(article_id=article_id))


def of_language(session: Session, language: str) -> Sequence[Placement]:
    """The published articles of a language, the newest first."""
    found = select(Placement).filter_by(language=language)
    return session.scalars(found.order_by(Placement.published_at.desc(), Placement.article_id)).all()


def newest(session: Session, language: str) -> Sequence[Placement]:
    """The newest published articles of a language, a hundred at most."""
    found = select(Placement).filter_by(language=language)
    return session.scalars(
        found.order_by(Placement.published_at.desc(), Placement.article_id).limit(NEWEST)
    ).all()


def tags(session: Session) -> list[str]:
    """Every tag that a published article bears, in alphabetical order."""
    borne = {tag for told in session.scalars(select(Placement.tags)) for tag in told.get("tags", ())}
    return sorted(borne, key=str.casefold)


def by_slug(session: Session, slug: str, language: str) -> Placement | None:
    """The published article at an address in a language."""
    return session.scalars(select(Placement).filter_by(slug=slug[:160], language=language)).one_or_none()


def finder(find: Finder) -> Finder:
    """Register what knows articles by what another site calls them.

    From an address or slug there (no slash before it) and the language asked for, `find` gives the ids of articles,
    the likeliest first.
    """
    _finders.append(find)
    return find


def elsewhere(session: Session, address: str, language: str) -> Placement | None:
    """The published article that another site has at an address, or under a slug; None if it is not here."""
    for find in _finders:
        for article_id in find(session, address, language):
            placement = session.get(Placement, article_id)
            if placement is not None:
                return placement
    return None


def facts_of(placement: Placement) -> ArticleFacts:
    """What rules ask of an article."""
    return ArticleFacts(
        id=placement.article_id,
        language=placement.language,
        section=placement.section,
        tags=tuple(placement.tags.get("tags", ())),
        is_sensitive=placement.is_sensitive,
        is_sponsored=placement.is_sponsored,
    )


def page_of(placement: Placement) -> str:
    """The path of the page that shows an article."""
    return languages.localized_path(f"/articles/{placement.slug}", placement.language)


def embedded_page_of(placement: Placement) -> str:
    """The path of the page that shows an article's appeal in a frame on another site."""
    return languages.localized_path(f"/embed/appeal/{placement.slug}", placement.language)


def embedded_page(language: str) -> str:
    """The path of the page that shows the appeal under articles that are not here, in a frame on another site."""
    return languages.localized_path("/embed/appeal", language)
