"""What `membership doctor` looks for in articles: what was changed behind the newsroom's back. Read-only."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.articles import fingerprints, queries
from membership.articles.models import Article, Correction, Revision
from membership.newsroom.findings import Check, Finding, Severity, found
from membership.newsroom.models import AuditEntry

AT_ONCE = 200


def articles_say_what_was_saved(session: Session) -> list[Finding]:
    """N62: each article says what its last revision says, and no revision was changed since it was saved."""
    newest = select(func.max(Revision.id)).group_by(Revision.article_id)
    saved = (
        select(Article.id, Article.headline, Article.standfirst, Article.body, Revision.hash)
        .outerjoin(Revision, (Revision.article_id == Article.id) & Revision.id.in_(newest))
        .order_by(Article.id)
    )
    kept = select(Revision.id, Revision.headline, Revision.standfirst, Revision.body, Revision.hash).order_by(
        Revision.id
    )
    many = {"yield_per": AT_ONCE}
    return [
        *_red("Articles do not say what was last saved.", session.execute(saved, execution_options=many)),
        *_red("Revisions were changed after they were saved.", session.execute(kept, execution_options=many)),
    ]


def articles_are_shown_as_saved(session: Session) -> list[Finding]:
    """N62: state, address, names, picture and corrections are those that the audit trail tells of last."""
    sentence = "Articles do not show the state, address, names, picture or corrections that were last saved."
    return found("N62", Severity.RED, sentence, list(_shown_otherwise(session)))


CHECKS: tuple[Check, ...] = (articles_say_what_was_saved, articles_are_shown_as_saved)


def _red(sentence: str, rows: Iterable[Any]) -> list[Finding]:
    """A finding of those rows (id, headline, standfirst, body, hash) whose hash is not that of their words."""
    wrong = [row_id for row_id, *words, fingerprint in rows if fingerprints.of_words(*words) != fingerprint]
    return found("N62", Severity.RED, sentence, wrong)


def _shown_otherwise(session: Session) -> Iterator[int]:
    """The ids of articles around whose words something differs, or of which the trail does not tell at all."""
    ids = session.scalars(select(Article.id).order_by(Article.id)).all()
    for begin in range(0, len(ids), AT_ONCE):
        some = ids[begin : begin + AT_ONCE]
        told, signed = _last_told(session, some), queries.bylines(session, some)
        corrected: dict[int, list[Correction]] = {}
        for one in session.scalars(select(Correction).where(Correction.article_id.in_(some))):
            corrected.setdefault(one.article_id, []).append(one)
        for article in session.scalars(select(Article).where(Article.id.in_(some)).order_by(Article.id)):
            around = signed.get(article.id, []), corrected.get(article.id, [])
            if told.get(f"article:{article.id}", "") != fingerprints.of_rest(article, *around):
                yield article.id


def _last_told(session: Session, ids: Iterable[int]) -> dict[str, str]:
    """The last fingerprint in the audit trail of each of these articles, by its subject there."""
    subjects = [f"article:{article_id}" for article_id in ids]
    newest = (
        select(func.max(AuditEntry.id))
        .where(AuditEntry.subject.in_(subjects), AuditEntry.action.in_(fingerprints.DEEDS))
        .group_by(AuditEntry.subject)
    )
    entries = select(AuditEntry.subject, AuditEntry.details).where(AuditEntry.id.in_(newest))
    return {subject: str(details.get(fingerprints.KEY, "")) for subject, details in session.execute(entries)}
