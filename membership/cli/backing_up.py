"""`membership backup` and `membership restore`: the whole newsroom in one file, but for the keys."""

from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import func, inspect, select, update
from sqlalchemy.orm import Session

from membership import clock
from membership.accounts.models import Account
from membership.articles.models import Article
from membership.cli import archive, copying
from membership.cli.archive import DamagedBackupError, Manifest
from membership.cli.copying import CopyingError
from membership.cli.database import upgrade_schema
from membership.db import db, run_unit, wait_longer
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving.commands import reconcile_showing
from membership.mail.models import MailState, OutgoingMail
from membership.newsroom import due
from membership.revisions import known_revisions, refuse_other_schema, revision_of
from membership.web import page_store


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def backup(file: Path) -> None:
    """Write everything but the keys to FILE, while the site goes on: the database at one instant, and the pictures.

    Keep MEMBERSHIP_FIELD_KEYS and MEMBERSHIP_SECRET_KEY elsewhere: without them nobody can read names and addresses.

    Example: membership backup /backups/newsroom-2026-11-24.tar.gz
    """
    refuse_other_schema(db.engine)
    if file.exists():
        raise click.ClickException(f"{file} is there already, and a backup overwrites nothing.")
    with _Told(), TemporaryDirectory(dir=file.parent.absolute(), prefix=".backup-") as folder:
        copied = Path(folder) / archive.DATABASE
        at = clock.now()
        copying.copy_out(db.engine, copied)
        made = archive.write(
            file,
            database=copied,
            media=current_app.extensions["membership_media"],
            engine=db.engine.dialect.name,
            revision=str(revision_of(db.engine)),
            at=at,
        )
    size = file.stat().st_size / 1_000_000
    click.echo(
        f"{file}: the database of {at:%Y-%m-%d %H:%M} UTC and {len(made.files) - 1} pictures, {size:.1f} MB."
    )
    click.echo(
        "The keys are not in it. Try it now and then: membership restore, in another MEMBERSHIP_DATA_DIR."
    )


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Give up what the database holds now.")
@with_appcontext
def restore(file: Path, *, replace: bool) -> None:
    """Put the newsroom back as FILE has it, and take from Stripe what has happened since. Stop serve and worker first.

    No mail is sent again: what waited, what fell due since, and what Stripe tells now are all kept back. Votes and
    texts since the backup are lost.

    Example: membership restore /backups/newsroom-2026-11-24.tar.gz
    """
    wait_longer(seconds=60)
    if not replace and not _is_empty():
        raise click.ClickException("The database holds a newsroom already. To give it up for FILE: --replace")
    db.session().close()
    with _Told(), TemporaryDirectory(prefix="membership-restore-") as folder:
        manifest = archive.unpack(file, Path(folder))
        _refuse_other(manifest)
        copying.copy_in(db.engine, Path(folder) / archive.DATABASE)
        _put_pictures(Path(folder) / archive.MEDIA)
    db.engine.dispose()
    upgrade_schema()
    page_store.forget_everything()
    made = datetime.fromisoformat(manifest.made_at)
    click.echo(f"The newsroom is back as of {made:%Y-%m-%d %H:%M} UTC.")
    _catch_up(db.session())
    click.echo("Now: membership doctor, then start serve and worker.")


class _Told:
    """Says what went wrong as a command does, in a sentence."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, (DamagedBackupError, CopyingError)):
            raise click.ClickException(str(error)) from error
        if isinstance(error, OSError):
            raise click.ClickException(f"{error.strerror}: {error.filename}") from error


def _is_empty() -> bool:
    """Whether the database has no newsroom in it."""
    if not inspect(db.engine).has_table(Account.__tablename__):
        return True
    session = db.session()
    count = sum(session.scalar(select(func.count()).select_from(table)) or 0 for table in (Account, Article))
    session.rollback()
    return count == 0


def _refuse_other(manifest: Manifest) -> None:
    """Refuse a backup of another engine, or of a release that is newer than this one."""
    engine = db.engine.dialect.name
    if manifest.engine != engine:
        raise click.ClickException(f"The backup is of {manifest.engine}, and this database is {engine}.")
    if manifest.revision not in known_revisions():
        raise click.ClickException("The backup is of a newer release. Install that release first.")


def _put_pictures(unpacked: Path) -> None:
    """Put the pictures beside those that are there; a picture's name says what is in it, so none is another."""
    media: Path = current_app.extensions["membership_media"]
    for picture in sorted(unpacked.rglob("*")) if unpacked.is_dir() else ():
        if picture.is_file():
            target = media / picture.relative_to(unpacked)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(picture.read_bytes())


def _catch_up(session: Session) -> None:
    """Let all that fell due since happen, take in what Stripe knows, and send no mail of it: they were sent then."""
    due.apply_all(session)
    try:
        found = reconcile_showing(session, None)
        click.echo(f"{found.count} things that happened at Stripe since are in the books again.")
    except (GatewayUnavailable, GatewayRefused):
        click.echo(
            "Stripe cannot be read now. Run membership reconcile before you start the worker.", err=True
        )
    held = run_unit(session, partial(_hold_back, session))
    click.echo(f"{held} mails that this brought up are not sent.")


def _hold_back(session: Session) -> int:
    waiting = (MailState.QUEUED, MailState.SENDING)
    held = session.execute(
        update(OutgoingMail)
        .where(OutgoingMail.state.in_(waiting))
        .values(state=MailState.CANCELED, error="restored from a backup")
        .returning(OutgoingMail.id)
    )
    return len(held.all())
