"""One look at the whole database, for commands that compare many tables while the site goes on."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from membership.db import begin_reading, end_reading


@contextmanager
def snapshot(session: Session) -> Iterator[None]:
    """Read everything as it was at one instant, whatever others write meanwhile; nothing can be written in it.

    What the session has read or changed before is let go. SQLite's read transactions are such a look by themselves;
    PostgreSQL is asked for one, else a payment applied between two sums would look like a missing one.
    """
    session.rollback()
    token = begin_reading()
    try:
        if session.get_bind().dialect.name == "postgresql":
            session.connection(
                execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            )
        yield
    finally:
        session.rollback()
        end_reading(token)
