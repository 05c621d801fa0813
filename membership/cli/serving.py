"""`membership serve`: the production server."""

import os
import sys

import click
from sqlalchemy import create_engine

from membership.cli import granian
from membership.revisions import refuse_other_schema
from membership.settings import Settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, help="The port to listen on.")
@click.option("--workers", default=2, show_default=True, help="Worker processes.")
def serve(host: str, port: int, workers: int) -> None:
    """Serve the site with granian.

    Example: membership serve --host 0.0.0.0 --port 8000 --workers 2
    """
    settings = Settings.from_environment()
    engine = create_engine(settings.database_url, hide_parameters=True)
    refuse_other_schema(engine)
    engine.dispose()
    click.echo(f"Serving {settings.base_url} on http://{host}:{port} with {workers} workers.")
    sys.stdout.flush()
    # Granian takes this process's place, and the app is imported by its workers only: it is the longest of a start.
    for name, value in granian.ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    words = granian.command(host=host, port=port, workers=workers)
    os.execv(sys.executable, words)  # noqa: S606 - our own words, and no shell
