"""`membership doctor`: is everything as it must be? Read-only.

Each feature brings its checks (`checking.CHECKS`), and cli.checking those of the house.
Exit codes: 0 clean, 1 findings, 2 could not run.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict

import click
from flask.cli import with_appcontext
from rich.console import Console
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from membership.articles import checking as articles
from membership.cli import checking as house
from membership.cli.snapshot import snapshot
from membership.db import db
from membership.giving import checking as giving
from membership.newsroom.findings import Check, Finding, Severity
from membership.revisions import OtherSchemaError, refuse_other_schema
from membership.topics import checking as topics

CHECKS: tuple[Check, ...] = (*house.CHECKS, *giving.CHECKS, *topics.CHECKS, *articles.CHECKS)
COULD_NOT_RUN = 2


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Write the findings as JSON.")
@with_appcontext
def doctor(*, as_json: bool) -> None:
    """Check books, rights, votes, trail and machine; change nothing.

    Exits 0 when clean, 1 with findings, 2 when it could not run.

    Example: membership doctor --json
    """
    try:
        refuse_other_schema(db.engine)
        findings = examine(db.session())
    except OtherSchemaError as error:
        _give_up(error.message)
    except DBAPIError as error:
        _give_up(f"The database cannot be read ({type(error).__name__}). Is it running?")
    else:
        _show(findings, as_json=as_json)
        raise SystemExit(1 if findings else 0)


def _give_up(sentence: str) -> None:
    click.echo(f"membership doctor: {sentence}", err=True)
    raise SystemExit(COULD_NOT_RUN)


def examine(session: Session) -> list[Finding]:
    """Every finding of every check, of the database as it was at one instant; nothing can be written meanwhile.

    Where the schema is not the release's, that alone is found: the other checks could not look.
    """
    with snapshot(session):
        if otherwise := house.schema_is_the_release_s(session):
            return otherwise
        return [finding for check in CHECKS for finding in check(session)]


def _show(findings: Sequence[Finding], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
        return
    console = Console(highlight=False)
    for finding in findings:
        color = "red" if finding.severity is Severity.RED else "yellow"
        console.print(
            f"[{color}]{finding.severity:<5}[/] {finding.check}  {finding.sentence} ({finding.count})"
        )
        if finding.ids:
            console.print(f"            {', '.join(finding.ids)}")
        if finding.repair:
            console.print(f"            to mend it: {finding.repair}")
    if not findings:
        console.print(f"[green]Clean.[/] {len(CHECKS)} checks found nothing.")
