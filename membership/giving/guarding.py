"""Triggers by which the database itself refuses what must never happen to the ledger: a row changed or taken out.

They hold for whoever reaches the database, this program included. Only the two columns of the chain are filled later,
once. Whoever gets past them (an owner of the database can) is found by the chain.
"""

from collections.abc import Collection

from sqlalchemy import FromClause, Table

from membership.db import guard


def never_changed(table: FromClause, *, once: Collection[str] = ()) -> None:
    """Let no row of a table be changed or taken out; the columns `once` may be filled once, all together."""
    if not isinstance(table, Table):
        raise TypeError("only a table has triggers")
    guard(table, {"sqlite": _on_sqlite(table, once), "postgresql": _on_postgresql(table, once)})


def _on_sqlite(table: Table, once: Collection[str]) -> list[str]:
    name = table.name
    refuse = f"BEGIN SELECT RAISE(ABORT, 'rows of {name} are never changed or taken out'); END"
    when = f"WHEN {_changes(table, once, 'IS NOT')} " if once else ""
    return [
        f"CREATE TRIGGER {name}_is_not_taken_out BEFORE DELETE ON {name} {refuse}",
        f"CREATE TRIGGER {name}_is_not_changed BEFORE UPDATE ON {name} {when}{refuse}",
    ]


def _on_postgresql(table: Table, once: Collection[str]) -> list[str]:
    name = table.name
    when = f"WHEN ({_changes(table, once, 'IS DISTINCT FROM')}) " if once else ""
    refuse = f"EXECUTE FUNCTION {name}_stays()"
    function = (
        f"CREATE OR REPLACE FUNCTION {name}_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
        f"'rows of {name} are never changed or taken out' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    return [
        function,
        f"CREATE TRIGGER {name}_is_not_taken_out BEFORE DELETE ON {name} FOR EACH ROW {refuse}",
        f"CREATE TRIGGER {name}_is_not_changed BEFORE UPDATE ON {name} FOR EACH ROW {when}{refuse}",
    ]


def _changes(table: Table, once: Collection[str], differs: str) -> str:
    """Whether an update changes more than what may be filled once, or fills that again."""
    fixed = [f"OLD.{c.name} {differs} NEW.{c.name}" for c in table.columns if c.name not in once]
    return " OR ".join([*(f"OLD.{name} IS NOT NULL" for name in once), *fixed])
