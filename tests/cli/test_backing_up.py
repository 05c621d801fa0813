"""`membership backup` and `restore`: the whole newsroom in a file, made while it writes, back whole or not at all."""

import gzip
import json
import stat
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from alembic import command
from click.testing import Result
from flask import Flask
from sqlalchemy.orm import Session

from membership import clock
from membership.articles.models import Article
from membership.cli.backing_up import backup, restore
from membership.cli.database import alembic_config
from membership.cli.doctor import doctor
from membership.cli.state import canonical
from membership.db import db
from membership.giving.models import Payment
from membership.mail import outbox
from membership.mail.models import MailState, OutgoingMail
from membership.newsroom import audit
from membership.newsroom.models import AuditEntry
from tests.articles.stories import a_newsroom, a_story
from tests.giving.sandboxed import Account, account, empty, hear

__all__ = ["account", "hear"]
ADDRESS = "cleo@example.org"
Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def at_stripe(account: Account) -> Account:
    """The sandbox, before the app is told where Stripe is."""
    return account


@pytest.fixture
def newsroom(account: Account, app: Flask, session: Session, hear, pia) -> Session:
    """Articles, a picture, a patron with a gift, a mail that waits; the schema is stamped as a release's."""
    command.stamp(alembic_config(), "head")
    a_newsroom(session)
    a_story(session)
    media: Path = app.extensions["membership_media"]
    media.mkdir(parents=True, exist_ok=True)
    (media / "ferry-1.webp").write_bytes(b"a picture")
    account.subscribe(account.customer(ADDRESS))
    hear()
    outbox.send_all(session)
    outbox.queue(
        session, kind="accounts/no_account", to=ADDRESS, language="en", dedupe_key="waits", context={}
    )
    session.commit()
    return session


@pytest.fixture
def run(app: Flask, session: Session) -> Run:
    """A command, as a shell runs it."""

    def ran(which: click.Command, *words: object) -> Result:
        session.rollback()
        db.engine.dispose()
        return app.test_cli_runner().invoke(which, [str(word) for word in words])

    return ran


@pytest.fixture
def file(newsroom: Session, run: Run, tmp_path: Path) -> Path:
    """A backup of the newsroom."""
    made = tmp_path / "backups" / "newsroom.tar.gz"
    made.parent.mkdir()
    done = run(backup, made)
    assert done.exit_code == 0, done.output
    return made


def lose_everything(session: Session, app: Flask) -> None:
    empty(session)
    for picture in app.extensions["membership_media"].iterdir():
        picture.unlink()


def test_everything_comes_back_from_a_backup(app, newsroom, file, run):
    now = clock.now().replace(microsecond=0)
    wanted = canonical(newsroom, now)
    lose_everything(newsroom, app)

    done = run(restore, file)

    assert done.exit_code == 0, done.output
    assert canonical(newsroom, now) == wanted
    assert json.loads(wanted)["payments"]
    assert newsroom.query(Article).one().headline == "The ferry"
    assert (app.extensions["membership_media"] / "ferry-1.webp").read_bytes() == b"a picture"
    assert "The ferry has stood still" in app.test_client().get("/articles/the-ferry").text
    assert run(doctor).exit_code == 0, run(doctor).output


@pytest.fixture
def writing(app: Flask, newsroom: Session) -> Iterator[Callable[[], int]]:
    """Somebody who writes audit entries all the time; called, it stops and says how many."""
    newsroom.rollback()
    over = threading.Event()
    written: list[int] = []

    def write() -> None:
        with app.app_context():
            while not over.is_set() and len(written) < 5_000:
                audit.write(db.session(), action="x", subject="x", actor_id=None, actor="system")
                db.session.commit()
                written.append(1)

    writer = threading.Thread(target=write)
    writer.start()

    def stop() -> int:
        over.set()
        writer.join()
        return len(written)

    yield stop
    stop()


def test_a_backup_made_while_others_write_is_whole(app, newsroom, writing, run, tmp_path):
    made = tmp_path / "newsroom.tar.gz"

    assert app.test_cli_runner().invoke(backup, [str(made)]).exit_code == 0
    after = writing()
    lose_everything(newsroom, app)
    assert run(restore, made).exit_code == 0

    kept = newsroom.query(AuditEntry).filter_by(action="x").count()
    assert 0 <= kept <= after
    assert run(doctor).exit_code == 0, run(doctor).output


def test_what_happened_at_stripe_since_comes_back_and_nobody_is_mailed_twice(
    app, account, newsroom, file, run, hear
):
    account.pay(account.customer("dov@example.org"), 1500)
    hear()
    sent_before = outbox.send_all(newsroom)
    wanted = json.loads(canonical(newsroom, clock.now()))["payments"]
    assert (len(wanted), sent_before > 0) == (2, True)
    lose_everything(newsroom, app)

    done = run(restore, file)

    assert done.exit_code == 0, done.output
    assert json.loads(canonical(newsroom, clock.now()))["payments"] == wanted
    assert outbox.send_all(newsroom) == 0
    waiting = newsroom.query(OutgoingMail).filter(OutgoingMail.state == MailState.QUEUED).count()
    assert waiting == 0
    assert newsroom.query(OutgoingMail).filter_by(dedupe_key="waits").one().state is MailState.CANCELED


def test_a_database_that_holds_a_newsroom_is_not_given_up_unasked(newsroom, file, run):
    newsroom.query(Article).one().headline = "Newer"
    newsroom.commit()

    refused = run(restore, file)
    assert (refused.exit_code, newsroom.query(Article).one().headline) == (1, "Newer")
    assert "--replace" in refused.stderr

    assert run(restore, file, "--replace").exit_code == 0
    newsroom.expire_all()
    assert newsroom.query(Article).one().headline == "The ferry"


def test_a_backup_is_its_owners_alone_and_holds_no_key_and_no_address(app, file):
    settings = app.extensions["membership_settings"]

    content = gzip.decompress(file.read_bytes())

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ADDRESS.encode() not in content
    for secret in (settings.secret_key, *settings.field_keys):
        assert secret.encode() not in content


def test_a_backup_overwrites_nothing(newsroom, file, run):
    before = file.read_bytes()

    done = run(backup, file)

    assert (done.exit_code, file.read_bytes()) == (1, before)
    assert [left.name for left in file.parent.iterdir()] == [file.name]


def test_a_folder_that_is_not_there_is_said_in_a_sentence(newsroom, run, tmp_path):
    done = run(backup, tmp_path / "nowhere" / "newsroom.tar.gz")

    assert done.exit_code == 1
    assert "No such file or directory" in done.stderr


def change(file: Path, how: str) -> None:
    """Do to a backup what disks, networks and people do."""
    content = file.read_bytes()
    if how == "cut":
        file.write_bytes(content[: len(content) // 2])
    elif how == "not a backup":
        file.write_bytes(b"PK\x03\x04 a picture of a cat")
    elif how == "another picture":
        rewrite(file, {"media/ferry-1.webp": b"A picture"})
    elif how == "no database":
        rewrite(file, {"database": None})
    elif how == "a way out":
        manifest = json.loads(read(file, "manifest.json"))
        manifest["files"]["media/../../../evil"] = manifest["files"]["media/ferry-1.webp"]
        rewrite(file, {"manifest.json": json.dumps(manifest).encode(), "media/../../../evil": b"a picture"})


def read(file: Path, name: str) -> bytes:
    with tarfile.open(file) as tar:
        content = tar.extractfile(name)
        assert content is not None
        return content.read()


def rewrite(file: Path, changes: dict[str, bytes | None]) -> None:
    """The same archive with other contents, or none, for some names."""
    with tarfile.open(file) as tar:
        kept = {name: read(file, name) for name in tar.getnames()}
    files = {name: content for name, content in (kept | changes).items() if content is not None}
    with tarfile.open(file, "w:gz") as tar:
        for name, content in files.items():
            aside = file.with_name("aside")
            aside.write_bytes(content)
            tar.add(aside, name)
            aside.unlink()


@pytest.mark.parametrize("how", ["cut", "not a backup", "another picture", "no database", "a way out"])
def test_a_backup_that_was_changed_is_refused_and_nothing_is_lost(newsroom, file, run, tmp_path, how):
    newsroom.query(Article).one().headline = "Newer"
    newsroom.commit()
    change(file, how)

    done = run(restore, file, "--replace")

    assert done.exit_code == 1
    assert str(file) in done.stderr
    assert newsroom.query(Article).one().headline == "Newer"
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize(
    ("name", "value", "said"), [("revision", "9999", "newer release"), ("engine", "oracle", "oracle")]
)
def test_a_backup_of_another_release_or_engine_is_refused(newsroom, file, run, name, value, said):
    manifest = json.loads(read(file, "manifest.json")) | {name: value}
    rewrite(file, {"manifest.json": json.dumps(manifest).encode()})

    done = run(restore, file, "--replace")

    assert done.exit_code == 1
    assert said in done.stderr
    assert newsroom.query(Payment).count() == 1


def test_without_postgresqls_programs_it_is_said_what_to_install(
    newsroom, engine_name, run, tmp_path, monkeypatch
):
    monkeypatch.setenv("PATH", str(tmp_path))

    done = run(backup, tmp_path / "newsroom.tar.gz")

    if engine_name == "postgresql":
        assert (done.exit_code, "postgresql-client" in done.stderr) == (1, True)
    else:
        assert done.exit_code == 0  # SQLite needs no program
