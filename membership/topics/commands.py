"""The command that counts a round again: `membership recount`."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import click
from flask.cli import ScriptInfo

from membership.db import begin_reading, db, end_reading
from membership.topics import ballot_lists, counting, queries, tallying
from membership.topics.ballot_lists import BallotListError
from membership.topics.counting import Outcome
from membership.topics.models import Round

COULD_NOT_RUN = 2


@click.command()
@click.argument("round_or_file", metavar="ROUND|FILE")
@click.pass_context
def recount(context: click.Context, round_or_file: str) -> None:
    """Count a closed round again and compare with its published result.

    ROUND is the id in the round's address, counted from the database. FILE is a ballots.csv as downloaded from the
    round's page; it is all that is needed: no settings, no database. Exits 0 when the results are equal, 1 when they
    differ, 2 when it could not run.

    \b
    Example: membership recount 4t9x2k7m1c0p8qza
             membership recount ballots.csv
    """  # noqa: D301 - \b is click's mark for lines to leave alone
    path = Path(round_or_file)
    if path.suffix == ".csv" or path.exists():
        equal = _recount_file(path)
    else:
        with context.ensure_object(ScriptInfo).load_app().app_context():
            equal = _recount_round(round_or_file)
    click.echo(
        "The recount equals the published result."
        if equal
        else "The recount DIFFERS from the published result."
    )
    raise SystemExit(0 if equal else 1)


def _recount_file(path: Path) -> bool:
    try:
        if path.stat().st_size > ballot_lists.MOST_BYTES:
            raise BallotListError("it is too large to be a list of ballots")
        told = ballot_lists.read(path.read_bytes().decode())
    except OSError as error:
        _give_up(f"{path} cannot be read ({error.strerror}).")
    except (ValueError, csv.Error) as error:
        _give_up(f"{path} is no list of ballots: {error}.")
    outcome = told.count()
    _show(outcome, told.titles)
    return told.agrees_with(outcome)


def _recount_round(public_id: str) -> bool:
    token = begin_reading()
    try:
        session = db.session()
        round_ = queries.round_(session, public_id)
        if round_ is None:
            _give_up(f"There is no round {public_id}, and no file of that name.")
        if not round_.is_closed:
            _give_up(f"The round closes at {round_.closes_at:%Y-%m-%d %H:%M} UTC; nothing is counted before.")
        outcome = tallying.recounted(session, round_)
        topics = queries.topics_by_id(session, list(outcome.tally))
        _tell(round_, outcome, {public_id: topics[public_id].title for public_id in outcome.tally})
        return _is_published(round_, outcome)
    finally:
        db.session.rollback()
        end_reading(token)


def _tell(round_: Round, outcome: Outcome, titles: Mapping[str, str]) -> None:
    click.echo(f"{round_.title} (closed {round_.closes_at:%Y-%m-%d %H:%M} UTC)")
    if round_.result["is_recountable"]:
        _show(outcome, titles)
    else:
        winners = ", ".join(titles[topic] for topic in outcome.winners) or "none"
        click.echo(f"{outcome.ballots} ballots: too few to show the tally. Winner: {winners}.")
    click.echo(f"Hash of the result: {round_.result_hash}")


def _is_published(round_: Round, outcome: Outcome) -> bool:
    said = round_.result
    return (
        round_.result_hash == tallying.hash_of(said)
        and outcome.ballots == said["counted"]
        and outcome.tally == said["tally"]
        and outcome.winners == said["winning"]
    )


def _show(outcome: Outcome, titles: Mapping[str, str]) -> None:
    click.echo(f"{outcome.ballots} ballots.")
    for topic in counting.ranking(list(titles), outcome.tally):
        mark = "  winner" if topic in outcome.winners else ""
        click.echo(f"{outcome.tally[topic]:>6}  {titles[topic]}{mark}")


def _give_up(sentence: str) -> NoReturn:
    click.echo(f"membership recount: {sentence}", err=True)
    raise SystemExit(COULD_NOT_RUN)
