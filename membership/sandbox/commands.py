"""`membership sandbox`: the stand-in for Stripe on this machine, and `membership sandbox advance`."""

import http.client
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from membership.sandbox.errors import ApiError
from membership.sandbox.queue import Knobs
from membership.sandbox.rules import DEFAULT_SECRET_KEY, DEFAULT_WEBHOOK_SECRET
from membership.sandbox.server import DEFAULT_PORT, LiveKeyError, NotLoopbackError, Sandbox, serve
from membership.sandbox.steps import UnclearStepError, after

_DAY = 86_400


@click.group("sandbox", invoke_without_command=True, help="Run a local stand-in for Stripe.")
@click.option("--port", default=DEFAULT_PORT, show_default=True, help="Port on this machine.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback address to bind.")
@click.option(
    "--load", "load", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="JSON lines to load."
)
@click.option(
    "--store", type=click.Path(dir_okay=False, path_type=Path), help="Keep the account in this file."
)
@click.option(
    "--clock-file", type=click.Path(dir_okay=False, path_type=Path), help="Tell the app the time here."
)
@click.option("--seed", type=int, help="Same seed, same ids and same chance.")
@click.option(
    "--duplicate", type=click.FloatRange(0, 1), default=0.0, help="Chance that an event comes twice."
)
@click.option(
    "--reorder", type=click.FloatRange(0, 1), default=0.0, help="Chance that an event comes out of order."
)
@click.option(
    "--delay", type=click.FloatRange(0), default=0.0, help="Seconds by which every event comes late."
)
@click.option("--drop", type=click.FloatRange(0, 1), default=0.0, help="Chance that an event never comes.")
@click.option("--webhook-url", help="Where events go, beside endpoints registered through the API.")
@click.option(
    "--webhook-secret", default=DEFAULT_WEBHOOK_SECRET, show_default=True, help="Signs those events."
)
@click.option("--secret-key", default=DEFAULT_SECRET_KEY, show_default=True, help="The only key taken.")
@click.pass_context
def sandbox_command(context: click.Context, /, **options: object) -> None:
    """Run the sandbox until Ctrl-C, unless a command follows."""
    if context.invoked_subcommand is None:
        _run(options)


def _run(options: dict[str, object]) -> None:
    console = Console()
    sandbox = _sandbox(options)
    sandbox.deliveries.knobs.__dict__.update(
        vars(Knobs(**{name: float(str(options[name])) for name in ("duplicate", "reorder", "delay", "drop")}))
    )
    try:
        server = serve(sandbox, host=str(options["host"]), port=int(str(options["port"])))
    except NotLoopbackError as error:
        raise click.ClickException(f"The sandbox binds loopback addresses only, not {error}.") from error
    except OSError as error:
        raise click.ClickException(f"Port {options['port']} is taken; choose another with --port.") from error
    try:
        # After binding, so that callers wait instead of being refused until everything is loaded.
        if isinstance(options["load"], Path):
            _load(sandbox, options["load"], console)
        sandbox.deliveries.start()
        console.print(
            f"Sandbox on {sandbox.url} · key {sandbox.secret_key} · no real money. Ctrl-C stops it."
        )
        server.serve_forever()
    except KeyboardInterrupt:
        console.print("Stopped.")
    finally:
        sandbox.deliveries.stop()
        server.server_close()


def _sandbox(options: dict[str, object]) -> Sandbox:
    url, seed, clock_file = options["webhook_url"], options["seed"], options["clock_file"]
    try:
        return Sandbox(
            secret_key=str(options["secret_key"]),
            webhook_secret=str(options["webhook_secret"]),
            webhook_url=str(url) if url else None,
            store=str(options["store"]) if options["store"] else None,
            seed=seed if isinstance(seed, int) else None,
            clock_file=clock_file if isinstance(clock_file, Path) else None,
        )
    except LiveKeyError as error:
        raise click.ClickException("The sandbox takes test keys only (sk_test_…, rk_test_…).") from error


def _load(sandbox: Sandbox, file: Path, console: Console) -> None:
    with _progress(console) as progress:
        task = progress.add_task(f"Loading {file.name}", total=file.stat().st_size)

        def lines() -> Iterator[bytes]:
            with file.open("rb") as opened:
                for line in opened:
                    progress.advance(task, len(line))
                    yield line

        try:
            count = sandbox.load(lines())
        except ApiError as error:
            raise click.ClickException(str(error)) from error
    console.print(f"{count:,} objects loaded.")


def _progress(console: Console) -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console)


@sandbox_command.command(
    "advance", help='Move the running sandbox on: "1month", "3 days", "12h" is not understood.'
)
@click.argument("step", nargs=-1, required=True)
@click.option("--port", default=DEFAULT_PORT, show_default=True, help="Where the sandbox runs.")
def advance(step: tuple[str, ...], port: int) -> None:
    """Live through a length of time, a day at a time, and show how far it is."""
    now = int(_ask(port, "GET", "/_sandbox/clock")["now"])
    try:
        target = after(now, " ".join(step))
    except UnclearStepError as error:
        raise click.ClickException(f"“{error}” is no length of time; try 1hour, 3days or 1month.") from error
    console = Console()
    with _progress(console) as progress:
        task = progress.add_task("Moving on", total=target - now)
        while now < target:
            reached = min(now + _DAY, target)
            _ask(port, "POST", "/_sandbox/advance", {"to": str(reached)})
            progress.advance(task, reached - now)
            now = reached
    console.print(f"It is now {datetime.fromtimestamp(now, UTC):%d %B %Y, %H:%M} UTC in the sandbox.")


def _ask(port: int, method: str, path: str, form: dict[str, str] | None = None) -> dict[str, int]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, urlencode(form or {}), headers)
        answer = connection.getresponse()
        text = answer.read()
    except OSError as error:
        raise click.ClickException(
            f"No sandbox answers on port {port}; start one with “membership sandbox”."
        ) from error
    finally:
        connection.close()
    if answer.status != 200:
        raise click.ClickException(f"The sandbox refused ({answer.status}).")
    result: dict[str, int] = json.loads(text)
    return result
