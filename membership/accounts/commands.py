"""The commands of accounts: `membership staff …`, for who has the machine but not yet, or no longer, a way in."""

import click
from flask import current_app
from flask.cli import AppGroup

from membership.accounts import appointing, enrolling
from membership.accounts.errors import LastPublisherError
from membership.accounts.models import Account, Role
from membership.db import db, run_unit
from membership.newsroom import settings_rows
from membership.web.emails import AddressError

staff = AppGroup("staff", help="Who works here: add, remove, list.")


@staff.command()
@click.argument("email")
@click.option(
    "--role", type=click.Choice([role.value for role in Role]), default=Role.STAFF.value, show_default=True
)
@click.option("--name", default="", help="As it should be shown.")
@click.option("--sees-patrons", is_flag=True, help="May open patrons' records.")
def add(email: str, role: str, name: str, sees_patrons: bool) -> None:
    """Let EMAIL work here, or change what they may do; a mail tells them how to begin.

    Example: membership staff add ada@example.org --role editor
    """

    def unit() -> Role | None:
        language = settings_rows.current(db.session()).default_language
        return appointing.appoint(
            db.session(), email, Role(role), name=name, sees_patrons=sees_patrons, language=language, by=None
        ).role

    try:
        run_unit(db.session(), unit)
    except AddressError:
        raise click.ClickException(f"{email!r} is not an e-mail address.") from None
    except LastPublisherError:
        raise click.ClickException("That would leave no publisher. Add another one first.") from None
    click.echo(f"{email} is {role} here. They sign in at {_sign_in_address()} and set up a second factor.")


@staff.command()
@click.argument("email")
def remove(email: str) -> None:
    """Let EMAIL work here no more; their sessions end at once. A patron stays a patron.

    Example: membership staff remove ada@example.org
    """
    try:
        run_unit(db.session(), lambda: appointing.dismiss(db.session(), _somebody(email), by=None))
    except LastPublisherError:
        raise click.ClickException("This is the last publisher. Add another one first.") from None
    click.echo(f"{email} works here no more.")


@staff.command(name="list")
def list_() -> None:
    """List who works here, what they may do, and whether they have a second factor.

    Example: membership staff list
    """
    for account in appointing.people(db.session()):
        rights = [str(account.role)]
        if account.sees_patrons:
            rights.append("sees patrons")
        if account.totp_confirmed_at is None:
            rights.append("second factor not set up")
        click.echo(f"{account.email}\t{', '.join(rights)}")


def _somebody(email: str) -> Account:
    try:
        account = enrolling.by_email(db.session(), email)
    except AddressError:
        raise click.ClickException(f"{email!r} is not an e-mail address.") from None
    if account is None or account.role is None:
        raise click.ClickException(f"{email} does not work here. See: membership staff list")
    return account


def _sign_in_address() -> str:
    return f"{current_app.config['BASE_URL']}/sign-in"
