"""Which stored pages are out of date. Whoever changes what readers see records it in the same transaction."""

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from membership import clock, jobs
from membership.newsroom.models import PageChange

EVERYTHING = "*"
"""The key that makes every stored page out of date."""
_IN_ORDER = 7_025_010
"""PostgreSQL's advisory lock that makes changes commit in the order of their ids; the number is only a name."""


def record(session: Session, *keys: str) -> None:
    """Say that the pages at these paths (or EVERYTHING) must be made anew. The caller commits."""
    now = clock.now()
    if session.get_bind().dialect.name == "postgresql":
        # A reader who has seen change 12 must never find change 11 later: it would hold its page for new.
        session.execute(select(func.pg_advisory_xact_lock(_IN_ORDER)))
    for key in keys:
        session.add(PageChange(key=key, at=now))
    jobs.wake(session, "pages")


def since(connection: Connection, generation: int) -> list[tuple[int, str]]:
    """The changes after a generation: generation and key, in order."""
    later = select(PageChange.id, PageChange.key).where(PageChange.id > generation).order_by(PageChange.id)
    return [(row.id, row.key) for row in connection.execute(later)]


def newest(connection: Connection, path: str) -> tuple[int, int]:
    """The newest generation that concerns a path (its own change, or one of everything), and the newest of all."""
    of_path = select(func.max(PageChange.id)).where(PageChange.key.in_((path, EVERYTHING)))
    of_all = select(func.max(PageChange.id))
    found = connection.execute(select(of_path.scalar_subquery(), of_all.scalar_subquery())).one()
    return found[0] or 0, found[1] or 0
