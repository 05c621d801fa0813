"""Lifting the triggers that guard the ledger, for tests that begin anew or break what should never break."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.orm import Session

from membership.db import Base

GUARDED = [table for table in Base.metadata.sorted_tables if "guards" in table.info]


@contextmanager
def lifted(session: Session) -> Iterator[None]:
    """Let rows of the ledger be changed in the present transaction, as an owner of the database could."""
    dialect = session.get_bind().dialect.name
    for table in GUARDED:
        of_table = f" ON {table.name}" if dialect == "postgresql" else ""
        for rule in ("is_not_taken_out", "is_not_changed"):
            session.execute(text(f"DROP TRIGGER {table.name}_{rule}{of_table}"))
    yield
    for table in GUARDED:
        for statement in table.info["guards"][dialect]:
            session.execute(text(statement))
