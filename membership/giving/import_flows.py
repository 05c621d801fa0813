"""What `membership import patrons` does for each source, from what was asked for to the report. Commits by batches."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import click

from membership import clock
from membership.db import db
from membership.gateway import client, reading
from membership.gateway.errors import GatewayRefused
from membership.giving import adopting, candidates, foreseeing, import_reports, moving_in, totals
from membership.giving.candidates import Choice, Offer, Progress
from membership.giving.import_reports import Report
from membership.giving.sources import csvfiles, ghost, patreon, plain
from membership.giving.sources.members import Left, Member
from membership.newsroom import settings_rows
from membership.patrons import granting
from membership.patrons.elsewhere import Outcome


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
    _check_end(wish.complimentary_until)
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


def _check_end(last_day: date | None) -> None:
    """Refuse to grant to a day that is over, or beyond what may be granted.

    Raises:
        UsageError: it is one.
    """
    session = db.session()
    newsroom, now = settings_rows.current(session), clock.now()
    session.rollback()
    if last_day is None or last_day.year > now.year + 10:
        is_fine = last_day is None
    else:
        is_fine = now < granting.ends_with(last_day, newsroom) <= now + granting.MOST_AHEAD
    if not is_fine:
        raise click.UsageError("--complimentary-until takes a day to come, at most five years ahead.")


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
    if wish.is_dry:
        found, after = moving_in.look(session, read, progress)
    else:
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


FLOWS: dict[str, Callable[[Wish, Progress], Report]] = {
    "stripe": _from_stripe,
    "ghost": _from_ghost,
    "patreon": _from_elsewhere,
    "csv": _from_elsewhere,
}
