"""Who has an article open at the moment, so that two editors at once know of each other. Callers commit.

Opening the editor counts for a while even without scripts; with them the open page says so again every half minute,
and says when it is closed.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from membership import clock
from membership.accounts.models import Account
from membership.articles.editing_models import Presence
from membership.db import add_unless_there

AFTER_OPENING = timedelta(minutes=10)
"""How long opening the page counts where no script says that it is still open."""
AFTER_A_SIGN = timedelta(minutes=2, seconds=30)
"""How long a sign of the open page counts; browsers slow the timers of hidden pages down to one a minute."""


@dataclass(frozen=True)
class Editor:
    """Somebody who has an article open."""

    name: str
    since: datetime


def note(session: Session, article_id: int, account_id: int, *, stays: timedelta) -> None:
    """An editor has the article open now, and counts as there for so long."""
    now = clock.now()
    row = session.get(Presence, (article_id, account_id))
    if row is None:
        add_unless_there(
            session, Presence, article_id=article_id, account_id=account_id, since=now, until=now + stays
        )
        return
    if row.until < now:
        row.since = now
    row.until = now + stays


def leave(session: Session, article_id: int, account_id: int) -> None:
    """An editor has closed the article."""
    session.execute(delete(Presence).filter_by(article_id=article_id, account_id=account_id))


def others(session: Session, article_id: int, account_id: int) -> list[Editor]:
    """Who else has the article open, the first to come first."""
    return [editor for who, editor in _there(session, [article_id]).get(article_id, []) if who != account_id]


def by_article(session: Session, article_ids: Collection[int]) -> dict[int, list[Editor]]:
    """Who has each of these articles open; one query."""
    return {
        article_id: [editor for _who, editor in there]
        for article_id, there in _there(session, article_ids).items()
    }


def _there(session: Session, article_ids: Collection[int]) -> dict[int, list[tuple[int, Editor]]]:
    open_now = (
        select(Presence, Account)
        .join(Account, Account.id == Presence.account_id)
        .where(Presence.article_id.in_(article_ids), Presence.until > clock.now())
        .order_by(Presence.since, Presence.account_id)
    )
    found: dict[int, list[tuple[int, Editor]]] = {}
    for row, account in session.execute(open_now):
        found.setdefault(row.article_id, []).append((account.id, Editor(account.display_name, row.since)))
    return found


def forget_old(session: Session) -> None:
    """Delete the rows that count no longer. The caller commits."""
    session.execute(delete(Presence).where(Presence.until < clock.now()))
