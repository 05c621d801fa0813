"""`membership state`: what the books and the closed rounds say at an instant, canonical to the byte."""

import json
from datetime import UTC, datetime

import click
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from membership import clock
from membership.cli.snapshot import snapshot
from membership.db import db
from membership.giving import stating as giving
from membership.topics import stating as topics


@click.command()
@click.option("--json", "as_json", is_flag=True, required=True, help="The one form there is.")
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"]),
    help="The instant (UTC); now unless given.",
)
@with_appcontext
def state(*, as_json: bool, at: datetime | None) -> None:
    """Write what is so at an instant: standing, gifts, ledger, movements, tallies. Equal books give equal bytes.

    Example: membership state --json --at 2026-11-01T00:00:00Z
    """
    del as_json  # the only form; named so that another may come
    instant = at.replace(tzinfo=UTC) if at is not None else clock.now().replace(microsecond=0)
    click.echo(canonical(db.session(), instant))


def canonical(session: Session, at: datetime) -> str:
    """The state at an instant as text, the same to the byte for equal books on either engine. Writes nothing."""
    with snapshot(session):
        told = giving.state(session, at) | {"tallies": topics.state(session, at)}
    return json.dumps(told, sort_keys=True, indent=1, ensure_ascii=False)
