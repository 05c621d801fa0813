"""The commands of articles: `membership import articles …` and `membership pages …`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)

from membership.articles import importing
from membership.articles.errors import ImportRunningError
from membership.articles.importing import ImportStoppedError, Options, Report
from membership.articles.sources import counting
from membership.articles.sources.items import ImportFileError
from membership.db import db
from membership.newsroom import settings_rows
from membership.web import languages, page_store

SOURCES = ("wordpress", "ghost", "markdown", "feed")

imports = AppGroup("import", help="Bring in what another system has: articles, or patrons.")
pages = AppGroup("pages", help="The stored pages of this machine.")


@imports.command("articles")
@click.argument("source", type=click.Choice(SOURCES))
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@click.option(
    "--language", type=click.Choice(list(languages.AVAILABLE)), help="Of articles that do not say theirs."
)
@click.option(
    "--images",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder of pictures that came with the export: WordPress's wp-content/uploads, Ghost's content/images.",
)
def import_articles(
    source: str, file: Path, *, dry_run: bool, language: str | None, images: Path | None
) -> None:
    """Take articles from FILE, an export of SOURCE (for markdown: a file or a folder of them).

    The same file twice changes nothing; what was edited here since stays as it is. An import that was cut off goes
    on when it is run again. Old addresses lead to the articles. Exits 1 if the file cannot be read or another import
    is at work, with nothing changed; and if the file is broken further on or the disk is full, with what it had
    taken by then.

    \b
    Example: membership import articles wordpress export.xml --images uploads --dry-run
    """  # noqa: D301 - Click's mark for lines that are not rewrapped
    if images is not None and source not in {"wordpress", "ghost"}:
        raise click.UsageError(
            "--images goes with wordpress and ghost; Markdown finds its own beside the files."
        )
    with _progress(f"Reading {file.name}", total=counting.items_in(source, file)) as note:
        options = Options(language=language or "", is_dry=dry_run, images=images, progress=note)
        try:
            report = _import(source, file, options)
        except ImportFileError as error:
            db.session.rollback()
            raise click.ClickException(str(error)) from None
        except ImportRunningError as error:
            db.session.rollback()
            raise click.ClickException(busy(error)) from None
        except ImportStoppedError as error:
            db.session.rollback()
            _show(error.report, dry_run=dry_run)
            raise click.ClickException(str(error)) from None
    _show(report, dry_run=dry_run)


def busy(error: ImportRunningError) -> str:
    """What to say when another import is at work, and when to try again at the latest."""
    local = error.until.astimezone(settings_rows.current(db.session()).zone)
    return (
        "Another import is at work. Nothing was changed. Run this again when it is done; if it was cut off on another "
        f"machine, after {local:%H:%M:%S}."
    )


def _import(source: str, file: Path, options: Options) -> Report:
    session, folder = db.session(), current_app.extensions["membership_media"]
    if source == "markdown":
        return importing.import_markdown(session, file, media_folder=folder, options=options)
    if file.is_dir():
        raise ImportFileError(f"{file} is a folder; give the file that {source} exported.")
    return importing.import_file(session, source, file, media_folder=folder, options=options)


@contextmanager
def _progress(what: str, *, total: int | None = None) -> Iterator[importing.Progress]:
    """How far it is, on a terminal; nothing where the output is read by a program."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[item]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=total, item="")
        yield lambda item: shown.update(task, advance=1, item=item[:60])


def _show(report: Report, *, dry_run: bool) -> None:
    sections = (
        ("Not taken", report.skipped),
        ("Edited here, so kept", report.kept),
        ("Worth knowing", report.notes),
    )
    for title, lines in sections:
        if lines:
            click.echo(f"{title}:")
        for name, reason in lines:
            click.echo(f"  {name}: {reason}")
    click.echo(
        f"{report.taken} taken, {report.updated} updated, {report.unchanged} unchanged, "
        f"{len(report.skipped)} not taken, of {report.total}."
    )
    if dry_run:
        click.echo("This was a dry run: nothing was changed.")


@pages.command()
def rebuild() -> None:
    """Make every page that readers can open anew, and compress it as well as can be.

    Example: membership pages rebuild
    """
    count = 0
    with _progress("Making pages") as note:
        for path in page_store.rebuild(db.session()):
            note(path)
            count += 1
    click.echo(f"{count} pages made.")
