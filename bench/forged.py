"""What a flood of forged deliveries costs: how soon each kind is refused, and how long true ones wait meanwhile.

`membership serve` with one worker has one core and whoever floods it the other: 32 connections, each sending its next
delivery once the last is refused, and beside them Stripe's own, one every 50 ms over a connection for itself.
"""

import argparse
import itertools
import selectors
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench import figures, serving
from bench.deliveries import Json, events_of, history, renamed, request, signed

MOST_REFUSING_MS, MOST_TRUE_MS = 50, 1_000
"""Cases W02 and W36 of docs/trust.md."""
CONNECTIONS, EACH, PATRONS = 32, 200, 100
PAUSE_S = 0.05


def main(words: list[str] | None = None) -> int:
    """Measure and print."""
    return figures.command("forged", __doc__, measure, words, options)


def options(parser: argparse.ArgumentParser) -> None:
    """How long the flood is."""
    parser.add_argument("--seconds", type=int, default=10)


def measure(given: argparse.Namespace, table: figures.Table) -> None:
    """Each kind by itself, then all of them at once."""
    with tempfile.TemporaryDirectory(prefix="membership-bench-") as place:
        folder = Path(place) / "site"
        history(folder, PATRONS)
        events = events_of(4)
        with serving.server(folder) as (_process_id, port), serving.pinned(1):
            kinds = forged(events[0], port)
            for name, sent in kinds.items():
                waited = answered_ms(port, [sent] * EACH, status=b"400")
                table.add(f"{name}: the slowest of {EACH} refusals", max(waited), "ms", most=MOST_REFUSING_MS)
            flood = Flood(port, list(kinds.values()))
            flood.start()
            began = time.monotonic()
            true = itertools.islice(as_they_come(events, port), int(given.seconds / PAUSE_S))
            waited = answered_ms(port, true, status=b"200")
            refused = flood.end() / (time.monotonic() - began)
            table.add("a flood: refused", refused, "/s")
            table.add(
                f"  95 of 100 of {len(waited)} true ones", percentile(waited, 95), "ms", most=MOST_TRUE_MS
            )
            table.add("  their median", statistics.median(waited), "ms")


def forged(event: Json, port: int) -> dict[str, bytes]:
    """A delivery of each kind that only somebody else than Stripe sends."""
    true = signed(b"another body")["Stripe-Signature"]
    at, _, digest = true.partition(",v1=")
    signatures = {
        "signed with another secret": true,
        "a signature cut short": true[:-10],
        "an empty signature": f"{at},v1=",
        "the old scheme alone": f"{at},v0={digest}",
        "200 signatures": at + f",v1={digest}" * 200,
        "a header of 64 KB": f"{at},v1=" + "0" * 65_536,
    }
    return {name: request(event, port, signature=value) for name, value in signatures.items()}


def as_they_come(events: list[Json], port: int) -> Iterator[bytes]:
    """True deliveries of ever new objects, signed when they are asked for, with a pause before each."""
    for number in itertools.count(1):
        for event in events:
            time.sleep(PAUSE_S)
            yield request(renamed(event, number), port)


def answered_ms(port: int, deliveries: Iterable[bytes], *, status: bytes) -> list[float]:
    """How long each was not answered, one after the other; over a new connection where the last was closed.

    Raises:
        RuntimeError: one was answered otherwise.
    """
    waited: list[float] = []
    connection = connected(port)
    for sent in deliveries:
        began = time.perf_counter()
        try:
            connection.sendall(sent)
            answer = connection.recv(65_536)
        except ConnectionError:
            answer = b""
        waited.append((time.perf_counter() - began) * 1_000)
        is_refused_unread = not answer and status == b"400"
        if not is_refused_unread and not answer.startswith(b"HTTP/1.1 " + status):
            raise RuntimeError(f"a delivery was answered {answer[:40]!r}")
        if not answer or b"connection: close" in answer.lower():
            connection.close()
            connection = connected(port)
    connection.close()
    return waited


def connected(port: int) -> socket.socket:
    """A connection to the server."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class Flood(threading.Thread):
    """Sends forged deliveries over many connections until it is ended."""

    def __init__(self, port: int, kinds: list[bytes]) -> None:
        super().__init__(daemon=True)
        self._port, self._kinds = port, itertools.cycle(kinds)
        self._is_over = threading.Event()
        self._refused = 0

    def end(self) -> int:
        """Stop; how many were refused."""
        self._is_over.set()
        self.join()
        return self._refused

    def run(self) -> None:
        """Send the next wherever the last was answered."""
        with selectors.DefaultSelector() as selector:
            for _connection in range(CONNECTIONS):
                self._send(selector, connected(self._port))
            while not self._is_over.is_set():
                for key, _mask in selector.select(timeout=1):
                    self._answered(selector, key.fileobj)
            for key in list(selector.get_map().values()):
                selector.unregister(key.fileobj)

    def _send(self, selector: selectors.BaseSelector, connection: socket.socket) -> None:
        connection.sendall(next(self._kinds))
        selector.register(connection, selectors.EVENT_READ)

    def _answered(self, selector: selectors.BaseSelector, waited: object) -> None:
        assert isinstance(waited, socket.socket)  # noqa: S101 - only sockets were registered
        selector.unregister(waited)
        try:
            answer = waited.recv(65_536)
        except ConnectionError:
            answer = b""
        self._refused += answer.startswith(b"HTTP/1.1 400")
        if not answer or b"connection: close" in answer.lower():
            waited.close()
            waited = connected(self._port)
        self._send(selector, waited)


def percentile(values: list[float], percent: int) -> float:
    """The value that so many of a hundred do not pass."""
    return statistics.quantiles(values, n=100)[percent - 1]


if __name__ == "__main__":
    sys.exit(main())
