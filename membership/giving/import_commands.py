"""The command of moving in: `membership import patrons SOURCE [FILE]`."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress as Shown
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from membership import clock
from membership.articles.commands import imports
from membership.articles.sources.items import ImportFileError
from membership.db import db, wait_longer
from membership.gateway import client, reading
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving import adopting, candidates, foreseeing, import_reports, moving_in, totals
from membership.giving.candidates import Choice, Offer, Progress
from membership.giving.import_reports import Report
from membership.giving.sources import csvfiles, ghost, patreon, plain
from membership.giving.sources.members import Left, Member
from membership.patrons.elsewhere import Outcome

SOURCES = ("stripe", "ghost", "patreon", "csv")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What was asked for on the command line."""

    source: str
    file: Path | None
    is_dry: bool
    products: frozenset[str]
    prices: frozenset[str]
    everything: bool
    platform: str
    complimentary_until: date | None


@imports.command("patrons")
@click.argument("source", type=click.Choice(SOURCES))
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

    Nobody is mailed. Run again, it changes nothing; cut off, it goes on. Exits 1 if nothing can be read.

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
        with _progress() as progress:
            report = _FLOWS[source](wish, progress)
    except ImportFileError as error:
        raise click.ClickException(str(error)) from None
    except GatewayUnavailable:
        raise click.ClickException(
            "Stripe cannot be reached. What has been taken is kept: run the same command again."
        ) from None
    except GatewayRefused as refused:
        raise click.ClickException(
            f"Stripe refused ({refused.code}). Check MEMBERSHIP_STRIPE_SECRET_KEY."
        ) from None
    import_reports.show(report, is_dry=dry_run)


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


def _from_stripe(wish: Wish, progress: Progress) -> Report:
    choice = Choice(everything=wish.everything, products=wish.products, prices=wish.prices)
    if not choice.is_made:
        _ask_for_choice(wish, progress)
    report, _survey = _adopt(wish, choice, {}, progress)
    return report


def _ask_for_choice(wish: Wish, progress: Progress) -> None:
    """Say what there is on the account, since nothing was chosen.

    Raises:
        ClickException, Exit: always; nothing is done.
    """
    found = _survey(Choice(), progress)
    click.echo("Subscriptions on this account that could be adopted, by product:")
    for product, offer in sorted(found.offers.items(), key=lambda item: -item[1].count):
        click.echo(f"  {product}  {_name_of(product)}: {_offered(offer)}")
    if not found.offers:
        click.echo("  none")
    click.echo(f"{found.unchanged} are ours already.")
    told = "Choose: --product ID (as often as you like), --price ID, or --all for every subscription."
    if not wish.is_dry:
        raise click.ClickException(f"Nothing was chosen, so nothing was done. {told}")
    click.echo(told)
    raise click.exceptions.Exit(0)


def _name_of(product_id: str) -> str:
    try:
        return str(reading.get(client.current(), "product", product_id).body.get("name") or "without a name")
    except GatewayRefused:
        return "deleted"


def _offered(offer: Offer) -> str:
    gifts = "1 gift" if offer.count == 1 else f"{offer.count} gifts"
    return f"{gifts}, {import_reports.money(offer.twelfths)} a month"


def _survey(choice: Choice, progress: Progress) -> candidates.Survey:
    session = db.session()
    done = adopting.done(session)
    session.rollback()
    return candidates.survey(client.current(), choice, now=clock.now(), done=done, progress=progress)


def _adopt(
    wish: Wish, choice: Choice, members: Mapping[str, Member], progress: Progress
) -> tuple[Report, candidates.Survey]:
    session, gateway = db.session(), client.current()
    found = _survey(choice, progress)
    before = totals.current(session)
    session.rollback()
    left, count = list(found.left), len(found.candidates)
    if wish.is_dry:
        unread: list[Left] = []
        after = foreseeing.after_adopting(session, gateway, found.candidates, unread, progress)
        left, count = left + unread, count - len(unread)
    else:
        adopted = adopting.adopt(
            session, gateway, found.candidates, source=wish.source, members=members, progress=progress
        )
        left, count = left + adopted.left, adopted.taken
        after = totals.current(session)
        session.rollback()
    told = "would be adopted" if wish.is_dry else "adopted"
    line = f"{count} subscriptions {told}, {found.unchanged} are ours already, {len(left)} not taken."
    return Report(before=before, after=after, lines=[line], left=left), found


def _from_ghost(wish: Wish, progress: Progress) -> Report:
    file, session = _file(wish), db.session()
    told = list(moving_in.unique(ghost.read(file, wish.complimentary_until)))
    progress("rows read", len(told))
    members = {one.customer_id: one for one in told if isinstance(one, Member) and one.customer_id}
    choice = Choice(customers=frozenset(members), products=wish.products, prices=wish.prices)
    report, survey = _adopt(wish, choice, members, progress)
    rows = [Left(members[one.customer_id].row, one.reason) for one in report.left]
    rows += [
        Left(member.row, "its customer has no subscription on this Stripe account")
        for customer_id, member in members.items()
        if customer_id not in survey.customers
    ]
    report.left = [one for one in told if isinstance(one, Left)] + rows
    complimentary = [one for one in told if isinstance(one, Member) and not one.customer_id]
    if complimentary:
        _take_complimentary(wish, report, complimentary)
    if not wish.is_dry:
        report.after = totals.current(session)
        session.rollback()
    return report


def _take_complimentary(wish: Wish, report: Report, members: list[Member]) -> None:
    if wish.is_dry:
        new = moving_in.newly_active(db.session(), members)
        report.after = replace(report.after, patrons=report.after.patrons + new)
        report.lines.append(f"{len(members)} complimentary members would be granted a membership.")
        return
    outcomes = moving_in.grant_complimentary(db.session(), members)
    report.lines.append(
        f"{outcomes[Outcome.MADE]} complimentary members were granted a membership, "
        f"{outcomes[Outcome.UNCHANGED]} have one."
    )


def _from_elsewhere(wish: Wish, progress: Progress) -> Report:
    file, session = _file(wish), db.session()
    read = _reader(wish, file)
    before = totals.current(session)
    session.rollback()
    found, after = moving_in.look(session, read, progress)
    if not wish.is_dry:
        found = moving_in.take(session, read, progress)
        after = totals.current(session)
        session.rollback()
    counts, would_be = found.outcomes, "would be " if wish.is_dry else ""
    line = (
        f"{counts[Outcome.MADE]} {would_be}taken, {counts[Outcome.PROLONGED]} {would_be}prolonged, "
        f"{counts[Outcome.UNCHANGED]} unchanged, {len(found.left)} rows not taken."
    )
    return Report(before=before, after=after, lines=[line], left=found.left)


def _reader(wish: Wish, file: Path) -> moving_in.Read:
    if wish.source == "patreon":
        return lambda: patreon.read(file)
    return lambda: plain.read(file, wish.platform)


def _file(wish: Wish) -> Path:
    """The file that was given, with a word about its encoding if that is not what it should be."""
    if wish.file is None:
        raise click.UsageError("Give the file.")
    warning = csvfiles.encoding(wish.file)[1]
    if warning:
        click.echo(warning)
    return wish.file


_FLOWS: dict[str, Callable[[Wish, Progress], Report]] = {
    "stripe": _from_stripe,
    "ghost": _from_ghost,
    "patreon": _from_elsewhere,
    "csv": _from_elsewhere,
}


COMMANDS: tuple[click.Command, ...] = (imports,)
"""Articles and patrons are taken by one command."""
