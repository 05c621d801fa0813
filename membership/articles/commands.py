"""The commands of articles: `membership import articles …` and `membership pages …`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from membership.articles import importing
from membership.articles.importing import Options, Report
from membership.articles.sources.items import ImportFileError
from membership.db import db
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
def import_articles(source: str, file: Path, *, dry_run: bool, language: str | None) -> None:
    """Take articles from FILE, an export of SOURCE (for markdown: a file or a folder of them).

    The same file twice changes nothing; what was edited here since stays as it is. Exits 1 if the file cannot be
    read, with nothing changed.

    \b
    Example: membership import articles wordpress export.xml --dry-run
    """  # noqa: D301 - Click's mark for lines that are not rewrapped
    with _progress(f"Reading {file.name}") as note:
        options = Options(language=language or "", is_dry=dry_run, progress=note)
        try:
            report = _import(source, file, options)
        except ImportFileError as error:
            db.session.rollback()
            raise click.ClickException(str(error)) from None
    _show(report, dry_run=dry_run)


def _import(source: str, file: Path, options: Options) -> Report:
    session = db.session()
    if source == "markdown":
        folder = current_app.extensions["membership_media"]
        return importing.import_markdown(session, file, media_folder=folder, options=options)
    if file.is_dir():
        raise ImportFileError(f"{file} is a folder; give the file that {source} exported.")
    return importing.import_file(session, source, file, options=options)


@contextmanager
def _progress(what: str) -> Iterator[importing.Progress]:
    """How far it is, on a terminal; nothing where the output is read by a program."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        MofNCompleteColumn(),
        TextColumn("{task.fields[item]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=None, item="")
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


COMMANDS: tuple[click.Command, ...] = (imports, pages)
