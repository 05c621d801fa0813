"""Servers that tests start for themselves on loopback: PostgreSQL and Redis, each ended with the test run.

What a machine lacks is skipped with a reason, and is an error where MEMBERSHIP_TEST_ALL=1.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, create_engine, text

from tests import quickness

NEEDLESS = ("fsync", "synchronous_commit", "full_page_writes", "jit", "autovacuum")
FORGETFUL = [f"-c{setting}=off" for setting in NEEDLESS]
"""What PostgreSQL does to outlive a fall of the machine, for queries that take seconds, and to use room again.

Without the last, rows lie in the order in which they were written, however long the run has been going on.
"""
POSTGRES_PLACES = ("/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/15/bin")


def missing(what: str) -> None:
    """Skip the test because the machine lacks something, or fail where everything must run."""
    if os.environ.get("MEMBERSHIP_TEST_ALL") == "1":
        pytest.fail(f"{what} is missing, and MEMBERSHIP_TEST_ALL=1 asks for every test")
    pytest.skip(f"{what} is not on this machine")


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def binary(name: str, *places: str) -> str:
    """The path of a program; the test is skipped (or fails) without it."""
    for place in places:
        if (Path(place) / name).exists():
            return str(Path(place) / name)
    found = shutil.which(name)
    if found is None:
        missing(name)
    return str(found)


@contextmanager
def postgres(name: str) -> Iterator[str]:
    """A PostgreSQL server of this run's own, on a socket in a folder, with one empty database; gives its address."""
    initdb, server = binary("initdb", *POSTGRES_PLACES), binary("postgres", *POSTGRES_PLACES)
    with tempfile.TemporaryDirectory(prefix="membership-postgres-", dir=quickness.folder()) as folder:
        data, port = Path(folder) / "data", free_port()
        owner = _owner(Path(folder))
        options = ["-A", "trust", "-U", "membership", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run(
            [initdb, "-D", str(data), *options], check=True, capture_output=True, cwd=folder, **owner
        )
        running = subprocess.Popen(
            [server, "-D", str(data), "-p", str(port), "-k", folder, "-h", "", *FORGETFUL],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            **owner,
        )
        try:
            yield _database(
                URL.create("postgresql", "membership", port=port, query={"host": folder}), f"test_{name}"
            )
        finally:
            running.send_signal(signal.SIGINT)  # fast shutdown: open connections are ended
            running.wait(timeout=20)


@contextmanager
def redis() -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """A Redis server of this run's own that keeps nothing; gives its address, and the process to stop it early."""
    program, port = binary("redis-server"), free_port()
    running = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _answers(port)
        yield f"redis://127.0.0.1:{port}/0", running
    finally:
        running.terminate()
        running.wait(timeout=20)


def _answers(port: int) -> None:
    for _try in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"nothing answers on port {port}")


def _owner(folder: Path) -> dict[str, Any]:
    """Whom the server runs as: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return {}
    owner = pwd.getpwnam("postgres")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return {"user": owner.pw_uid, "group": owner.pw_gid}


def _database(server: URL, name: str) -> str:
    engine = create_engine(server.set(database="postgres"), isolation_level="AUTOCOMMIT")
    for _try in range(100):
        try:
            with engine.connect() as connection:
                connection.execute(text(f'CREATE DATABASE "{name}"'))
                break
        except Exception:  # noqa: BLE001 - it is still starting; the last failure is raised below
            subprocess.run(["sleep", "0.1"], check=True)
    else:
        raise RuntimeError("PostgreSQL did not start")
    engine.dispose()
    return server.set(database=name).render_as_string()
