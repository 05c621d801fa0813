"""What `membership doctor` looks for in articles: words changed behind the newsroom's back. Read-only."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.articles.models import Article, Revision
from membership.articles.publishing import hash_of_words
from membership.newsroom.findings import Check, Finding, Severity, found

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


CHECKS: tuple[Check, ...] = (articles_say_what_was_saved,)


def _red(sentence: str, rows: Iterable[Any]) -> list[Finding]:
    """A finding of those rows (id, headline, standfirst, body, hash) whose hash is not that of their words."""
    wrong = [row_id for row_id, *words, fingerprint in rows if hash_of_words(*words) != fingerprint]
    return found("N62", Severity.RED, sentence, wrong)
