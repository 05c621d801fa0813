"""Paths that articles had at the site they were imported from: they lead to the articles here. Callers commit."""

from urllib.parse import unquote, urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.articles.models import Article, OldAddress
from membership.db import add_unless_there

LONGEST = 500


def path_of(address: str) -> str:
    """The path of an address as old addresses are stored: decoded, in small letters, without a slash at its end.

    "" for what cannot lead anywhere: no path, one too long, or one that only a query tells apart ("/?p=12").
    """
    try:
        path = unquote(urlsplit(address.strip()).path)
    except ValueError:
        return ""
    path = path.casefold().rstrip("/")
    if not path.startswith("/") or len(path) > LONGEST or any(not c.isprintable() for c in path):
        return ""
    return path


def keep(session: Session, article_id: int, address: str) -> bool:
    """Let a former address lead to an article; False if it leads to another one already, or can lead nowhere."""
    path = path_of(address)
    if not path:
        return False
    add_unless_there(session, OldAddress, path=path, article_id=article_id)
    owner = session.scalar(select(OldAddress.article_id).filter_by(path=path))
    return owner == article_id


def find(session: Session, path: str) -> Article | None:
    """The article that had this path elsewhere."""
    known = path_of(path)
    if not known:
        return None
    led_to = select(Article).join(OldAddress, OldAddress.article_id == Article.id)
    return session.scalars(led_to.where(OldAddress.path == known)).one_or_none()
