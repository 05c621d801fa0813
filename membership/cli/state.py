"""`membership state`: what the books and the closed rounds say at an instant, canonical to the byte."""

import json
from datetime import UTC, datetime

import click
from flask.cli import with_appcontext
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock
from membership.db import db
from membership.giving import stating
from membership.topics.models import Round

Json = dict[str, object]


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
    session = db.session()
    told = stating.state(session, instant) | {"tallies": tallies(session, instant)}
    click.echo(json.dumps(told, sort_keys=True, indent=1, ensure_ascii=False))


def tallies(session: Session, at: datetime) -> list[Json]:
    """The results of the rounds that have closed by then, by the rounds' public ids."""
    rows = session.scalars(
        select(Round).where(Round.closes_at <= at, Round.result_hash != "").order_by(Round.public_id)
    )
    return [{"round": row.public_id, "result": row.result, "hash": row.result_hash} for row in rows]
