"""The `membership` command, on Flask's own CLI; each feature brings its commands, this package gathers them."""

import sys

import click
from flask.cli import AppGroup, ScriptInfo

from membership.accounts.commands import COMMANDS as ACCOUNTS
from membership.app import create_app
from membership.articles.commands import COMMANDS as ARTICLES
from membership.cli.backing_up import backup, restore
from membership.cli.database import database
from membership.cli.demo import demo
from membership.cli.deploying import deploy_files
from membership.cli.doctor import doctor
from membership.cli.exporting.command import export
from membership.cli.initializing import init
from membership.cli.seed.command import seed
from membership.cli.serving import serve
from membership.cli.state import state
from membership.cli.working import worker
from membership.giving.commands import COMMANDS as GIVING
from membership.sandbox.commands import sandbox_command
from membership.settings import SettingsError
from membership.topics.commands import COMMANDS as TOPICS

EXIT_CONFIG = 78
"""The exit code for wrong settings (sysexits' EX_CONFIG)."""


@click.group(
    cls=AppGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Run a newsroom's membership: free articles, one appeal, patrons who vote.\n\n"
    "\b\nTry it on this machine:   membership demo\nCheck a running one:      membership doctor",
)
def membership() -> None:
    """All commands of the product."""


for command in (
    demo,
    init,
    database,
    serve,
    worker,
    deploy_files,
    seed,
    doctor,
    state,
    backup,
    restore,
    export,
    sandbox_command,
    *ACCOUNTS,
    *ARTICLES,
    *GIVING,
    *TOPICS,
):
    membership.add_command(command)


def main() -> None:
    """Run the command line; wrong settings are listed one a line, with what to do."""
    try:
        membership.main(
            obj=ScriptInfo(create_app=create_app), prog_name="membership", auto_envvar_prefix=None
        )
    except SettingsError as error:
        for fault in error.faults:
            click.echo(f"membership: {fault}", err=True)
        sys.exit(EXIT_CONFIG)
