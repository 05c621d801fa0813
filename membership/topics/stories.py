"""Which topics became which stories, and which articles a topic may be linked to."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.articles.models import Article, ArticleState
from membership.topics.models import Topic, TopicState


def answered_topics(session: Session, limit: int = 50) -> list[tuple[Topic, Article]]:
    """Topics whose story is out, with it, the newest first."""
    rows = session.execute(
        select(Topic, Article)
        .join(Article, Article.id == Topic.article_id)
        .where(Topic.state == TopicState.ANSWERED, Article.state == ArticleState.PUBLISHED)
        .order_by(Topic.answered_at.desc(), Topic.id.desc())
        .limit(limit)
    )
    return [(topic, article) for topic, article in rows]


def story_of(session: Session, topic: Topic, language: str = "") -> Article | None:
    """The published story a topic led to, in a language if there is such a version."""
    if topic.article_id is None:
        return None
    versions = [a for a in versions_of(session, topic.article_id) if a.state is ArticleState.PUBLISHED]
    in_language = [article for article in versions if article.language == language]
    linked = [article for article in versions if article.id == topic.article_id]
    return next(iter(in_language + linked + versions), None)


def versions_of(session: Session, article_id: int) -> list[Article]:
    """An article and its translations."""
    article = session.get_one(Article, article_id)
    if not article.translation_key:
        return [article]
    return list(session.scalars(select(Article).filter_by(translation_key=article.translation_key)))


def topics_answered_by(session: Session, article_ids: list[int]) -> list[Topic]:
    """The topics that led to any of these articles."""
    return list(session.scalars(select(Topic).where(Topic.article_id.in_(article_ids))))


def published_article(session: Session, slug: str, language: str = "") -> Article | None:
    """A published article by its slug; of several languages the one asked for, else any."""
    found = list(
        session.scalars(
            select(Article).filter_by(slug=slug, state=ArticleState.PUBLISHED).order_by(Article.id)
        )
    )
    return next((article for article in found if article.language == language), next(iter(found), None))


def newest_articles(session: Session, limit: int = 40) -> list[Article]:
    """The articles published last, for staff to choose from."""
    return list(
        session.scalars(
            select(Article)
            .filter_by(state=ArticleState.PUBLISHED)
            .order_by(Article.published_at.desc(), Article.id.desc())
            .limit(limit)
        )
    )
