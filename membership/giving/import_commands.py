"""The command of moving in: `membership import patrons SOURCE [FILE]`."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress as Shown
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from membership.articles import running
from membership.articles.commands import busy, imports
from membership.articles.errors import ImportRunningError
from membership.articles.sources.items import ImportFileError
from membership.db import db, wait_longer
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving import import_flows, import_reports
from membership.giving.candidates import Progress
from membership.giving.import_flows import Wish
from membership.giving.import_reports import Report
from membership.giving.sources import plain


@imports.command("patrons")
@click.argument("source", type=click.Choice(list(import_flows.FLOWS)))
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing, here or at Stripe.")
@click.option(
    "--product", "products", multiple=True, help="Adopt gifts of this product of Stripe's; repeatable."
)
@click.option("--price", "prices", multiple=True, help="Adopt gifts of this price of Stripe's; repeatable.")
@click.option("--all", "everything", is_flag=True, help="Adopt every subscription of the Stripe account.")
@click.option("--platform", default="", help="Where the people of a csv support you, as they know it.")
@click.option(
    "--complimentary-until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Grant Ghost's complimentary members a membership to the end of this day.",
)
def import_patrons(
    source: str,
    file: Path | None,
    *,
    dry_run: bool,
    products: tuple[str, ...],
    prices: tuple[str, ...],
    everything: bool,
    platform: str,
    complimentary_until: datetime | None,
) -> None:
    """Take patrons from SOURCE: a Stripe account that is in use, Ghost, Patreon, or a plain CSV.

    stripe adopts subscriptions of the account of MEMBERSHIP_STRIPE_SECRET_KEY with their billing dates and their
    past; choose them by --product or --price, or take --all. ghost FILE adopts those of the members in FILE. patreon
    FILE and csv FILE make patrons with a grant to the day they are paid to, marked as supporting you elsewhere.

    Nobody is mailed. Run again, it changes nothing; cut off, it goes on. Exits 1 if nothing can be read or another
    import is at work.

    \b
    Example: membership import patrons stripe --product prod_123 --dry-run
    """  # noqa: D301 - Click's mark for lines that are not rewrapped
    wish = Wish(
        source=source,
        file=file,
        is_dry=dry_run,
        products=frozenset(products),
        prices=frozenset(prices),
        everything=everything,
        platform=platform.strip(),
        complimentary_until=complimentary_until.date() if complimentary_until else None,
    )
    _check(wish)
    wait_longer(seconds=60)
    try:
        report = _run(wish)
    except ImportFileError as error:
        raise click.ClickException(str(error)) from None
    except ImportRunningError as error:
        db.session.rollback()
        raise click.ClickException(busy(error)) from None
    except GatewayUnavailable:
        raise click.ClickException(
            "Stripe cannot be reached. What has been taken is kept: run the same command again."
        ) from None
    except GatewayRefused as refused:
        raise click.ClickException(
            f"Stripe refused ({refused.code}). Check MEMBERSHIP_STRIPE_SECRET_KEY."
        ) from None
    import_reports.show(report, is_dry=dry_run)


def _run(wish: Wish) -> Report:
    """Take, while no other import is at work.

    Raises:
        ImportRunningError: one is.
    """
    with running.alone(db.session(), is_dry=wish.is_dry) as run, _progress() as shown:

        def note(what: str, count: int) -> None:
            shown(what, count)
            run.goes_on()

        return import_flows.FLOWS[wish.source](wish, note)


def _check(wish: Wish) -> None:
    """Refuse what does not go together.

    Raises:
        UsageError: it does not.
    """
    needs_file = wish.source != "stripe"
    if needs_file and wish.file is None:
        raise click.UsageError(f"Give the file: membership import patrons {wish.source} FILE")
    if not needs_file and wish.file is not None:
        raise click.UsageError("stripe reads the account itself and takes no file.")
    if wish.source in {"patreon", "csv"} and (wish.products or wish.prices or wish.everything):
        raise click.UsageError("--product, --price and --all choose among Stripe's subscriptions only.")
    if wish.everything and (wish.products or wish.prices):
        raise click.UsageError("Say --all, or which products and prices; not both.")
    if wish.platform and wish.source != "csv":
        raise click.UsageError("--platform names where the people of a csv are from.")
    if len(wish.platform) > plain.MOST_PLATFORM:
        raise click.UsageError(f"--platform takes at most {plain.MOST_PLATFORM} letters.")
    if wish.complimentary_until is not None and wish.source != "ghost":
        raise click.UsageError("--complimentary-until is for Ghost's complimentary members.")


@contextmanager
def _progress() -> Iterator[Progress]:
    """How far it is, on a terminal; nothing where the output is read by a program."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Shown(*columns, console=Console(stderr=True), transient=True) as shown:
        task, counts = shown.add_task("Reading"), defaultdict[str, int](int)

        def note(what: str, count: int) -> None:
            counts[what] += count
            shown.update(task, description=f"{counts[what]:,} {what}")

        yield note


"""Articles and patrons are taken by one command."""
