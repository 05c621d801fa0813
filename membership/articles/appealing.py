"""What appeals are told of an article: the facts that decide which of them stands under it."""

from sqlalchemy.orm import Session

from membership.appeals import placing
from membership.appeals.choosing import ArticleFacts
from membership.articles.models import Article


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
