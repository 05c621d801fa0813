"""The demonstration as a newcomer runs it, with what a test needs to know of it: addresses and mails."""

import fcntl
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from tests import servers

PATRONS = 70
LOADED = "Everything is loaded"


@dataclass(frozen=True)
class Site:
    """A running site with its sandbox."""

    url: str
    sandbox_url: str
    folder: Path

    def mails_to(self, address: str) -> list[EmailMessage]:
        """What has been mailed to an address, oldest first; a mail still being written has a dot before its name."""
        files = sorted((self.folder / "mail").glob("[0-9]*.eml"), key=lambda file: file.stat().st_mtime_ns)
        mails = [BytesParser(policy=policy.default).parsebytes(file.read_bytes()) for file in files]
        return [mail for mail in mails if address in str(mail["To"])]

    def await_mail(self, address: str, *, with_word: str = "", seconds: float = 20) -> str:
        """The text of the newest mail to an address that has a word in its subject or text, once it is there."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for mail in reversed(self.mails_to(address)):
                text = plain_text(mail)
                if with_word in f"{mail['Subject']}\n{text}":
                    return text
            time.sleep(0.1)
        raise AssertionError(f"no mail with {with_word!r} came to {address}")

    def at_the_bank(self, lever: str, **values: str) -> None:
        """Pull a lever of the sandbox: what banks do, and what time does."""
        data = urllib.parse.urlencode(values).encode()
        with urllib.request.urlopen(f"{self.sandbox_url}/_sandbox/{lever}", data=data, timeout=30) as answer:  # noqa: S310 - loopback
            answer.read()


def plain_text(mail: EmailMessage) -> str:
    """The text part of a mail."""
    part = mail.get_body(("plain",))
    assert part is not None, "every mail has a text part"
    return str(part.get_content())


def loaded_demonstration(shared: Path) -> Path:
    """The folder of a demonstration that is loaded, its pictures drawn, and stopped: made once for all who share.

    Loading it costs a minute of the machine, so the workers of a test run copy one (`copy_demonstration`).
    """
    folder = shared / "demonstration"
    with (shared / "demonstration.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "demonstration.done").exists():
            with running_demonstration(folder):
                _await_pictures(folder / "membership.db")
            (shared / "demonstration.done").touch()
    return folder


def copy_demonstration(loaded: Path, folder: Path) -> None:
    """Copy a stopped demonstration; its stored pages name its old address, so they are left out."""
    shutil.copytree(loaded, folder, ignore=shutil.ignore_patterns("pages"), dirs_exist_ok=True)


def _await_pictures(database: Path, *, seconds: float = 420) -> None:
    until = time.monotonic() + seconds
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        while time.monotonic() < until:
            (left,) = connection.execute("SELECT count(*) FROM media WHERE sizes_made_at IS NULL").fetchone()
            if left == 0:
                return
            time.sleep(0.2)
    raise AssertionError(f"the worker has not drawn all pictures in {seconds:.0f} s; {left} are left")


@contextmanager
def running_demonstration(folder: Path, *, patrons: int = PATRONS) -> Iterator[Site]:
    """`membership demo` on free ports, loaded; ended with all its processes afterwards."""
    port, sandbox_port = servers.free_port(), servers.free_port()
    words = ["--port", str(port), "--sandbox-port", str(sandbox_port), "--patrons", str(patrons)]
    log = folder.with_suffix(".log")
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "membership", "demo", *words, "--folder", str(folder)],
            stdout=out,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONUNBUFFERED": "1", "COLUMNS": "200"},
        )
        try:
            _await_loaded(process, log)
            yield Site(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{sandbox_port}", folder)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=40)


def _await_loaded(process: "subprocess.Popen[bytes]", log: Path, *, seconds: float = 420) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        told = log.read_text(errors="replace")
        if LOADED in told:
            return
        if process.poll() is not None:
            raise AssertionError(f"`membership demo` ended by itself:\n{told}")
        time.sleep(0.2)
    raise AssertionError(
        f"`membership demo` was not loaded in {seconds:.0f} s:\n{log.read_text(errors='replace')}"
    )
