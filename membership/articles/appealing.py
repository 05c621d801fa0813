"""What appeals are told of an article: the facts that decide which of them stands under it, its names elsewhere."""

from collections.abc import Iterator
from urllib.parse import unquote

from sqlalchemy.orm import Session

from membership.appeals import placing
from membership.appeals.choosing import ArticleFacts
from membership.articles import old_addresses, queries
from membership.articles.models import Article
from membership.articles.slugs import slugify


def facts(article: Article) -> ArticleFacts:
    """What decides which appeal stands under an article."""
    return ArticleFacts(
        id=article.id,
        language=article.language,
        section=article.section,
        tags=tuple(article.tags.get("tags", ())),
        is_sensitive=article.is_sensitive,
        is_sponsored=article.is_sponsored,
    )


def tell(session: Session, article: Article) -> None:
    """Let appeals know a published article as it is now; makes the slots of its links. The caller commits."""
    placing.keep(
        session,
        facts(article),
        slug=article.slug,
        headline=article.headline,
        published_at=article.published_at or article.created_at,
    )


@placing.finder
def called(session: Session, address: str, language: str) -> Iterator[int]:
    """The ids of the articles that another site may mean by an address or a slug of its own, the likeliest first.

    The address that was imported with an article comes first: it is right also where the article's slug here is
    another. Then the slug that the import would make of the last part, in the language asked for before others.
    """
    old = old_addresses.find(session, f"/{address}")
    slug = slugify(unquote(address.rstrip("/").rpartition("/")[2]))
    found = [old]
    if slug:
        found += [
            queries.by_slug(session, slug, language),
            queries.by_former_slug(session, slug, language),
            queries.by_slug(session, slug),
        ]
    yield from (article.id for article in found if article is not None)
