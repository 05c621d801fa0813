"""Which revision a database's schema is at, and which ones this release knows; read at once, without Alembic."""

import click
from sqlalchemy import Connection, Engine, column, inspect, select, table

from membership import paths

_VERSION = table("alembic_version", column("version_num"))


def revision_of(engine: Engine) -> str | None:
    """The revision that a database's schema is at, or None if it has none."""
    with engine.connect() as connection:
        if not inspect(connection).has_table(_VERSION.name):
            return None
        revision: str | None = connection.scalar(select(_VERSION.c.version_num))
        return revision


def known_revisions() -> set[str]:
    """Every revision that this release knows: `membership db new` names files after them."""
    return {file.name.partition("_")[0] for file in (paths.MIGRATIONS / "versions").glob("[0-9]*.py")}


def is_current(connection: Connection) -> bool:
    """Whether a database's schema is this release's; for who asks often, so a missing table is an error.

    Raises:
        DatabaseError: the database does not answer, or has no schema of ours at all.
    """
    return connection.scalar(select(_VERSION.c.version_num)) == max(known_revisions())


class OtherSchemaError(click.ClickException):
    """The database's schema is not this release's."""

    exit_code = 2


def refuse_other_schema(engine: Engine) -> None:
    """Refuse to serve or work on a database whose schema this release does not know.

    Raises:
        OtherSchemaError: the schema is older or newer, or there is none.
    """
    found, known = revision_of(engine), known_revisions()
    if found == max(known):
        return
    if found is None or found in known:
        raise OtherSchemaError("The database's schema is older than this release. Run: membership db upgrade")
    raise OtherSchemaError("The database's schema is newer than this release. Install the newer release.")
