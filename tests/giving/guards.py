"""Lifting the triggers that guard the ledger, for tests that begin anew or break what should never break."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.orm import Session

from membership.db import GUARDS


@contextmanager
def lifted(session: Session) -> Iterator[None]:
    """Let rows of the ledger be changed in the present transaction, as an owner of the database could."""
    dialect = session.get_bind().dialect.name
    for table in GUARDS:
        of_table = f" ON {table}" if dialect == "postgresql" else ""
        for rule in ("is_not_taken_out", "is_not_changed"):
            session.execute(text(f"DROP TRIGGER {table}_{rule}{of_table}"))
    yield
    for statements in GUARDS.values():
        for statement in statements[dialect]:
            session.execute(text(statement))
