"""`membership demo` as a newcomer runs it: links, history while the site answers, Ctrl-C that ends all of it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers import free_port

pytestmark = pytest.mark.one_engine  # the demonstration runs on SQLite


def command(folder: Path, port: int, sandbox_port: int) -> list[str]:
    """A demonstration of few patrons."""
    ports = ["--port", str(port), "--sandbox-port", str(sandbox_port)]
    return [sys.executable, "-m", "membership", "demo", "--patrons", "20", "--folder", str(folder), *ports]


class Demonstration:
    """A running `membership demo` in a session of its own, and what it has printed."""

    def __init__(self, folder: Path, port: int, sandbox_port: int) -> None:
        self.folder, self.port, self.sandbox_port = folder, port, sandbox_port
        self._log = folder.with_suffix(f".{time.monotonic_ns()}.log")
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command(folder, port, sandbox_port),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "COLUMNS": "200"},
            )

    @property
    def printed(self) -> str:
        """All that stood in the terminal so far."""
        return self._log.read_text()

    def wait_for(self, words: str, *, seconds: int = 120) -> None:
        """Wait until it has printed something."""
        until = time.monotonic() + seconds
        while words not in self.printed:
            assert self.process.poll() is None, self.printed
            assert time.monotonic() < until, self.printed
            time.sleep(0.05)

    def get(self, path: str, *, port: int = 0) -> int:
        """The status of a page, of the site unless another port is named."""
        with urllib.request.urlopen(f"http://127.0.0.1:{port or self.port}{path}", timeout=20) as answer:
            return int(answer.status)

    def interrupt(self) -> int:
        """Ctrl-C; gives the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=40)

    def left(self) -> list[str]:
        """The commands of processes that still run with this demonstration's settings."""
        wanted = f"MEMBERSHIP_DATA_DIR={self.folder}".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if wanted in (process / "environ").read_bytes().split(b"\0"):
                    found.append((process / "cmdline").read_bytes().decode())
            except (OSError, UnicodeDecodeError):
                continue  # it has just ended, or is not ours to read
        return found


@pytest.fixture
def demonstration(tmp_path: Path) -> Iterator[Callable[[], Demonstration]]:
    """Starts demonstrations in one folder, whose name has a blank and Ukrainian letters; ends what still runs."""
    folder = tmp_path / "наша демонстрація"
    ports = free_port(), free_port()
    started: list[Demonstration] = []

    def start() -> Demonstration:
        started.append(Demonstration(folder, *ports))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.interrupt()


def test_it_shows_links_loads_while_the_site_answers_and_ctrl_c_ends_all_of_it(demonstration):
    running = demonstration()
    running.wait_for("Sandbox")

    for name in ("Front page", "An article", "Staff desk", "Mailbox"):
        assert name in running.printed
    assert [running.get(path) for path in ("/", "/articles/price-of-bread", "/demo/desk")] == [200] * 3
    running.wait_for("Everything is loaded.")
    assert "objects of 20 patrons over 24 months" in running.printed
    assert len(running.left()) >= 4

    assert running.interrupt() == 0
    assert running.left() == []

    again = demonstration()
    again.wait_for("Everything is loaded.", seconds=30)
    assert again.get("/", port=again.sandbox_port) == 200, "it said that all is ready"
    assert "Patrons and their gifts" not in again.printed
    assert again.get("/topics") == 200


def test_ctrl_c_before_the_first_page_leaves_nothing_behind_either(demonstration):
    running = demonstration()
    until = time.monotonic() + 60
    while not any("granian" in one for one in running.left()):
        assert time.monotonic() < until, running.printed
        time.sleep(0.05)
    time.sleep(0.5)  # its workers are being started, and hear no signal

    assert running.interrupt() == 0
    assert running.left() == []


@pytest.mark.parametrize(("flag", "variable"), [("--port", "PORT"), ("--sandbox-port", "SANDBOX_PORT")])
def test_a_taken_port_is_said_plainly_with_what_changes_it(tmp_path: Path, flag: str, variable: str):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = subprocess.run(
            [*command(tmp_path / "demo", free_port(), free_port()), flag, str(port)],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )

    assert done.returncode == 1
    assert f"Port {port} is taken by another program. Choose another with {flag}" in done.stderr
    assert f"make demo {variable}=" in done.stderr
    assert not (tmp_path / "demo").exists()
