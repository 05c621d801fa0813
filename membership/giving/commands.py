"""The commands of giving: reconcile, and what became of Stripe's events."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from membership import clock
from membership.db import db, run_unit, wait_longer
from membership.gateway import client
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving import applying, receiving, reconciling
from membership.giving.fields import Json, UnreadableObjectError
from membership.giving.models import Event, EventState
from membership.giving.reconciling import Found
from membership.newsroom import due, shield
from membership.newsroom.shield import Why

SHOWN = 200


@click.command()
@click.option("--since", type=click.DateTime(), help="Leave out what was made before this day (UTC).")
@with_appcontext
def reconcile(*, since: datetime | None) -> None:
    """Compare our books with Stripe's, name each difference, and repair it.

    Example: membership reconcile --since 2026-11-01
    """
    wait_longer(seconds=60)
    from_day = since.replace(tzinfo=UTC) if since is not None else None
    try:
        found = reconcile_showing(db.session(), from_day)
    except GatewayUnavailable:
        raise click.ClickException(
            "Stripe cannot be reached. What was compared so far is kept: run membership reconcile again."
        ) from None
    except GatewayRefused as refused:
        raise click.ClickException(
            f"Stripe refused ({refused.code}). Check MEMBERSHIP_STRIPE_SECRET_KEY."
        ) from None
    _print(found)


def reconcile_showing(session: Session, since: datetime | None) -> Found:
    """Compare our books with Stripe's, as giving.reconciling does, showing on the terminal how far it is.

    Raises:
        GatewayUnavailable, GatewayRefused: as giving.reconciling.reconcile.
    """
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Reading Stripe's lists")
        counts: dict[str, int] = {}

        def show(kind: str, count: int) -> None:
            counts[kind] = counts.get(kind, 0) + count
            step = f"{reconciling.LISTS.index(kind) + 1} of {len(reconciling.LISTS)}"
            progress.update(task, description=f"{step}, {kind.replace('_', ' ')}s: {counts[kind]:,} compared")

        return reconciling.reconcile(session, client.current(), since=since, progress=show)


def _print(found: Found) -> None:
    for difference in found.differences[:SHOWN]:
        click.echo(difference.sentence)
    if found.count > SHOWN:
        click.echo(f"… and {found.count - SHOWN} more.")
    ending = ", and what is ours to repair is repaired" if found.count else ""
    click.echo(f"{found.count} differences in {found.read} objects{ending}.")
    if not found.is_whole:
        click.echo(
            "This run went on where one was cut off; run it again from the start to let months be sealed."
        )
    for month in found.sealed:
        click.echo(f"{month:%Y-%m} is sealed.")


events = AppGroup("events", help="Stripe's events: replay a file of them, retry those that failed.")


@events.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def replay(file: Path) -> None:
    """Store and apply the events of FILE (JSON lines), as if Stripe had delivered them.

    Example: membership events replay events.jsonl
    """
    session = db.session()
    is_live = current_app.extensions["membership_settings"].is_live
    counts: dict[str, int] = {}
    for number, event in _lines(file):
        try:
            _, outcome, _ = run_unit(
                session, partial(receiving.store, session, event, at=clock.now(), is_live=is_live)
            )
        except UnreadableObjectError as error:
            raise click.ClickException(f"Line {number} is no event of Stripe's: {error}.") from None
        counts[outcome] = counts.get(outcome, 0) + 1
    applied = applying.apply_all(session)
    due.apply_all(session)
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    click.echo(f"{told or 'No events'}; {applied} applied.")


def _lines(file: Path) -> Iterator[tuple[int, Json]]:
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                event = json.loads(line)
            except ValueError:
                raise click.ClickException(f"Line {number} is not JSON.") from None
            if not isinstance(event, dict):
                raise click.ClickException(f"Line {number} is no event of Stripe's.")
            yield number, event


@events.command()
@click.argument("event_ids", nargs=-1)
def retry(event_ids: tuple[str, ...]) -> None:
    """Apply again the events that failed or were given up; all of them unless EVENT_IDS are named.

    Example: membership events retry evt_1
    """
    session = db.session()
    count = run_unit(session, partial(_revive, session, event_ids))
    held = applying.apply_all(session)
    left = session.scalars(select(Event.id).where(Event.state == EventState.FAILED)).all()
    click.echo(f"{count} events to try again; {held} applied, {len(left)} still failing.")
    if left:
        raise SystemExit(1)


def _revive(session: Session, event_ids: tuple[str, ...]) -> int:
    where = [Event.state.in_((EventState.FAILED, EventState.DEAD))]
    if event_ids:
        where.append(Event.id.in_(event_ids))
    found = session.scalars(select(Event.id).where(*where)).all()
    session.execute(
        update(Event)
        .where(Event.id.in_(found))
        .values(state=EventState.RECEIVED, tries=0, next_try_at=clock.now())
    )
    return len(found)


@click.command("shield")
@click.argument("state", type=click.Choice(["on", "off"]), required=False)
@with_appcontext
def shield_command(state: str | None) -> None:
    """Switch protected mode on or off, or say how it stands: strangers prove to be a person before they pay.

    It begins by itself when payments of strangers fail in a burst, and ends after half an hour of quiet.

    Example: membership shield on
    """
    session = db.session()
    if state == "on":
        run_unit(session, partial(shield.put_up, session, Why.STAFF))
    elif state == "off":
        run_unit(session, partial(shield.take_down, session))
    standing = shield.current(session)
    if standing is None:
        click.echo("Protected mode is off.")
    elif standing.until is None:
        click.echo(
            f"Protected mode is on since {standing.since:%Y-%m-%d %H:%M} UTC, until it is switched off."
        )
    else:
        click.echo(
            f"Protected mode is on since {standing.since:%Y-%m-%d %H:%M} UTC ({standing.why}),"
            f" until {standing.until:%H:%M} UTC unless there is more reason."
        )
