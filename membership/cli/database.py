"""`membership db …`: the schema's history, by plain Alembic."""

from typing import Any

import click
from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from flask.cli import AppGroup

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
