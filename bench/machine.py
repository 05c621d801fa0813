"""What a measurement needs of the machine: its programs, a core for each side, processes that end, CPU and memory."""

import os
import platform
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

SERVER_CORE, LOAD_CORE = 0, 1
PACKAGES = {
    "nginx": "nginx-light",
    "wrk": "wrk",
    "taskset": "util-linux",
    "openssl": "openssl",
    "chromium": "chromium",
    "node": "nodejs",
    "npm": "npm",
}
"""Debian's packages of the programs that are measured with."""
START_S = 60
_TICK = os.sysconf("SC_CLK_TCK")


class MissingError(Exception):
    """This machine lacks something to measure with; says what, and how to get it."""


def need(*names: str) -> None:
    """Go on only if the machine has these programs.

    Raises:
        MissingError: naming all that are not there.
    """
    missing = [name for name in names if program(name) is None]
    if missing:
        packages = " ".join(PACKAGES.get(name, name) for name in missing)
        raise MissingError(
            f"Missing on this machine: {', '.join(missing)}. On Debian: apt-get install {packages}"
        )


def program(name: str) -> str | None:
    """Where a program is; servers are often outside of the search path."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def told() -> str:
    """The machine and the versions, as they stand above every table."""
    busy = " ".join(f"{load:.1f}" for load in os.getloadavg())
    return (
        f"Python {platform.python_version()}, granian {version('granian')}, SQLite {sqlite3.sqlite_version},"
        f" {os.cpu_count()} cores, load {busy}"
    )


def pinned(core: int, words: list[str]) -> list[str]:
    """The same command, kept to one core."""
    return ["taskset", "-c", str(core), *words]


def ours(*words: str) -> list[str]:
    """A command of `membership`, in the Python that measures."""
    return [sys.executable, "-m", "membership", *words]


@contextmanager
def running(
    words: list[str], env: Mapping[str, str], *, url: str | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process while the block runs; with `url`, from its first answer there.

    Raises:
        TimeoutError: it does not answer, or has ended; with what it last said.
    """
    process = subprocess.Popen(
        words, env=dict(env), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        if url is not None:
            wait_for(url, process)
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def wait_for(url: str, process: "subprocess.Popen[bytes]", *, seconds: float = START_S) -> float:
    """Wait until an address is answered; how many seconds that took.

    Raises:
        TimeoutError: as above.
    """
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - loopback
                answer.read()
            return time.monotonic() - began
        except OSError:
            if process.poll() is not None:
                said = process.stderr.read().decode()[-500:] if process.stderr else ""
                raise TimeoutError(f"{process.args!r} ended: {said}") from None
            time.sleep(0.02)
    raise TimeoutError(f"{url} does not answer")


def wait_for_port(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until somebody listens on a port of this machine.

    Raises:
        TimeoutError: nobody does, or the process has ended.
    """
    for _try in range(START_S * 20):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None:
                said = process.stderr.read().decode()[-500:] if process.stderr else ""
                raise TimeoutError(f"{process.args!r} ended: {said}") from None
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"nobody listens on port {port}")


def tree(pid: int) -> list[int]:
    """A process and all below it (Linux)."""
    below = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        children = [int(child) for child in below.read_text().split()]
    except OSError:
        return []
    return [pid, *(one for child in children for one in tree(child))]


def cpu_seconds(pid: int) -> float:
    """The processor time, user and system, of a process and all below it until now (Linux)."""
    spent = 0
    for one in tree(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        spent += int(fields[11]) + int(fields[12])
    return spent / _TICK


def resident_mib(pid: int) -> float:
    """The memory that a process holds just now (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
