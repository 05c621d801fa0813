"""`membership serve`: the production server."""

import os
import sys

import click
from flask import current_app
from flask.cli import with_appcontext

from membership.cli.database import refuse_other_schema
from membership.db import db

GRANIAN = (
    "--interface=wsgi",
    "--http=1",  # what proxies speak to us; guessing the version of each connection costs time
    "--blocking-threads=8",
    "--backpressure=256",
    "--respawn-failed-workers",
    "--workers-kill-timeout=20",
)
ARENAS = "1"
"""How many heaps glibc keeps for a worker: with one for each thread it holds some 10 MiB that nobody uses."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, help="The port to listen on.")
@click.option("--workers", default=2, show_default=True, help="Worker processes.")
@with_appcontext
def serve(host: str, port: int, workers: int) -> None:
    """Serve the site with granian.

    Example: membership serve --host 0.0.0.0 --port 8000 --workers 2
    """
    refuse_other_schema()
    db.engine.dispose()
    click.echo(f"Serving {current_app.config['BASE_URL']} on http://{host}:{port} with {workers} workers.")
    sys.stdout.flush()
    # Granian takes this process's place: its workers begin with the app alone, not with every command of ours.
    os.environ.setdefault("MALLOC_ARENA_MAX", ARENAS)
    where = (f"--host={host}", f"--port={port}", f"--workers={workers}")
    words = ("-m", "granian", *GRANIAN, *where, "--factory", "membership.app:create_app")
    os.execv(sys.executable, (sys.executable, *words))  # noqa: S606 - our own words, and no shell
