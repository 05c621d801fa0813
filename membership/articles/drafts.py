"""What an editor decides about an article, and how that is written into it."""

from dataclasses import dataclass, field, fields

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from membership.articles import queries, slugs
from membership.articles.models import Article, ArticleState, Byline, Media, SlugRedirect


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Everything an editor decides about an article but its state. `slug` empty: made from the headline."""

    headline: str
    body: str
    language: str
    standfirst: str = ""
    slug: str = ""
    section: str = ""
    authors: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    body_format: str = "markdown"
    is_sensitive: bool = False
    is_sponsored: bool = False
    picture: str = ""
    picture_alt: str = ""
    picture_caption: str = ""
    picture_credit: str = ""
    translation_key: str = ""
    series: str | None = None  # None: as it is


def take(session: Session, article: Article, draft: Draft) -> None:
    """Write what a draft says into an article; its address is left alone. The caller commits."""
    for name in (
        *("headline", "standfirst", "body", "body_format", "section", "is_sensitive", "is_sponsored"),
        *("picture", "picture_alt", "picture_caption", "picture_credit", "translation_key"),
    ):
        setattr(article, name, getattr(draft, name))
    article.tags = {"tags": draft.tags}
    if draft.series is not None:
        article.series = draft.series.strip()[:120]
        article.series_slug = slugs.slugify(article.series)
    _sign(session, article, draft.authors)
    if draft.picture:
        _describe(session, draft)


def _describe(session: Session, draft: Draft) -> None:
    """What is said of a picture the first time is offered wherever it is used again."""
    told = {"alt": draft.picture_alt, "caption": draft.picture_caption, "credit": draft.picture_credit}
    undescribed = update(Media).filter_by(name=draft.picture, alt="", caption="", credit="")
    session.execute(undescribed.values(told))


def _sign(session: Session, article: Article, names: list[str]) -> None:
    session.execute(delete(Byline).where(Byline.article_id == article.id))
    for position, name in enumerate(dict.fromkeys(name.strip() for name in names if name.strip())):
        slug = slugs.slugify(name) or "author"
        session.add(Byline(article_id=article.id, position=position, name=name[:120], slug=slug))
    session.flush()


def move(session: Session, article: Article, draft: Draft) -> None:
    """Give an article its new address, and keep the way from the old one if readers may know it. The caller commits."""
    slug = draft.slug or article.slug
    if (slug, draft.language) == (article.slug, article.language):
        return
    if article.state in {ArticleState.PUBLISHED, ArticleState.WITHDRAWN}:
        session.add(SlugRedirect(language=article.language, slug=article.slug, article_id=article.id))
    wanted = free_slug(session, draft, fallback=article.slug, but=article.id)
    article.slug, article.language = wanted, draft.language
    session.execute(
        delete(SlugRedirect).filter_by(language=draft.language, slug=wanted, article_id=article.id)
    )


def free_slug(session: Session, draft: Draft, *, fallback: str = "article", but: int | None = None) -> str:
    """The address that a draft asks for, or the next that no other article has or had (`but` leaves out its own id)."""

    def is_taken(slug: str) -> bool:
        return queries.is_slug_taken(session, slug, draft.language, but=but)

    return slugs.free(draft.slug or draft.headline, is_taken=is_taken, fallback=fallback)


def of(session: Session, article: Article) -> Draft:
    """What an article says now, as a draft that would change nothing."""
    written = queries.bylines(session, [article.id]).get(article.id, [])
    names = {one.name for one in fields(Draft)} - {"authors", "tags"}
    return Draft(
        authors=[byline.name for byline in written],
        tags=article.tags.get("tags", []),
        **{name: getattr(article, name) for name in names},
    )
