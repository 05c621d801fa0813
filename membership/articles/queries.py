"""Reading articles: by address, for lists, with what stands around them."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from membership.articles.models import (
    Article,
    ArticleState,
    Byline,
    Correction,
    Media,
    SlugRedirect,
)
from membership.web import picture_sizes
from membership.web.picture_sizes import Smaller

PUBLISHED = Article.state == ArticleState.PUBLISHED


def by_slug(session: Session, slug: str, language: str | None = None) -> Article | None:
    """The article at an address, in any state; without a language, the published one first, then the oldest."""
    found = select(Article).filter_by(slug=slug)
    if language is not None:
        return session.scalars(found.filter_by(language=language)).one_or_none()
    return session.scalars(found.order_by((~PUBLISHED), Article.id).limit(1)).one_or_none()


def by_former_slug(session: Session, slug: str, language: str) -> Article | None:
    """The article that had this address before."""
    moved = select(Article).join(SlugRedirect, SlugRedirect.article_id == Article.id)
    return session.scalars(
        moved.where(SlugRedirect.slug == slug, SlugRedirect.language == language)
    ).one_or_none()


def is_slug_taken(session: Session, slug: str, language: str, *, but: int | None = None) -> bool:
    """Whether another article (`but` leaves out its own id) has or had this address."""
    here = select(Article.id).where(
        Article.slug == slug, Article.language == language, Article.id != (but or 0)
    )
    before = select(SlugRedirect.id).where(
        SlugRedirect.slug == slug, SlugRedirect.language == language, SlugRedirect.article_id != (but or 0)
    )
    return session.scalar(select(here.exists() | before.exists())) or False


def latest(session: Session, language: str, *, limit: int, section: str | None = None) -> Sequence[Article]:
    """The newest published articles of a language, of one section if it is named."""
    found = _newest(language)
    if section is not None:
        found = found.where(Article.section == section)
    return session.scalars(found.limit(limit)).all()


def by_author(session: Session, slug: str, language: str, *, limit: int) -> Sequence[Article]:
    """The newest published articles of an author."""
    written = select(Byline.article_id).where(Byline.slug == slug)
    return session.scalars(_newest(language).where(Article.id.in_(written)).limit(limit)).all()


def by_section(
    session: Session, language: str, *, each: int, but: Collection[int]
) -> dict[str, list[Article]]:
    """The newest articles of every section, at most `each`, without those in `but`; one query."""
    place = func.row_number().over(
        partition_by=Article.section, order_by=(Article.published_at.desc(), Article.id.desc())
    )
    numbered = (
        select(Article.id, place.label("place"))
        .where(PUBLISHED, Article.language == language, Article.id.not_in(but))
        .subquery()
    )
    found = (
        select(Article)
        .join(numbered, numbered.c.id == Article.id)
        .where(numbered.c.place <= each)
        .order_by(Article.section, numbered.c.place)
    )
    sections: dict[str, list[Article]] = {}
    for article in session.scalars(found):
        sections.setdefault(article.section, []).append(article)
    return sections


def _newest(language: str) -> Select[Article]:
    return (
        select(Article)
        .where(PUBLISHED, Article.language == language)
        .order_by(Article.published_at.desc(), Article.id.desc())
    )


def bylines(session: Session, article_ids: Iterable[int]) -> dict[int, list[Byline]]:
    """Who wrote each of these articles, in order; one query."""
    found: dict[int, list[Byline]] = {}
    written = select(Byline).where(Byline.article_id.in_(article_ids)).order_by(Byline.position)
    for byline in session.scalars(written):
        found.setdefault(byline.article_id, []).append(byline)
    return found


def author_name(session: Session, slug: str, language: str) -> str | None:
    """The name an author signs with in a language; None if nothing of theirs is published in any."""
    signed = (
        select(Byline.name)
        .join(Article, Article.id == Byline.article_id)
        .where(Byline.slug == slug, PUBLISHED)
        .order_by(Article.language != language, Article.published_at.desc())
    )
    return session.scalar(signed.limit(1))


def authors(session: Session) -> list[str]:
    """Every name that has signed an article, for the editor to choose from."""
    return list(session.scalars(select(Byline.name).distinct().order_by(Byline.name)))


def author_pages(session: Session) -> list[tuple[str, str]]:
    """Language and slug of every author with a published article."""
    signed = (
        select(Article.language, Byline.slug).join(Byline, Byline.article_id == Article.id).where(PUBLISHED)
    )
    return [(language, slug) for language, slug in session.execute(signed.distinct())]


def corrections(session: Session, article_id: int) -> Sequence[Correction]:
    """What was put right in an article, the newest first."""
    return session.scalars(
        select(Correction)
        .filter_by(article_id=article_id)
        .order_by(Correction.corrected_at.desc(), Correction.id.desc())
    ).all()


def translations(session: Session, article: Article) -> Sequence[Article]:
    """The same article in other languages, published ones only."""
    if not article.translation_key:
        return []
    same = select(Article).where(
        PUBLISHED, Article.translation_key == article.translation_key, Article.id != article.id
    )
    return session.scalars(same.order_by(Article.language)).all()


def of_translation_key(session: Session, key: str) -> Sequence[Article]:
    """Every article, in any state, that shares a translation key."""
    if not key:
        return []
    return session.scalars(select(Article).filter_by(translation_key=key).order_by(Article.id)).all()


def pictures(session: Session, *, limit: int, words: str = "") -> Sequence[Media]:
    """The pictures kept last; of those whose name, words or credit have `words` in them, if given."""
    found = select(Media)
    if words:
        told = (Media.name, Media.alt, Media.caption, Media.credit)
        found = found.where(or_(*(column.icontains(words, autoescape=True) for column in told)))
    return session.scalars(found.order_by(Media.id.desc()).limit(limit)).all()


def media(session: Session, name: str) -> Media | None:
    """The picture of a name."""
    return session.scalars(select(Media).filter_by(name=name)).one_or_none()


def untranslated(session: Session, article: Article | None, language: str) -> Sequence[Article]:
    """Articles in other languages that one in `language` may be the translation of."""
    other = aliased(Article)
    has_one = select(other.id).where(
        other.translation_key == Article.translation_key,
        other.translation_key != "",
        other.language == language,
        other.id != (article.id if article else 0),
    )
    found = select(Article).where(Article.language != language, ~has_one.exists())
    return session.scalars(found.order_by(Article.created_at.desc()).limit(200)).all()


def sizes(session: Session, names: Collection[str]) -> dict[str, tuple[int, int]]:
    """Width and height of pictures, by name."""
    if not names:
        return {}
    found = select(Media.name, Media.width, Media.height).where(Media.name.in_(names))
    return {name: (width, height) for name, width, height in session.execute(found)}


def smaller(session: Session, names: Collection[str]) -> dict[str, Smaller]:
    """The smaller sizes of pictures that have them, by name."""
    if not names:
        return {}
    found = select(Media.name, Media.width, Media.height, Media.smaller).where(Media.name.in_(names))
    read = {row[0]: picture_sizes.read(*row) for row in session.execute(found)}
    return {name: sizes for name, sizes in read.items() if sizes is not None}


def for_sitemap(session: Session) -> list[tuple[str, str, datetime]]:
    """Language, slug and last change of every published article, the newest first."""
    found = select(Article.language, Article.slug, Article.updated_at).where(PUBLISHED)
    return [
        (language, slug, updated)
        for language, slug, updated in session.execute(found.order_by(Article.published_at.desc()))
    ]


def news_since(session: Session, at: datetime, *, limit: int) -> Sequence[Article]:
    """Articles of every language that came out after an instant, the newest first, without what is paid for."""
    found = select(Article).where(PUBLISHED, Article.published_at > at, Article.is_sponsored.is_(False))
    return session.scalars(found.order_by(Article.published_at.desc(), Article.id.desc()).limit(limit)).all()


def by_ids(session: Session, ids: Collection[int]) -> dict[int, Article]:
    """Articles by their ids; one query, none where there are no ids."""
    if not ids:
        return {}
    return {one.id: one for one in session.scalars(select(Article).where(Article.id.in_(ids)))}


def for_staff(
    session: Session, *, state: ArticleState | None, language: str, words: str, page: int, size: int
) -> tuple[list[Article], int]:
    """A page of all articles for editors, the last touched first, and how many there are."""
    found = select(Article)
    if state is not None:
        found = found.where(Article.state == state)
    if language:
        found = found.where(Article.language == language)
    if words:
        found = found.where(Article.headline.icontains(words, autoescape=True))
    count = session.scalar(select(func.count()).select_from(found.subquery())) or 0
    newest = found.order_by(Article.updated_at.desc(), Article.id.desc())
    return list(session.scalars(newest.offset((page - 1) * size).limit(size))), count


def counts(session: Session) -> dict[ArticleState, int]:
    """How many articles are in each state."""
    counted = session.execute(select(Article.state, func.count()).group_by(Article.state))
    return {state: count for state, count in counted}  # noqa: C416 - rows, not pairs
