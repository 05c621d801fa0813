"""A command whose database is gone says so plainly, and what to do."""

import os
import subprocess
import sys

import pytest

from tests.servers import free_port

pytestmark = pytest.mark.one_engine  # none answers


@pytest.mark.parametrize("command", ["serve", "worker", "reconcile", "backup kept.zip"])
def test_a_command_that_finds_no_database_says_so_and_what_to_do(settings_env, command, tmp_path):
    gone = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    done = subprocess.run(
        [sys.executable, "-m", "membership", *command.split()],
        env=os.environ | settings_env | {"MEMBERSHIP_DATABASE_URL": gone},
        check=False,
        capture_output=True,
        cwd=tmp_path,
        text=True,
        timeout=60,
    )

    assert done.returncode == 69
    first, second = done.stderr.strip().splitlines()[-2:]
    assert first.startswith("membership: The database could not be used: ")
    assert "MEMBERSHIP_DATABASE_URL" in second
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("kept*"))
