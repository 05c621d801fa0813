"""Deliveries as production takes them: `membership serve` with one worker, many connections of HTTP at once.

Server and load generator are pinned to one core each where the machine has two.
"""

import os
import selectors
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.deliveries import Json, environment, request

LONGEST_S = 600


def acknowledged_a_second(folder: Path, events: list[Json], connections: int) -> tuple[float, float]:
    """Deliver each event once over so many connections, each waiting for its answer.

    Gives how many a second, and a CPU second of the server's processes.

    Raises:
        RuntimeError: one was answered with anything but 200, or took too long.
    """
    with server(folder) as (process_id, port):
        waiting = [request(event, port) for event in reversed(events)]
        with pinned(1):
            began, processor = time.perf_counter(), _processor_seconds(process_id)
            _deliver(waiting, port, connections)
            seconds, processor = time.perf_counter() - began, _processor_seconds(process_id) - processor
    return len(events) / seconds, len(events) / processor


def _deliver(waiting: list[bytes], port: int, connections: int) -> None:
    """Send all that waits, the last first; a connection sends its next once it has its answer."""
    with selectors.DefaultSelector() as selector:
        for _ in range(min(connections, len(waiting))):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(waiting.pop())
            selector.register(connection, selectors.EVENT_READ)
        ends = time.monotonic() + LONGEST_S
        while selector.get_map():
            for key, _mask in selector.select(timeout=5):
                waited = key.fileobj
                if not isinstance(waited, socket.socket):
                    raise TypeError("only sockets were registered")
                answer = waited.recv(65_536)
                if not answer.startswith(b"HTTP/1.1 200"):
                    raise RuntimeError(f"a delivery was answered {answer[:40]!r}")
                if waiting:
                    waited.sendall(waiting.pop())
                else:
                    selector.unregister(waited)
                    waited.close()
            if time.monotonic() > ends:
                raise RuntimeError("deliveries were not answered in time")


@contextmanager
def server(folder: Path) -> Iterator[tuple[int, int]]:
    """The production server with one worker; gives its process and its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    words = [sys.executable, "-m", "membership", "serve", "--port", str(port), "--workers", "1"]
    with pinned(0):  # the server inherits it
        process = subprocess.Popen(
            words,
            env={**os.environ, **environment(folder)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    try:
        _await(process, port)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(timeout=60)


def _await(process: "subprocess.Popen[bytes]", port: int) -> None:
    ends = time.monotonic() + 120
    while time.monotonic() < ends and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/live", timeout=10):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not start")


def _processor_seconds(process_id: int) -> float:
    """What a process and those that it started have used of the CPU so far."""
    folder = Path(f"/proc/{process_id}")
    numbers = (folder / "stat").read_text().rpartition(")")[2].split()
    own = (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")  # utime and stime, proc(5)
    children = (folder / f"task/{process_id}/children").read_text().split()
    return own + sum(_processor_seconds(int(child)) for child in children)


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Run what is in the block, and what it starts, on one core."""
    before = os.sched_getaffinity(0)
    if {0, 1} <= before:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
