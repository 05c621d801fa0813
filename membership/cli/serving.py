"""`membership serve`: the production server."""

import click
from flask import current_app
from flask.cli import with_appcontext
from granian.constants import HTTPModes, Interfaces
from granian.server import Server

from membership.cli.database import refuse_other_schema


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
    click.echo(f"Serving {current_app.config['BASE_URL']} on http://{host}:{port} with {workers} workers.")
    server = Server(
        "membership.app:create_app",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,  # what proxies speak to us; guessing the version of each connection costs time
        workers=workers,
        blocking_threads=8,
        backpressure=256,
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=20,
    )
    server.serve()
