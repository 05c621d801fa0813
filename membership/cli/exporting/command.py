"""The command: one folder, as of one instant, whole or not there at all; written down before the first byte."""

import os
import shutil
from collections.abc import Callable, Generator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from sqlalchemy.orm import Session

from membership import clock
from membership.cli.exporting import books, people, stories, votes
from membership.cli.exporting.files import write_csv
from membership.cli.snapshot import snapshot
from membership.db import db, run_unit
from membership.newsroom import audit
from membership.web.csvfiles import Cell

Rows = Callable[[Session, datetime], Generator[Sequence[Cell]]]
TABLES: tuple[tuple[str, Sequence[str], Rows], ...] = (
    ("patrons", people.PATRONS, people.patrons),
    ("coverage", people.COVERAGE, lambda session, _at: people.coverage(session)),
    ("subscriptions", people.SUBSCRIPTIONS, lambda session, _at: people.subscriptions(session)),
    ("gifts", people.GIFTS, lambda session, _at: people.gifts(session)),
    ("memberships-given", people.GIVEN, lambda session, _at: people.given(session)),
    ("ledger", books.LEDGER, lambda session, _at: books.ledger(session)),
    ("movements", books.MOVEMENTS, lambda session, _at: books.movements(session)),
    ("topics", votes.TOPICS, lambda session, _at: votes.topics(session)),
    ("rounds", votes.ROUNDS, lambda session, _at: votes.rounds(session)),
)
README = """The data of the newsroom as of {at} (UTC).

articles/<language>/  what is published, as Markdown with front matter: `membership import articles markdown FOLDER`
articles/<state>/     drafts, and what is scheduled or withdrawn, in the same form
media/                the pictures of the articles, in their own size
patrons.csv           who supports the newsroom; who wishes to be hidden is masked
coverage.csv          what covers whom, from when until when
subscriptions.csv     gifts that renew
gifts.csv             what has been paid: through Stripe, and outside of it
memberships-given.csv memberships for somebody else
ledger.csv            every line of the books; the lines of an entry add up to 0 in each currency
movements.csv         what changed the recurring sum, in twelfths of the smallest unit
topics.csv            what was proposed, and what became of it
rounds.csv            the votes, with their results
ballots/              the ballots of each closed round of 10 or more: `membership recount FILE`

Tables are CSV (RFC 4180, UTF-8). A patron is the same public id in all of them. Instants are UTC; amounts are in the
currency's own decimals, and currencies are never added. patrons.csv holds personal data: keep it as you keep keys.
"""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@with_appcontext
def export(folder: Path) -> None:
    """Write the newsroom's data to FOLDER in open formats: articles, patrons, gifts, topics, rounds, the ledger.

    FOLDER must not be there yet. It holds personal data, and only its owner can read it. That it was made is written
    into the audit trail. To move a newsroom to another machine as it is, use membership backup.

    Example: membership export newsroom-2026-11-28
    """
    if folder.exists():
        raise click.ClickException(f"{folder} is there already, and an export overwrites nothing.")
    session = db.session()
    aside = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        aside.mkdir(parents=True, mode=0o700)
        run_unit(session, partial(_write_down, session))
        counts = _write(session, aside)
        aside.rename(folder)
    except OSError as error:
        raise click.ClickException(f"{error.strerror}: {error.filename}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    click.echo(f"{folder}: " + ", ".join(f"{count} {what}" for what, count in counts.items()) + ".")
    click.echo("It holds personal data. Keep it as you keep keys.")


def _write_down(session: Session) -> None:
    audit.write(session, action="newsroom.exported", subject="newsroom", actor_id=None, actor="command")


def _write(session: Session, folder: Path) -> dict[str, int]:
    """Write everything as of one instant; how many of each."""
    counts: dict[str, int] = {}
    with snapshot(session), _progress() as progress:
        at = clock.now()
        (folder / "README.txt").write_text(README.format(at=f"{at:%Y-%m-%d %H:%M:%S}"), encoding="utf-8")
        task = progress.add_task("Articles", total=stories.count(session))
        for _file in stories.write(session, folder):
            counts["articles"] = counts.get("articles", 0) + 1
            progress.advance(task)
        counts["pictures"] = stories.copy_pictures(
            session, current_app.extensions["membership_media"], folder
        )
        task = progress.add_task("Tables", total=len(TABLES) + 1)
        for name, header, rows in TABLES:
            progress.update(task, description=name)
            counts[name] = write_csv(folder / f"{name}.csv", header, rows(session, at))
            progress.advance(task)
        counts["lists of ballots"] = votes.write_ballots(session, folder / "ballots")
        progress.advance(task)
    return counts


def _progress() -> Progress:
    columns = (TextColumn("{task.description:<18}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
