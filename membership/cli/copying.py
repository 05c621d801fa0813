"""A copy of the whole database as it is at one instant, while others write; and a copy put in its place.

SQLite is copied through its own backup interface, PostgreSQL by pg_dump and pg_restore, which must be installed.

Source: https://www.sqlite.org/backup.html and https://www.postgresql.org/docs/current/app-pgdump.html
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, Engine

BUSY_S = 60


class CopyingError(Exception):
    """The database could not be copied; the message says why, without a password."""


def copy_out(engine: Engine, target: Path) -> None:
    """Write a copy of the database, as it is at one instant, to a file.

    Raises:
        CopyingError: it could not be copied.
    """
    if engine.dialect.name == "sqlite":
        _copy_sqlite(Path(str(engine.url.database)), target, is_alone=True)
        return
    _run("pg_dump", ["--format=custom", "--no-owner", "--no-privileges", f"--file={target}"], engine.url)


def copy_in(engine: Engine, source: Path) -> None:
    """Put a copy in the place of all that the database holds, whole or not at all.

    Raises:
        CopyingError: it could not be put there; what was there stands.
    """
    if engine.dialect.name == "sqlite":
        _copy_sqlite(source, Path(str(engine.url.database)), is_alone=False)
        return
    options = ["--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction"]
    _run("pg_restore", [*options, "--exit-on-error", str(source)], engine.url)


def _copy_sqlite(source: Path, target: Path, *, is_alone: bool) -> None:
    """Copy a SQLite database in one step, which holds up nobody who reads or writes the source.

    `is_alone`: whether the copy must be one file, without a log beside it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with (
            closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True, timeout=BUSY_S)) as read,
            closing(sqlite3.connect(target, timeout=BUSY_S)) as written,
        ):
            read.backup(written)
            if is_alone:
                written.execute("PRAGMA journal_mode=DELETE")
            intact = written.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        raise CopyingError(f"SQLite: {error}.") from error
    if intact != "ok":
        raise CopyingError(f"The copy of {source} is damaged: {intact}.")


def _run(program: str, options: Sequence[str], url: URL) -> None:
    """Run one of PostgreSQL's programs; the password goes by the environment, which no list of processes shows."""
    if shutil.which(program) is None:
        raise CopyingError(
            f"{program} is not installed; it comes with PostgreSQL's client (postgresql-client)."
        )
    address = url.set(drivername="postgresql", password=None).render_as_string()
    secret = {"PGPASSWORD": url.password} if url.password else {}
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own program, found on the path
        [program, *options, f"--dbname={address}"],
        env={**os.environ, **secret},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        raise CopyingError(f"{program}: {lines[0]}")
