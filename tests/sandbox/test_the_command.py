"""`membership sandbox` and `membership sandbox advance`, as a person types them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import stripe
from click.testing import CliRunner

from membership.sandbox.commands import sandbox_command
from membership.sandbox.server import Sandbox
from tests import servers

_CODE = "from membership.sandbox.commands import sandbox_command; sandbox_command()"


@contextmanager
def _running(*options: str) -> Iterator[str]:
    port = servers.free_port()
    command = [sys.executable, "-c", _CODE, "--port", str(port), *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(os.environ)
    ) as process:
        try:
            _wait(f"http://127.0.0.1:{port}/_sandbox/clock")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def _wait(url: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            urlopen(url, timeout=10).close()  # noqa: S310 - loopback
        except URLError:
            assert time.monotonic() < deadline, "the sandbox does not answer"
            time.sleep(0.1)
        else:
            return


def test_it_loads_serves_and_moves_on(tmp_path: Path) -> None:
    things, clock = tmp_path / "things.jsonl", tmp_path / "clock.json"
    things.write_text(
        json.dumps({"id": "cus_1", "object": "customer", "created": 1, "email": "cleo@example.org"})
    )

    with _running("--load", str(things), "--clock-file", str(clock), "--seed", "1") as url:
        client = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": url})
        found = client.v1.customers.retrieve("cus_1").email
        moved = CliRunner().invoke(
            sandbox_command, ["advance", "3", "days", "--port", url.rsplit(":", 1)[-1]]
        )

    assert found == "cleo@example.org"
    assert moved.exit_code == 0, moved.output
    assert "It is now" in moved.output
    assert json.loads(clock.read_text(encoding="utf-8")) == {"offset_seconds": 3 * 86_400}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--host", "192.0.2.1"], "binds loopback addresses only"),
        (["--host", "example.org"], "binds loopback addresses only"),
        (["--secret-key", "sk_live_1"], "takes test keys only"),
        (["--duplicate", "2"], "--duplicate"),
        (["--load", "/nowhere"], "--load"),
        (["advance", "soon"], "is no length of time"),
        (["advance", "1day", "--port", "1"], "No sandbox answers on port 1"),
    ],
)
def test_a_mistake_is_said_in_one_line(options: list[str], message: str, sandbox: Sandbox) -> None:
    port = ["--port", sandbox.url.rsplit(":", 1)[-1]] if options == ["advance", "soon"] else []

    said = CliRunner().invoke(sandbox_command, [*options, *port])

    assert said.exit_code != 0
    assert message in said.output
    assert "Traceback" not in said.output


def test_a_taken_port_is_said_with_the_flag_that_changes_it(sandbox: Sandbox) -> None:
    said = CliRunner().invoke(sandbox_command, ["--port", sandbox.url.rsplit(":", 1)[-1]])

    assert said.exit_code == 1
    assert "is taken; choose another with --port" in said.output


def test_a_bad_line_in_a_file_is_said(tmp_path: Path) -> None:
    things = tmp_path / "things.jsonl"
    things.write_text("{}\n")

    said = CliRunner().invoke(sandbox_command, ["--load", str(things), "--port", str(servers.free_port())])

    assert said.exit_code == 1
    assert "Line 1 is no object" in said.output
