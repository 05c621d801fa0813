"""`membership init`: from an empty database to a newsroom that somebody can enter."""

import click
from alembic import command
from flask import current_app
from flask.cli import with_appcontext

from membership.accounts import appointing
from membership.accounts.models import Role
from membership.cli.database import alembic_config
from membership.db import db, run_unit
from membership.newsroom import settings_rows
from membership.web import emails


@click.command()
@click.option(
    "--publisher", default="", metavar="EMAIL", help="The first publisher's address; asked for if left out."
)
@click.option("--name", default="", help="The publisher's name.")
@with_appcontext
def init(publisher: str, name: str) -> None:
    """Check the settings, bring the schema up to date, and name the first publisher.

    Run again it changes nothing but the schema.

    Example: membership init --publisher ada@example.org --name "Ada Editor"
    """
    command.upgrade(alembic_config(), "head")
    click.echo("The settings are complete, and the schema is up to date.")
    if appointing.has_publisher(db.session()):
        db.session.rollback()
        click.echo("There is a publisher already. See: membership staff list")
        return
    db.session.rollback()
    address = _address(publisher or click.prompt("The first publisher's e-mail address"))
    run_unit(db.session(), lambda: _appoint(address, name))
    base_url = current_app.config["BASE_URL"]
    click.echo(f"{address} is publisher. Start `membership serve` and `membership worker`, then sign in at")
    click.echo(f"{base_url}/sign-in with this address; a second factor is set up at the first sign-in.")


def _address(typed: str) -> str:
    try:
        return emails.canonical(typed)
    except emails.AddressError:
        raise click.ClickException(f"{typed!r} is not an e-mail address.") from None


def _appoint(address: str, name: str) -> None:
    appointing.appoint(
        db.session(),
        address,
        Role.PUBLISHER,
        name=name,
        sees_patrons=True,
        language=settings_rows.current(db.session()).default_language,
        by=None,
    )
