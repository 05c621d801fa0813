"""Links that show an unpublished article to somebody without account: secret, ending, taken back at will.

Only a hash of the token is stored. Callers commit.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.articles.editing_models import PreviewLink
from membership.articles.models import Article
from membership.articles.publishing import By
from membership.newsroom import audit

PURPOSE = "preview"
DAYS = (1, 3, 7, 30)
"""How long a link may live."""


def make(session: Session, article: Article, *, by: By, days: int, note: str = "") -> str:
    """A new link's token, told this once; it shows the article as saved for so many days."""
    if by.account_id is None or days not in DAYS:
        raise ValueError("a preview link is made by somebody, for one of DAYS")
    token, now = secrets.new_token(), clock.now()
    session.add(
        PreviewLink(
            article_id=article.id,
            account_id=by.account_id,
            token_hash=secrets.hash_token(token, PURPOSE),
            made_at=now,
            ends_at=now + timedelta(days=days),
            note=note[:120],
        )
    )
    _audit(session, article.id, "article.preview_link_made", by, days=str(days))
    return token


def find(session: Session, token: str) -> Article | None:
    """The article that a link shows; None if it never was one, has ended or was taken back."""
    live = (
        select(Article)
        .join(PreviewLink, PreviewLink.article_id == Article.id)
        .where(
            PreviewLink.token_hash == secrets.hash_token(token, PURPOSE), PreviewLink.ends_at > clock.now()
        )
    )
    return session.scalars(live).one_or_none()


def of_article(session: Session, article_id: int) -> Sequence[PreviewLink]:
    """The links that still show an article, the newest first."""
    live = select(PreviewLink).where(PreviewLink.article_id == article_id, PreviewLink.ends_at > clock.now())
    return session.scalars(live.order_by(PreviewLink.id.desc())).all()


def take_back(session: Session, article: Article, link_id: int, *, by: By) -> bool:
    """End a link at once; False if the article has none of that number."""
    gone = session.execute(
        delete(PreviewLink).filter_by(id=link_id, article_id=article.id).returning(PreviewLink.id)
    ).scalar_one_or_none()
    if gone is not None:
        _audit(session, article.id, "article.preview_link_taken_back", by)
    return gone is not None


def _audit(session: Session, article_id: int, action: str, by: By, **details: str) -> None:
    audit.write(
        session,
        action=action,
        subject=f"article:{article_id}",
        actor_id=by.account_id,
        actor=by.name,
        details=dict(details),
    )
