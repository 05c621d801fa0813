"""The commands: each is where the table says, and who only wants to start something waits for nothing else."""

import subprocess
import sys

import click
import pytest

from membership import cli


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_each_command_is_found_under_its_own_name(name: str) -> None:
    context = click.Context(cli.membership)
    command = cli.membership.get_command(context, name)

    assert command is not None
    assert command.name == name
    assert (context.obj is None) == (name in cli.WITHOUT_THE_APP)


@pytest.mark.parametrize("name", sorted(cli.WITHOUT_THE_APP))
def test_serve_and_demo_begin_without_the_app(name: str) -> None:
    module = cli.COMMANDS[name].partition(":")[0]
    told = f"import sys, membership.cli, {module}; print('\\n'.join(sys.modules))"
    imported = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout

    assert module in imported.split()
    assert not {"membership.app", "membership.db", "flask", "alembic", "stripe"} & set(imported.split())
