"""The commands of receipts: issue what is missing, and write a whole year into a folder."""

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import click
from flask.cli import AppGroup
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from membership import clock
from membership.db import db, run_unit, wait_longer
from membership.giving import (
    letterhead,
    receipts_of_payments,
    receipts_paper,
    receipts_shown,
    statements,
)
from membership.giving.models import Receipt, ReceiptYear
from membership.giving.receipt_routes import statement_paper
from membership.money import Money
from membership.newsroom import audit, settings_rows
from membership.newsroom.settings_rows import NewsroomSettings
from membership.patrons import revealing
from membership.patrons.models import Patron, Visibility

AT_ONCE = 200
HEADER = (
    "receipt",
    "given_on",
    "amount",
    "currency",
    "source",
    "reference",
    "issued_on",
    "state",
    "replaces",
)

receipts_group = AppGroup("receipts", help="Receipts: issue those that are missing, write a year of them.")


@receipts_group.command()
@click.option("--year", type=int, help="Only gifts of this year.")
def issue(*, year: int | None) -> None:
    """Issue receipts for all payments that have none, in the order in which they settled.

    Example: membership receipts issue --year 2026
    """
    wait_longer(seconds=60)

    def show(one: int, count: int) -> None:
        click.echo(f"{one}: {count}")

    count = receipts_of_payments.issue_missing(db.session(), year=year, progress=show)
    click.echo(f"{count} receipts issued.")


@receipts_group.command()
@click.argument("year", type=click.IntRange(1970, 9998))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--statements", "as_statements", is_flag=True, help="One statement a patron, not one file a receipt."
)
def write(year: int, folder: Path, *, as_statements: bool) -> None:
    """Write the receipts of YEAR into FOLDER as PDF, with a list of all their numbers.

    Files that are there already are kept, so a run that was stopped goes on. Hidden patrons stay hidden.

    Example: membership receipts write 2026 receipts-2026
    """
    session = db.session()
    folder.mkdir(parents=True, exist_ok=True)
    what = "statements" if as_statements else "receipts"
    run_unit(session, lambda: _written_down(session, year, what))
    count = _statements(session, year, folder) if as_statements else _receipts(session, year, folder)
    click.echo(f"{count} {what} of {year} written to {folder}.")


def _written_down(session: Session, year: int, what: str) -> None:
    audit.write(
        session,
        action="receipts.exported",
        subject=f"receipts:{year}",
        actor_id=None,
        actor="command",
        details={"what": what},
    )


def _receipts(session: Session, year: int, folder: Path) -> int:
    newsroom = settings_rows.current(session)
    total = session.scalar(select(ReceiptYear.last_number).filter_by(year=year)) or 0
    written = 0
    with (
        _progress() as progress,
        (folder / "receipts.csv").open("w", newline="", encoding="utf-8-sig") as file,
    ):
        task = progress.add_task("Receipts", total=total)
        lines = csv.writer(file, lineterminator="\r\n")
        lines.writerow(HEADER)
        for receipt in _of_year(session, year):
            lines.writerow(_line(session, receipt, newsroom))
            written += _write_receipt(session, receipt, folder, newsroom)
            progress.advance(task)
    return written


def _of_year(session: Session, year: int) -> Iterator[Receipt]:
    """The receipts of a year in the order of their numbers, read a few at a time."""
    last = 0
    while True:
        part = session.scalars(
            select(Receipt)
            .where(Receipt.year == year, Receipt.number > last)
            .options(joinedload(Receipt.text))
            .order_by(Receipt.number)
            .limit(AT_ONCE)
        ).all()
        if not part:
            return
        last = part[-1].number
        yield from part
        session.rollback()  # no transaction stays open over thousands of files
        session.expunge_all()


def _line(session: Session, receipt: Receipt, newsroom: NewsroomSettings) -> list[str]:
    """A receipt in the list: no name, so that the list can be handed on."""
    before = session.get(Receipt, receipt.replaces_id) if receipt.replaces_id is not None else None
    return [
        receipt.label,
        str(receipt.given_on),
        Money(receipt.amount, receipt.currency).plain(),
        receipt.currency,
        receipt.source.value,
        receipt.source_key,
        str(receipt.issued_at.astimezone(newsroom.zone).date()),
        "standing" if receipt.canceled_at is None else "canceled",
        before.label if before is not None else "",
    ]


def _write_receipt(session: Session, receipt: Receipt, folder: Path, newsroom: NewsroomSettings) -> bool:
    file = folder / f"receipt-{receipt.label}.pdf"
    if file.exists():
        return False
    patron = session.get_one(Patron, receipt.patron_id)
    name = revealing.hidden_name() if patron.visibility is Visibility.SECRET else None
    view = receipts_shown.view_of(session, receipt, zone=newsroom.zone, name=name)
    head = letterhead.of(newsroom, view.language, issuer=view.issuer)
    _keep(
        file,
        receipts_paper.write(view, head, made_at=receipt.issued_at, copied_on=clock.today(newsroom.zone)),
    )
    return True


def _statements(session: Session, year: int, folder: Path) -> int:
    newsroom, written = settings_rows.current(session), 0
    ids = session.scalars(
        select(Receipt.patron_id).filter_by(year=year).distinct().order_by(Receipt.patron_id)
    )
    wanted = list(ids)
    with _progress() as progress:
        task = progress.add_task("Statements", total=len(wanted))
        for patron_id in wanted:
            written += _write_statement(session, patron_id, year, folder, newsroom)
            progress.advance(task)
            session.rollback()
            session.expunge_all()
    return written


def _write_statement(
    session: Session, patron_id: int, year: int, folder: Path, newsroom: NewsroomSettings
) -> bool:
    patron = session.get_one(Patron, patron_id)
    file = folder / f"statement-{year}-{patron.public_id}.pdf"
    if file.exists():
        return False
    statement = statements.of_patron(session, patron_id, date(year, 1, 1), date(year, 12, 31))
    name = revealing.hidden_name() if patron.visibility is Visibility.SECRET else patron.name
    today = clock.today(newsroom.zone)
    _keep(file, statement_paper(statement, name, newsroom, patron.language, today))
    return True


def _keep(file: Path, made: bytes) -> None:
    """Write a file whole or not at all, so that what is there can be trusted by the next run."""
    aside = file.with_suffix(".part")
    aside.write_bytes(made)
    aside.replace(file)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
