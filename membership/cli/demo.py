"""`membership demo`: everything on this machine with one command, from an empty folder to two years of history.

It prepares the database, starts the sandbox, the site and the worker as processes of their own, loads content and
then history while the site answers already, and ends all of it on Ctrl-C.
"""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree

import click
from rich.console import Console

from membership import paths
from membership.cli import granian
from membership.settings import PREFIX, SANDBOX_WEBHOOK_SECRET

RELEASE = 3
"""Counts up when the demonstration's data must be made anew."""
LONGEST_END_S = 5
"""How long each process has to end by itself."""
SHOWN_ARTICLE = "price-of-bread"
"""The article among the links that are printed."""
console = Console(highlight=False)


@click.command()
@click.option("--port", default=8000, show_default=True, help="The port of the site.")
@click.option("--sandbox-port", default=12111, show_default=True, help="The port of the sandbox.")
@click.option("--patrons", default=2000, show_default=True, help="How many patrons the history has.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("instance/demo"),
    show_default=True,
    help="Where its data is kept; delete it to begin anew.",
)
def demo(port: int, sandbox_port: int, patrons: int, folder: Path) -> None:
    """Run the demonstration newsroom on this machine, with a sandbox in the place of Stripe.

    Example: membership demo --port 8080
    """
    for taken, flag in ((port, "--port"), (sandbox_port, "--sandbox-port")):
        refuse_taken_port(taken, flag)
    folder = folder.absolute()
    loaded = {"release": RELEASE, "revision": _newest_revision(), "patrons": patrons}
    is_new = not _is_there(folder, loaded)
    if is_new and folder.exists():
        rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    env = environment(folder, port=port, sandbox_port=sandbox_port)
    write_environment(folder, env)
    if is_new:
        from membership.cli import preparing  # noqa: PLC0415 - the whole app: seconds that a second start can do without

        preparing.prepare(env)
    with Processes(env) as processes:
        processes.serve(port)
        wait_until_answered(f"http://127.0.0.1:{port}/live", processes)
        show_links(port, sandbox_port, folder)
        processes.start(
            "sandbox",
            *("--port", str(sandbox_port), "--store", str(folder / "sandbox.db")),
            *("--clock-file", str(folder / "clock.json")),
            *(
                "--webhook-url",
                f"http://127.0.0.1:{port}/stripe/events",
                "--webhook-secret",
                SANDBOX_WEBHOOK_SECRET,
            ),
        )
        processes.start("worker")
        wait_until_answered(f"http://127.0.0.1:{sandbox_port}/", processes)
        if is_new:
            processes.run("seed", "--patrons", str(patrons), "--months", "24", "--demonstration")
            (folder / "loaded.json").write_text(json.dumps(loaded))
        console.print("Everything is loaded. Ctrl-C ends the demonstration.")
        processes.wait()


def refuse_taken_port(port: int, flag: str) -> None:
    """Say plainly that somebody listens on a port already.

    Raises:
        ClickException: with the flag that changes the port.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            variable = flag.removeprefix("--").replace("-", "_").upper()
            raise click.ClickException(
                f"Port {port} is taken by another program. Choose another with {flag}, "
                f"like: membership demo {flag} {port + 1} (or make demo {variable}={port + 1})"
            ) from None


def environment(folder: Path, *, port: int, sandbox_port: int) -> dict[str, str]:
    """The settings of the demonstration: its own, whatever else this machine's environment says."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return inherited | {
        "MEMBERSHIP_MODE": "demo",
        "MEMBERSHIP_DATA_DIR": str(folder),
        "MEMBERSHIP_BASE_URL": f"http://127.0.0.1:{port}",
        "MEMBERSHIP_STRIPE_API_BASE": f"http://127.0.0.1:{sandbox_port}",
        "MEMBERSHIP_CLOCK_FILE": str(folder / "clock.json"),
    }


def write_environment(folder: Path, env: Mapping[str, str]) -> None:
    """Write the demonstration's settings where a shell can read them, for further commands."""
    lines = [
        f"export {name}={shlex.quote(value)}\n" for name, value in env.items() if name.startswith(PREFIX)
    ]
    (folder / "env").write_text("".join(lines))


def _newest_revision() -> str:
    return max(file.stem for file in (paths.MIGRATIONS / "versions").glob("[0-9]*.py"))


def _is_there(folder: Path, loaded: Mapping[str, object]) -> bool:
    """Whether a folder holds just this demonstration, whole."""
    try:
        told = json.loads((folder / "loaded.json").read_text())
    except (FileNotFoundError, ValueError):
        return False
    return bool(told == loaded) and all((folder / name).exists() for name in ("membership.db", "sandbox.db"))


@dataclass
class Processes:
    """The demonstration's processes: started by name, and ended together."""

    env: Mapping[str, str]
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> "Processes":
        # Ctrl-C (also where a script has started it in the background), a supervisor, or the window that is closed.
        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ending, _interrupt)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> bool:
        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a second Ctrl-C leaves nothing behind
            signal.signal(ending, signal.SIG_IGN)
        console.print("\nEnding the demonstration …" if kind is None or kind is KeyboardInterrupt else "")
        for process in reversed(self._running.values()):
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(timeout=LONGEST_END_S)
            except subprocess.TimeoutExpired:
                # With its workers: a web worker that is still starting hears no signal.
                os.killpg(process.pid, signal.SIGKILL)
        return kind is KeyboardInterrupt

    def serve(self, port: int) -> None:
        """Run what `membership serve` becomes: the schema is known to be right, so no need to look at it."""
        words = granian.command(host="127.0.0.1", port=port, workers=2)
        self._start("serve", words, {**self.env, **granian.ENVIRONMENT})

    def start(self, name: str, *words: str) -> None:
        """Run a command of `membership` beside this one; its own Ctrl-C is ours."""
        self._start(name, [sys.executable, "-m", "membership", name, *words], self.env)

    def _start(self, name: str, words: list[str], env: Mapping[str, str]) -> None:
        self._running[name] = subprocess.Popen(  # noqa: S603 - our own program
            words, env=dict(env), stdout=subprocess.DEVNULL, start_new_session=True
        )

    def run(self, name: str, *words: str) -> None:
        """Run a command to its end, showing what it shows.

        Raises:
            ClickException: it failed.
        """
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "membership", name, *words], env=dict(self.env), start_new_session=True
        )
        self._running[name] = process
        if process.wait():
            raise click.ClickException(f"`membership {name}` failed; its message stands above.")
        del self._running[name]

    def refuse_fallen(self) -> None:
        """Say which process has ended by itself.

        Raises:
            ClickException: one has.
        """
        for name, process in self._running.items():
            if process.poll() is not None:
                raise click.ClickException(
                    f"`membership {name}` ended by itself ({process.returncode}); its message stands above."
                )

    def wait(self) -> None:
        """Stay until Ctrl-C, or until a process falls.

        Raises:
            ClickException: a process has ended by itself.
        """
        while True:
            time.sleep(0.5)
            self.refuse_fallen()


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def wait_until_answered(url: str, processes: Processes, *, seconds: int = 45) -> None:
    """Wait for the first answer of an address on this machine.

    Raises:
        ClickException: a process has ended, or nothing answers in time.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        processes.refuse_fallen()
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - loopback
                return
        except OSError:
            time.sleep(0.1)
    raise click.ClickException(f"{url} does not answer. Is another program in the way? Try --port.")


def show_links(port: int, sandbox_port: int, folder: Path) -> None:
    """Print where to look."""
    site = f"http://127.0.0.1:{port}"
    rows = (
        ("Front page", f"{site}/"),
        ("An article", f"{site}/articles/{SHOWN_ARTICLE}"),
        ("Staff desk", f"{site}/demo/desk"),
        ("Mailbox", f"{site}/demo/mailbox"),
        ("Sandbox", f"http://127.0.0.1:{sandbox_port}/  (card 4242 4242 4242 4242 pays)"),
    )
    console.print("\n[bold]Membership is running.[/bold]\n")
    for name, address in rows:
        console.print(f"  {name:<12} {address}")
    kept = os.path.relpath(folder / "env")
    console.print(f"\nCommands on it, in another window: . {kept}; .venv/bin/membership doctor\n")
