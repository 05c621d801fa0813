"""Earlier versions of an article: who saved which when, what differs between two, and going back to one.

Restoring adds a revision with the old words; nothing is ever taken out of the list. Callers commit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.articles import comparing, drafts, publishing
from membership.articles.comparing import Comparison
from membership.articles.errors import EditConflictError
from membership.articles.models import Article, Revision
from membership.articles.publishing import By

WORDS = ("headline", "standfirst", "body")


@dataclass(frozen=True)
class Save:
    """A revision as lists show it; `name` is "" where a command or an import saved it."""

    id: int
    saved_at: datetime
    name: str


@dataclass(frozen=True)
class Conflict:
    """Somebody saved while an editor was writing: what they changed, and how their text differs from the editor's."""

    latest: Revision
    name: str  # "" for a command
    theirs: dict[str, Comparison]  # what they changed since the editor began
    between: dict[str, Comparison]  # from their version to the editor's


def saves(session: Session, article_id: int, *, limit: int, offset: int = 0) -> list[Save]:
    """Who saved an article when, the newest first."""
    found = (
        select(Revision.id, Revision.saved_at, Account)
        .outerjoin(Account, Account.id == Revision.account_id)
        .where(Revision.article_id == article_id)
        .order_by(Revision.id.desc())
    )
    return [
        Save(revision_id, saved_at, account.display_name if account else "")
        for revision_id, saved_at, account in session.execute(found.limit(limit).offset(offset))
    ]


def names_of(session: Session, revisions: Sequence[Revision]) -> dict[int, str]:
    """Who saved each of these revisions, by its id; "" for a command."""
    found = {
        account.id: account.display_name
        for account in session.scalars(
            select(Account).where(Account.id.in_({one.account_id for one in revisions}))
        )
    }
    return {one.id: found.get(one.account_id or 0, "") for one in revisions}


def find(session: Session, article_id: int, revision_id: int) -> Revision | None:
    """A revision of this article."""
    return session.scalars(select(Revision).filter_by(id=revision_id, article_id=article_id)).one_or_none()


def before(session: Session, revision: Revision) -> Revision | None:
    """The revision that came before this one."""
    earlier = select(Revision).where(Revision.article_id == revision.article_id, Revision.id < revision.id)
    return session.scalars(earlier.order_by(Revision.id.desc()).limit(1)).one_or_none()


def compare(older: Mapping[str, str], newer: Mapping[str, str]) -> dict[str, Comparison]:
    """What differs between two versions, field by field; fields that are the same are left out."""
    found = {name: comparing.compare(older[name], newer[name]) for name in WORDS}
    return {name: one for name, one in found.items() if one.is_changed}


def words_of(version: Revision | Article) -> dict[str, str]:
    """The words of a version, by field."""
    return {name: str(getattr(version, name)) for name in WORDS}


def typed(form: Mapping[str, Any]) -> dict[str, str]:
    """The words that stand in an editor's form, as a save would write them."""
    return {
        "headline": " ".join(str(form.get("headline") or "").split()),
        "standfirst": " ".join(str(form.get("standfirst") or "").split()),
        "body": str(form.get("body") or "").replace("\r\n", "\n"),
    }


def restore(session: Session, article: Article, revision: Revision, *, by: By, seen: int | None) -> None:
    """Let an article say again what a revision said; everything but its words stays as it is.

    Raises:
        EditConflictError: there is a later revision than `seen`.
        IncompleteArticleError: a published article would lose its headline or body.
    """
    draft = replace(
        drafts.of(session, article),
        headline=revision.headline,
        standfirst=revision.standfirst,
        body=revision.body,
    )
    publishing.change(session, article, draft, by=by, seen=seen)


def conflict_of(
    session: Session, article: Article, form: Mapping[str, Any], error: EditConflictError
) -> Conflict:
    """What an editor who was overtaken has to know to decide."""
    latest = publishing.latest_revision(session, article.id)
    if latest is None:
        raise LookupError("an article that was overtaken has a revision")
    told = str(form.get("seen") or "")
    began = find(session, article.id, int(told)) if told.isdigit() else None
    other = session.get(Account, error.saved_by) if error.saved_by else None
    return Conflict(
        latest=latest,
        name=other.display_name if other else "",
        theirs=compare(words_of(began), words_of(latest)) if began else {},
        between=compare(words_of(latest), typed(form)),
    )
