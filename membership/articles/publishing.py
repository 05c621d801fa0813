"""The life of an article: written, published now or at an instant, corrected, withdrawn.

Every save leaves a revision and an audit entry, and says which stored pages are out of date. Callers commit.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership import clock
from membership.appeals import placing
from membership.articles import addresses, appealing, drafts, fingerprints, queries, relating, words
from membership.articles.drafts import Draft
from membership.articles.errors import (
    EditConflictError,
    IncompleteArticleError,
    NotPublishedError,
    PastInstantError,
)
from membership.articles.models import Article, ArticleState, Correction, Revision
from membership.newsroom import audit, due, page_changes, settings_rows
from membership.secrets import new_public_id

__all__ = ["CLOCK", "COMMAND", "By", "Draft"]  # what others take from here by name

DUE_KIND = "article.published"


@dataclass(frozen=True)
class By:
    """Who does it: an account, or a command or the clock without one."""

    account_id: int | None
    name: str  # the account's public id, "command" or "system"


COMMAND = By(None, "command")
CLOCK = By(None, "system")


def create(session: Session, draft: Draft, *, by: By) -> Article:
    """Begin an article as a draft."""
    now = clock.now()
    article = Article(
        slug=drafts.free_slug(session, draft),
        language=draft.language,
        headline=draft.headline,
        body=draft.body,
        created_at=now,
        updated_at=now,
    )
    session.add(article)
    session.flush()
    drafts.take(session, article, draft)
    _note(session, article, "article.created", by)
    return article


def change(session: Session, article: Article, draft: Draft, *, by: By, seen: int | None = None) -> None:
    """Save an article; `seen` is the revision its editor began from.

    Raises:
        EditConflictError: there is a later revision than `seen`; nothing is changed.
        IncompleteArticleError: a published article would lose its headline or body.
    """
    latest = latest_revision(session, article.id)
    if seen is not None and latest is not None and latest.id != seen:
        raise EditConflictError(latest.account_id)
    is_out = article.state is ArticleState.PUBLISHED
    if is_out and not (draft.headline.strip() and draft.body.strip()):
        raise IncompleteArticleError
    before = _listed(article) if is_out else None
    pages = _pages(session, article)
    drafts.move(session, article, draft)
    if not is_out or _says(article) != (draft.headline, draft.standfirst, draft.body):
        article.updated_at = clock.now()
    drafts.take(session, article, draft)
    if is_out:
        appealing.tell(session, article)
        words.keep(session, article)
        page_changes.record(session, *dict.fromkeys(pages + _pages(session, article)))
        if before != _listed(article):
            page_changes.record(session, page_changes.EVERYTHING)
    _note(session, article, "article.changed", by)


def publish(session: Session, article: Article, *, by: By, at: datetime | None = None) -> None:
    """Let everybody read it, as published at `at` (now unless given); the first time keeps its date when repeated.

    Raises:
        IncompleteArticleError: it has no headline or no body.
    """
    if not (article.headline.strip() and article.body.strip()):
        raise IncompleteArticleError
    was_out_before = article.state is ArticleState.WITHDRAWN and article.published_at is not None
    if not was_out_before:
        article.published_at = article.updated_at = at or clock.now()
    article.state = ArticleState.PUBLISHED
    due.cancel(session, kind=DUE_KIND, key=str(article.id))
    appealing.tell(session, article)
    words.keep(session, article)
    page_changes.record(session, *dict.fromkeys(_pages(session, article) + _neighbors(session, article)))
    _write_audit(session, article, "article.published", by)


def schedule(session: Session, article: Article, at: datetime, *, by: By) -> None:
    """Let the worker publish it at an instant.

    Raises:
        PastInstantError: that has passed.
        IncompleteArticleError: it has no headline or no body.
    """
    if at <= clock.now():
        raise PastInstantError
    if not (article.headline.strip() and article.body.strip()):
        raise IncompleteArticleError
    if article.state is ArticleState.PUBLISHED:
        return
    article.state, article.published_at = ArticleState.SCHEDULED, at
    due.at(session, at, kind=DUE_KIND, key=str(article.id))
    _write_audit(session, article, "article.scheduled", by, at=at.isoformat())


def unschedule(session: Session, article: Article, *, by: By) -> None:
    """Take a scheduled article back to draft."""
    if article.state is not ArticleState.SCHEDULED:
        return
    article.state, article.published_at = ArticleState.DRAFT, None
    due.cancel(session, kind=DUE_KIND, key=str(article.id))
    _write_audit(session, article, "article.unscheduled", by)


@due.handler(DUE_KIND)
def _publish_when_due(session: Session, key: str, at: datetime) -> None:
    article = session.get(Article, int(key))
    if article is not None and article.state is ArticleState.SCHEDULED:
        publish(session, article, by=CLOCK, at=at)


def correct(
    session: Session, article: Article, text: str, *, by: By, at: datetime | None = None
) -> Correction:
    """Add a dated correction, shown below the article.

    Raises:
        NotPublishedError: readers have not seen it, so there is nothing to correct.
    """
    if article.state is not ArticleState.PUBLISHED:
        raise NotPublishedError
    corrected_at = at or clock.now()
    correction = Correction(article_id=article.id, corrected_at=corrected_at, text=text)
    session.add(correction)
    article.updated_at = max(article.updated_at, corrected_at)
    page_changes.record(session, *_pages(session, article))
    _write_audit(session, article, "article.corrected", by)
    return correction


def withdraw(session: Session, article: Article, *, by: By, reason: str = "") -> None:
    """Take it back; its address says so from then on.

    Raises:
        NotPublishedError: it is not published.
    """
    if article.state is not ArticleState.PUBLISHED:
        raise NotPublishedError
    article.state = ArticleState.WITHDRAWN
    words.forget(session, article.id)
    placing.forget(session, article.id)
    page_changes.record(session, page_changes.EVERYTHING)
    _write_audit(session, article, "article.withdrawn", by, reason=reason)


def shared_key(article: Article) -> str:
    """The key that an article shares with its translations; made with the first of them."""
    if not article.translation_key:
        article.translation_key = new_public_id()
    return article.translation_key


def latest_revision(session: Session, article_id: int) -> Revision | None:
    """What the article said when it was last saved."""
    newest = select(func.max(Revision.id)).where(Revision.article_id == article_id)
    return session.scalars(select(Revision).where(Revision.id == newest.scalar_subquery())).one_or_none()


def _pages(session: Session, article: Article) -> list[str]:
    return addresses.showing(session, article, settings_rows.current(session))


def _neighbors(session: Session, article: Article) -> list[str]:
    """The stories that may name it under "read more" from now on; others learn of it when they are next made."""
    default = settings_rows.current(session).default_language
    return [
        addresses.article(slug, article.language, default) for slug in relating.neighbors(session, article)
    ]


def _listed(article: Article) -> tuple[str, ...]:
    """What other pages show of it."""
    return (
        *(article.slug, article.language, article.headline, article.standfirst),
        *(article.section, article.picture, article.translation_key, article.series),
    )


def _says(article: Article) -> tuple[str, str, str]:
    return article.headline, article.standfirst, article.body


def _note(session: Session, article: Article, action: str, by: By) -> None:
    revision = Revision(
        article_id=article.id,
        account_id=by.account_id,
        saved_at=clock.now(),
        headline=article.headline,
        standfirst=article.standfirst,
        body=article.body,
        hash=fingerprints.of_words(*_says(article)),
    )
    session.add(revision)
    _write_audit(session, article, action, by)


def had_corrections(session: Session, article: Article, found: list[tuple[datetime, str]], *, by: By) -> None:
    """Add corrections that were made before the article came here; they change no date of it."""
    for at, text in found:
        session.add(Correction(article_id=article.id, corrected_at=at, text=text))
    if found:
        _write_audit(session, article, "article.corrected", by)


def _write_audit(session: Session, article: Article, action: str, by: By, **details: str) -> None:
    bylines = queries.bylines(session, [article.id]).get(article.id, [])
    fingerprint = fingerprints.of_rest(article, bylines, queries.corrections(session, article.id))
    audit.write(
        session,
        action=action,
        subject=f"article:{article.id}",
        actor_id=by.account_id,
        actor=by.name,
        details={name: value for name, value in details.items() if value} | {fingerprints.KEY: fingerprint},
    )
