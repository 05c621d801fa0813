"""`membership seed`: writes a history into the database, into a file, and into a sandbox that runs."""

import itertools
import json
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from membership import clock
from membership.appeals import queries
from membership.appeals.models import Campaign, Showing
from membership.articles.models import Article, ArticleState
from membership.cli import demonstration, demonstration_gifts
from membership.cli.pacing import Pace
from membership.cli.seed.generating import Plan, generate
from membership.cli.seed.lives import Given
from membership.cli.seed.objects import Object
from membership.cli.seed.people import Source
from membership.db import db, wait_longer
from membership.giving import loading, receipts_of_payments
from membership.giving.models import Checkout, CheckoutState, Interval
from membership.newsroom import settings_rows
from membership.newsroom.settings_rows import NewsroomSettings
from membership.secrets import blind_index
from membership.settings import Settings

PATRONS_AT_ONCE = 100
LINES_AT_ONCE = 4_000


@click.command()
@click.option("--patrons", default=2000, show_default=True, help="How many people give.")
@click.option("--months", default=24, show_default=True, help="Over how many months.")
@click.option("--seed", default=7, show_default=True, help="Another number, another history.")
@click.option("--until", type=click.DateTime(), help="Where the history ends (UTC); now unless given.")
@click.option(
    "--file", type=click.Path(path_type=Path), help="Where the Stripe objects are written, a line each."
)
@click.option(
    "--demonstration",
    "is_demonstration",
    is_flag=True,
    help="Also vote in the demonstration's rounds, and enter what came beside Stripe.",
)
@with_appcontext
def seed(
    *, patrons: int, months: int, seed: int, until: datetime | None, file: Path | None, is_demonstration: bool
) -> None:
    """Make up a newsroom's history: the same numbers give the same history.

    The objects go into the database, into FILE, and into the sandbox when one runs.

    Example: membership seed --patrons 200 --months 12
    """
    settings: Settings = current_app.extensions["membership_settings"]
    if settings.is_live:
        raise click.ClickException("A made-up history has no place beside real money. Use a test key.")
    end = until.replace(tzinfo=UTC) if until else clock.now().replace(minute=0, second=0, microsecond=0)
    file = file or settings.data_dir / "history.jsonl"
    wait_longer(seconds=60)
    session = db.session()
    count = write(session, Plan(patrons, months, end, seed), file=file)
    if settings.uses_sandbox:
        load_sandbox(settings.stripe_api_base, settings.stripe_secret_key, file)
    if is_demonstration:
        demonstration_gifts.write(session)
        demonstration.vote(session)
    click.echo(f"{count} objects of {patrons} patrons over {months} months.")


def write(session: Session, plan: Plan, *, file: Path) -> int:
    """Generate a history into the database and a file, showing progress; how many Stripe objects it has.

    Commits every hundred patrons, so that the site answers in between.
    """
    newsroom = settings_rows.current(session)
    sources = sources_of(session)
    campaigns = queries.campaigns(session)
    session.expunge_all()
    session.rollback()
    count = 0
    columns = (TextColumn("Patrons and their gifts"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress, file.open("w") as lines:
        task, pace = progress.add_task("", total=plan.patrons), Pace()
        for batch in _batches(generate(plan, sources=sources, fee=newsroom.fee_rate)):
            objects = [made for told, _given in batch for made in told]
            given = [one for _told, gifts in batch for one in gifts]
            if given:
                session.execute(insert(Checkout), [_row(one, newsroom, campaigns) for one in given])
            loading.load(session, objects, as_of=plan.until)
            session.commit()
            pace.rest()
            lines.writelines(json.dumps(made, separators=(",", ":")) + "\n" for made in objects)
            count += len(objects)
            progress.advance(task, len(batch))
    receipts_of_payments.issue_missing(session)
    return count


def sources_of(session: Session) -> list[Source]:
    """The published articles that gifts may be credited to, each with the slot of its appeal."""
    slots = dict(
        session.execute(select(Showing.article_id, Showing.public_id).order_by(Showing.id.desc())).all()
    )
    found = session.execute(
        select(Article.id, Article.slug, Article.published_at)
        .where(Article.state == ArticleState.PUBLISHED)
        .order_by(Article.published_at, Article.id)
    )
    return [
        Source(article_id, slug, slots.get(article_id, ""), published_at, 1 + number * 7 % 5)
        for number, (article_id, slug, published_at) in enumerate(found)
        if published_at is not None
    ]


def load_sandbox(address: str, key: str, file: Path) -> None:
    """Give a running sandbox the same objects, some thousand at a time.

    Raises:
        ClickException: it does not answer.
    """
    columns = (TextColumn("The sandbox learns of them"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress, file.open("rb") as lines:
        task = progress.add_task("", total=file.stat().st_size)
        while part := b"".join(itertools.islice(lines, LINES_AT_ONCE)):
            _load_part(address, key, part)
            progress.advance(task, len(part))


def _load_part(address: str, key: str, part: bytes) -> None:
    request = urllib.request.Request(  # noqa: S310 - settings allow loopback only
        f"{address}/_sandbox/load",
        data=part,
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"},
    )
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310 - as above
            answer.read()
    except OSError as error:
        raise click.ClickException(
            f"The sandbox at {address} did not take the history ({error}). Start it: membership sandbox"
        ) from None


Told = tuple[list[Object], list[Given]]


def _batches(told: Iterable[Told]) -> Iterator[list[Told]]:
    iterator = iter(told)
    while batch := list(itertools.islice(iterator, PATRONS_AT_ONCE)):
        yield batch


def _row(given: Given, newsroom: NewsroomSettings, campaigns: Sequence[Campaign]) -> dict[str, object]:
    """Our own row of a try to give that came to a payment."""
    person, source = given.person, given.source
    return {
        "public_id": given.public_id,
        "form_key": given.public_id,
        "created_at": given.at,
        "amount": given.amount,
        "covered_fee": given.covered_fee,
        "currency": person.currency,
        "interval": Interval(given.interval),
        "smallest_monthly": newsroom.smallest(person.currency, "month"),
        "email": person.email,
        "email_index": blind_index(person.email),
        "language": person.language,
        "name": person.name,
        "article_id": source.article_id if source else None,
        "slot": source.slot if source else "",
        "campaign": _campaign_of(given, campaigns),
        "state": CheckoutState.COMPLETE,
    }


def _campaign_of(given: Given, campaigns: Sequence[Campaign]) -> str:
    """The campaign that ran when somebody gave under an article, in its currency."""
    running = (
        campaign.slug
        for campaign in campaigns
        if campaign.currency == given.person.currency and campaign.starts_at <= given.at < campaign.ends_at
    )
    return next(running, "") if given.source is not None else ""
