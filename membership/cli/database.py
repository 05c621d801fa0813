"""`membership db …`: the schema's history, by plain Alembic."""

from typing import Any

import click
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from flask.cli import AppGroup
from sqlalchemy import Engine

from membership import paths
from membership.db import db


def alembic_config() -> Config:
    """Alembic's settings, with this app's engine."""
    project = paths.PACKAGE.parent / "pyproject.toml"
    config = Config(toml_file=str(project)) if project.exists() else Config()
    config.set_main_option("script_location", str(paths.MIGRATIONS))
    config.attributes["engine"] = db.engine
    return config


def is_a_models(name: str | None, kind: str, _parents: Any) -> bool:  # noqa: ANN401 - Alembic's
    """Whether a table, column or index found in the database is a model's; those of search are articles.words'."""
    return kind not in {"table", "column", "index"} or not (name or "").startswith("search_")


def revision_of(engine: Engine) -> str | None:
    """The revision that a database's schema is at, or None if it has none."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def known_revisions() -> set[str]:
    """Every revision that this release knows."""
    script = ScriptDirectory.from_config(alembic_config())
    return {revision.revision for revision in script.walk_revisions()}


class OtherSchemaError(click.ClickException):
    """The database's schema is not this release's."""

    exit_code = 2


def refuse_other_schema() -> None:
    """Refuse to serve or work on a schema that this release does not know.

    Raises:
        OtherSchemaError: the schema is older or newer, or there is none.
    """
    found = revision_of(db.engine)
    if found == ScriptDirectory.from_config(alembic_config()).get_current_head():
        return
    if found is None or found in known_revisions():
        raise OtherSchemaError("The database's schema is older than this release. Run: membership db upgrade")
    raise OtherSchemaError("The database's schema is newer than this release. Install the newer release.")


def upgrade_schema() -> None:
    """Bring the schema to the newest revision."""
    command.upgrade(alembic_config(), "head")


database = AppGroup("db", help="The schema: upgrade, downgrade, check, new.")


@database.command()
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Bring the schema to REVISION (the newest unless given).

    Example: membership db upgrade
    """
    command.upgrade(alembic_config(), revision)
    click.echo("The schema is up to date." if revision == "head" else f"The schema is at {revision}.")


@database.command()
@click.argument("revision")
def downgrade(revision: str) -> None:
    """Take the schema back to REVISION; "-1" is one step.

    Example: membership db downgrade -1
    """
    command.downgrade(alembic_config(), revision)


@database.command()
def check() -> None:
    """Say whether the schema equals the models; exits 1 if not.

    Example: membership db check
    """
    try:
        command.check(alembic_config())
    except CommandError as error:
        raise click.ClickException(f"{error}\nRun: membership db upgrade") from None


@database.command()
@click.argument("message")
def new(message: str) -> None:
    """Write the next revision from what differs between models and schema.

    Example: membership db new "add reminders"
    """
    taken = [int(p.name[:4]) for p in (paths.MIGRATIONS / "versions").glob("[0-9]*.py")]
    command.revision(
        alembic_config(), message=message, autogenerate=True, rev_id=f"{max(taken, default=0) + 1:04d}"
    )
