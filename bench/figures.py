"""Figures beside their bars, and what a command that measures says in the end."""

import argparse
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bench import machine

MEASURED, MISSED, MISSING = 0, 1, 2
"""Exit codes: every bar is held; one is missed; the machine lacks a program."""


@dataclass
class Table:
    """What was measured, printed line by line."""

    missed: int = 0
    _is_begun: bool = field(default=False, init=False)

    def add(
        self,
        name: str,
        value: float,
        unit: str = "",
        *,
        least: float | None = None,
        most: float | None = None,
    ) -> None:
        """Print a figure; with `least` or `most`, its bar, and whether it holds."""
        is_held = (least is None or value >= least) and (most is None or value <= most)
        bar = f">= {least:g}" if least is not None else f"<= {most:g}" if most is not None else ""
        mark = "" if not bar else "holds" if is_held else "MISSED"
        self.missed += not is_held
        shown = f"{value:,.0f}" if abs(value) >= 1_000 or value == int(value) else f"{value:.2f}"
        print(f"  {name:<58}{shown:>10} {unit:<6}{bar:>10}  {mark}".rstrip(), flush=True)

    def say(self, text: str) -> None:
        """A line between figures."""
        print(text, flush=True)


def command(
    name: str,
    about: str | None,
    measure: Callable[[argparse.Namespace, Table], None],
    words: list[str] | None,
    options: Callable[[argparse.ArgumentParser], None] | None = None,
) -> int:
    """Run `measure` as `python -m bench.<name>`; the exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m bench.{name}", description=about)
    if options:
        options(parser)
    given = parser.parse_args(words)
    signal.signal(signal.SIGTERM, lambda *_told: sys.exit(143))  # whoever stops it stops its servers too
    print(f"== bench.{name}: {machine.told()}", flush=True)
    table, began = Table(), time.monotonic()
    try:
        measure(given, table)
    except machine.MissingError as missing:
        print(missing, file=sys.stderr)
        return MISSING
    print(f"  {time.monotonic() - began:.0f} s in all\n", flush=True)
    return MISSED if table.missed else MEASURED
