"""What an editor has typed and not saved, kept so that a crash, another browser or a lost session costs nothing.

A working copy is its editor's alone and changes no article: readers see what was saved. Saving the article, or
discarding the copy, ends it. Callers commit.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from membership import clock
from membership.articles.editing_models import WorkingCopy
from membership.articles.errors import OtherWindowError
from membership.db import add_unless_there
from membership.web import htmlize

MOST_NEW = 20
"""How many never-saved articles are kept for one editor; the oldest make room."""
LONGEST_FIELD = 2_000
KEY = re.compile(r"[0-9a-z]{16,32}")
"""What a form of a new article is known by."""
FIELDS = (
    *("headline", "standfirst", "body", "language", "section", "authors", "slug", "tags", "translation_of"),
    *("picture", "picture_alt", "picture_caption", "picture_credit", "is_sensitive", "is_sponsored", "seen"),
)


@dataclass(frozen=True)
class Subject:
    """What a working copy is of: an article, or a form of one that was never saved, known by its random key."""

    article_id: int | None = None
    key: str = ""

    @property
    def name(self) -> str:
        """How it is stored."""
        return f"article:{self.article_id}" if self.article_id is not None else f"new:{self.key}"


def find(session: Session, account_id: int, subject: Subject) -> WorkingCopy | None:
    """An editor's working copy of an article."""
    return session.scalars(
        select(WorkingCopy).filter_by(account_id=account_id, subject=subject.name)
    ).one_or_none()


def of_new_articles(session: Session, account_id: int) -> Sequence[WorkingCopy]:
    """What an editor has begun and never saved, the newest first."""
    mine = select(WorkingCopy).filter_by(account_id=account_id, article_id=None)
    return session.scalars(mine.order_by(WorkingCopy.kept_at.desc(), WorkingCopy.id.desc())).all()


def articles_with_mine(session: Session, account_id: int) -> set[int]:
    """The ids of articles of which an editor has unsaved changes."""
    mine = select(WorkingCopy.article_id).where(
        WorkingCopy.account_id == account_id, WorkingCopy.article_id.is_not(None)
    )
    return {one for one in session.scalars(mine) if one is not None}


def typed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the editor's form that a working copy keeps, cut to what any story needs."""
    kept: dict[str, Any] = {}
    for name in FIELDS:
        value = fields.get(name)
        if isinstance(value, bool):
            kept[name] = value
        elif value is not None:
            longest = htmlize.MOST_CHARACTERS if name == "body" else LONGEST_FIELD
            kept[name] = str(value)[:longest]
    return kept


def keep(
    session: Session, account_id: int, subject: Subject, fields: Mapping[str, Any], *, version: int
) -> WorkingCopy:
    """Keep what is typed; `version` is that of the copy which this window began from, 0 if there was none.

    Raises:
        OtherWindowError: another window of the same editor has kept something since; nothing is changed.
    """
    if version == 0:
        # Whoever makes the row first has it; the other window finds a version above its own.
        add_unless_there(
            session,
            WorkingCopy,
            account_id=account_id,
            subject=subject.name,
            article_id=subject.article_id,
            kept_at=clock.now(),
            version=0,
            typed={},
        )
    own = select(WorkingCopy).filter_by(account_id=account_id, subject=subject.name).with_for_update()
    copy = session.scalars(own.execution_options(populate_existing=True)).one_or_none()
    if copy is None or copy.version != version:
        raise OtherWindowError
    copy.typed, copy.version, copy.kept_at = typed(fields), version + 1, clock.now()
    if subject.article_id is None and version == 0:
        _make_room(session, account_id)
    session.flush()
    return copy


def discard(session: Session, account_id: int, subject: Subject) -> None:
    """Forget an editor's working copy, because it was saved or is not wanted."""
    session.execute(delete(WorkingCopy).filter_by(account_id=account_id, subject=subject.name))


def _make_room(session: Session, account_id: int) -> None:
    for copy in of_new_articles(session, account_id)[MOST_NEW:]:
        session.delete(copy)
