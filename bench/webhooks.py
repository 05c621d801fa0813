"""`python -m bench.webhooks`: how many of Stripe's deliveries one process takes in, and how many it applies.

The events are those of the sandbox for gifts that begin and renew, whole as Stripe sends them, in the order in which
they happened, types that we only keep among them left out. SQLite in WAL with synchronous FULL, as in production.

Deliveries are taken in twice: as served (`membership serve` with one worker, many connections at once, as Stripe
delivers; wake-ups go to their SQLite file), and one after the other within this process, where each waits for the
disk alone. What the disk itself can do is measured beside them: one safe write after the other.

The anchor is dj-stripe 2.11 on the same engine: 81 `invoice.paid` a second, measured once, on a quiet machine, and
stated. `--peer` installs it into a folder that is thrown away and measures it in the same run, on the same disk.
"""

import argparse
import json
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import func, select
from werkzeug.test import run_wsgi_app

from bench import peer, serving
from bench.deliveries import SEED, Json, an_app, delivery, events_of, history, renamed, safe_writes_a_second
from membership.db import db
from membership.giving import applying
from membership.giving.models import Event, EventState

ANCHOR = 81
APPLIED_BAR, ACKNOWLEDGED_BAR, LARGE_BAR = 4, 10, 0.8

ByPatrons = dict[int, list[float]]


@dataclass
class Rates:
    """What was measured, each a list of rounds; a second unless said otherwise."""

    disk: list[float] = field(default_factory=list)
    served: list[float] = field(default_factory=list)
    served_processor: list[float] = field(default_factory=list)
    alone: ByPatrons = field(default_factory=lambda: defaultdict(list))
    alone_processor: ByPatrons = field(default_factory=lambda: defaultdict(list))
    applied: ByPatrons = field(default_factory=lambda: defaultdict(list))
    processor: ByPatrons = field(default_factory=lambda: defaultdict(list))
    peer: list[float] = field(default_factory=list)
    peer_processor: list[float] = field(default_factory=list)


def main(words: list[str] | None = None) -> int:
    """Measure and print; 0 if every bar holds, 1 if one is missed."""
    given = arguments().parse_args(words)
    began = time.monotonic()
    events = events_of(given.gifts)
    rates = Rates(applied={given.small: [], given.large: []})
    with tempfile.TemporaryDirectory(prefix="membership-bench-") as name:
        folder = Path(name)
        told = peer.Peer(folder / "peer", events) if given.peer else None
        head(events, given.rounds, told)
        for patrons in rates.applied:
            seconds = history(folder / str(patrons), patrons)
            print(f"a history of {patrons:,} patrons, made in {seconds:.0f} s")
        for number in range(given.rounds):
            a_round(folder, events, number, rates, connections=given.connections)
            if told is not None:
                measured = told.a_round(number)
                rates.peer.append(measured.a_second)
                rates.peer_processor.append(measured.a_processor_second)
    missed = show(rates, given.connections)
    print(f"\n{time.monotonic() - began:.0f} s in all" + (f"; missed: {', '.join(missed)}" if missed else ""))
    return 1 if missed else 0


def arguments() -> argparse.ArgumentParser:
    """What may be asked for."""
    asked = argparse.ArgumentParser(
        prog="python -m bench.webhooks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Example: python -m bench.webhooks --rounds 5 --large 1000000 --peer",
    )
    asked.add_argument("--gifts", type=int, default=150, help="how many gifts begin and renew")
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--small", type=int, default=1_000, help="patrons in the small history")
    asked.add_argument("--large", type=int, default=20_000, help="patrons in the large history")
    asked.add_argument("--connections", type=int, default=32, help="deliveries at once, as served")
    asked.add_argument(
        "--peer", action="store_true", help="install dj-stripe into a folder that is thrown away, beside us"
    )
    return asked


def head(events: list[Json], rounds: int, told: peer.Peer | None) -> None:
    """Say what is measured, with which versions."""
    size = sum(len(json.dumps(event)) for event in events) // len(events)
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version} (WAL, FULL), stripe {version('stripe')},"
        f" granian {version('granian')}{', ' + told.versions if told else ''},"
    )
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, seed {SEED}, {len(events)} events of"
        f" {size:,} bytes, medians of {rounds} rounds\n"
    )


def a_round(folder: Path, events: list[Json], number: int, rates: Rates, *, connections: int) -> None:
    """Deliver all events both ways with the small history, one by one with the large one, and apply them."""
    rates.disk.append(safe_writes_a_second(folder))
    for patrons in rates.applied:
        mine = folder / str(patrons)
        if patrons == min(rates.applied):
            others = [renamed(event, 100 + number) for event in events]
            served, processor = serving.acknowledged_a_second(mine, others, connections)
            rates.served.append(served)
            rates.served_processor.append(processor)
        taken, processor = one_by_one(mine, [renamed(event, number) for event in events])
        rates.alone[patrons].append(taken)
        rates.alone_processor[patrons].append(processor)
        applied, processor = apply_all(mine)
        rates.applied[patrons].append(applied)
        rates.processor[patrons].append(processor)


def one_by_one(folder: Path, events: list[Json]) -> tuple[float, float]:
    """Deliver events within this process, one after the other: acknowledged a second, and a CPU second."""
    with an_app(folder) as app:
        deliveries = [delivery(event) for event in events]
        began, processor = time.perf_counter(), time.process_time()
        for environ in deliveries:
            status = run_wsgi_app(app, environ)[1]
            if not status.startswith("200"):
                raise RuntimeError(f"a delivery was answered {status}")
        seconds, processor = time.perf_counter() - began, time.process_time() - processor
    return len(events) / seconds, len(events) / processor


def apply_all(folder: Path) -> tuple[float, float]:
    """Apply what waits: applied a second, and a CPU second."""
    with an_app(folder) as app, app.app_context():
        waiting = db.session.scalar(
            select(func.count()).select_from(Event).where(Event.state == EventState.RECEIVED)
        )
        db.session.rollback()
        began, processor = time.perf_counter(), time.process_time()
        held = applying.apply_all(db.session())
        seconds, processor = time.perf_counter() - began, time.process_time() - processor
        if held != waiting:
            raise RuntimeError(f"{(waiting or 0) - held} of {waiting} events could not be applied")
    return held / seconds, held / processor


def show(rates: Rates, connections: int) -> list[str]:
    """Print what was measured, beside the bars; gives what misses its bar."""
    small, large = rates.applied
    middle = statistics.median
    base = middle(rates.peer) if rates.peer else ANCHOR
    missed: list[str] = []
    print(f"\n{'':<58}{'a second':>9}{'ratio':>8}{'bar':>8}")

    def row(name: str, rate: float, ratio: float | None = None, least: float = 0) -> None:
        beside = rate / base if ratio is None else ratio
        print(f"{name:<58}{rate:>9,.0f}{beside:>8.2f}{f'>= {least}' if least else '':>8}")
        if beside < least:
            missed.append(name.strip())

    row("dj-stripe 2.11, the same engine (stated)", ANCHOR)
    if rates.peer:
        row("dj-stripe, measured in this run, invoice.paid", base)
    row("the disk alone, one safe write after the other", middle(rates.disk))
    row(f"acknowledged as served, {connections} connections", middle(rates.served), least=ACKNOWLEDGED_BAR)
    row("acknowledged in process, one after the other", middle(rates.alone[small]))
    row(f"applied, one process, {small:,} patrons", middle(rates.applied[small]), least=APPLIED_BAR)
    row(f"applied, one process, {large:,} patrons", middle(rates.applied[large]))
    print("by CPU seconds, without the wait for disk and neighbors")
    if rates.peer:
        base = middle(rates.peer_processor)
        row("  dj-stripe", base)
    row(f"  acknowledged as served, {connections} connections", middle(rates.served_processor))
    row("  acknowledged in process, one after the other", middle(rates.alone_processor[small]))
    row(f"  applied, {small:,} patrons", middle(rates.processor[small]))
    print(f"{large:,} patrons beside {small:,}, rounds paired")
    for name, kind in (
        ("acknowledged, by CPU seconds", rates.alone_processor),
        ("applied, by CPU seconds", rates.processor),
        ("acknowledged, by the clock", rates.alone),
        ("applied, by the clock", rates.applied),
    ):
        paired = (of_large / of_small for of_large, of_small in zip(kind[large], kind[small], strict=True))
        row(f"  {name}", middle(kind[large]), middle(paired), LARGE_BAR)
    return missed


if __name__ == "__main__":
    sys.exit(main())
