"""The `membership` command; each feature brings its commands, on Flask's own CLI, and this package gathers them."""

import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click

from membership.settings import SettingsError

if TYPE_CHECKING:
    from flask import Flask

EXIT_CONFIG = 78
"""The exit code for wrong settings (sysexits' EX_CONFIG)."""
EXIT_UNAVAILABLE = 69
"""The exit code where the database could not be used (sysexits' EX_UNAVAILABLE)."""
COMMANDS = {
    "backup": "membership.cli.backing_up:backup",
    "db": "membership.cli.database:database",
    "demo": "membership.cli.demo:demo",
    "deploy-files": "membership.cli.deploying:deploy_files",
    "doctor": "membership.cli.doctor:doctor",
    "events": "membership.giving.commands:events",
    "export": "membership.cli.exporting.command:export",
    "import": "membership.giving.import_commands:imports",
    "init": "membership.cli.initializing:init",
    "pages": "membership.articles.commands:pages",
    "receipts": "membership.giving.receipts_commands:receipts_group",
    "reconcile": "membership.giving.commands:reconcile",
    "recount": "membership.topics.commands:recount",
    "restore": "membership.cli.backing_up:restore",
    "sandbox": "membership.sandbox.commands:sandbox_command",
    "seed": "membership.cli.seed.command:seed",
    "serve": "membership.cli.serving:serve",
    "shield": "membership.giving.commands:shield_command",
    "staff": "membership.accounts.commands:staff",
    "state": "membership.cli.state:state",
    "worker": "membership.cli.working:worker",
}
"""Where each command is: a module, and its name there."""
WITHOUT_THE_APP = {"demo", "serve"}
"""Those that only start others, and so need not wait for Flask."""


class Commands(click.Group):
    """Commands that are imported when they are asked for, so that each waits for its own part of the product only."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in order."""
        return sorted({*COMMANDS, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, or None if there is none."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        if ctx.obj is None and cmd_name not in WITHOUT_THE_APP:
            ctx.obj = _app_made_when_needed()
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Run a newsroom's membership: free articles, one appeal, patrons who vote.\n\n"
    "\b\nTry it on this machine:   membership demo\nCheck a running one:      membership doctor",
)
def membership() -> None:
    """All commands of the product."""


def _app_made_when_needed() -> object:
    from flask.cli import ScriptInfo  # noqa: PLC0415 - a quarter of a second that not every command has to wait for

    return ScriptInfo(create_app=_create_app)


def _create_app() -> "Flask":
    from membership.app import create_app  # noqa: PLC0415 - seconds, likewise

    return create_app()


def main() -> None:
    """Run the command line; wrong settings are listed one a line, with what to do, and a database gone is said."""
    try:
        membership.main(prog_name="membership", auto_envvar_prefix=None)
    except SettingsError as error:
        for fault in error.faults:
            click.echo(f"membership: {fault}", err=True)
        sys.exit(EXIT_CONFIG)
    except Exception as error:
        if not _is_of_the_database(error):
            raise
        said = " ".join(str(getattr(error, "orig", error)).split())
        click.echo(
            f"membership: The database could not be used: {said}\n"
            "See that it runs, that MEMBERSHIP_DATABASE_URL leads to it, and that it has its tables"
            " (membership db upgrade); then run this again.",
            err=True,
        )
        sys.exit(EXIT_UNAVAILABLE)


def _is_of_the_database(error: Exception) -> bool:
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415 - there already where a database was asked

    return isinstance(error, OperationalError)
