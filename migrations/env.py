"""Runs the schema's revisions with the app's engine; renders our column types and triggers as plain SQLAlchemy."""

from typing import TYPE_CHECKING, Any, Literal

from alembic import context
from alembic.autogenerate import renderers
from alembic.operations.ops import CreateTableOp, MigrateOperation
from sqlalchemy import JSON, Connection, func, select

from membership.app import create_app  # noqa: F401 - importing the app imports every table
from membership.cli.database import is_a_models
from membership.db import GUARDS, Base, UtcDateTime
from membership.secrets import Secret, SecretBytes

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import MigrationScript

_ONE_AT_A_TIME = 7_025_020
"""PostgreSQL's advisory lock of who migrates; the number is only a name."""


def render_item(kind: str, item: Any, autogenerate: "AutogenContext") -> str | Literal[False]:  # noqa: ANN401 - Alembic's
    """Write our types as what they are to the database, so that revisions import no application code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, (Secret, SecretBytes)):
        return "sa.LargeBinary()"
    if kind == "type" and isinstance(item, JSON):
        autogenerate.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def _wait_for_turn(connection: Connection) -> None:
    """Let one process at a time migrate; SQLite's writers take turns anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))


class GuardOp(MigrateOperation):
    """Makes the triggers that come with a table (membership.db.guard)."""

    def __init__(self, statements: dict[str, list[str]]) -> None:
        self.statements = statements


@renderers.dispatch_for(GuardOp)
def _render_guards(_autogenerate: "AutogenContext", guards: GuardOp) -> str:
    return f"for statement in {guards.statements!r}[op.get_bind().dialect.name]:\n    op.execute(statement)"


def add_guards(_context: object, _revision: object, scripts: "list[MigrationScript]") -> None:
    """Write the triggers of each new table into the revision that makes it: a comparison of schemas sees none."""
    for script in scripts:
        for part in script.upgrade_ops_list:
            made = [op.table_name for op in part.ops if isinstance(op, CreateTableOp)]
            part.ops += [GuardOp(GUARDS[name]) for name in made if name in GUARDS]


def run() -> None:
    """Apply the revisions in one transaction."""
    engine = context.config.attributes["engine"].execution_options(membership_writes=True)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            render_item=render_item,
            include_name=is_a_models,
            compare_type=True,
            process_revision_directives=add_guards,
        )
        with context.begin_transaction():
            _wait_for_turn(connection)
            context.run_migrations()


run()
