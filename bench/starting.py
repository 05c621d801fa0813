"""How soon there is something to read: after `membership serve`, and after `make demo`, the first and the second time.

`make demo` is `membership demo` once the packages are installed; here it has a folder of its own, so that yours stays.
"""

import argparse
import json
import os
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from bench import figures, machine, sites
from membership.cli.demo import RELEASE

MOST_SERVE_S, MOST_FIRST_S, MOST_SECOND_S = 3, 60, 5
LOADED_S = 400
"""How long the demonstration's history may take; nobody waits for it."""


def main(words: list[str] | None = None) -> int:
    """Measure and print."""
    return figures.command("starting", __doc__, measure, words, options)


def options(parser: argparse.ArgumentParser) -> None:
    """How large the demonstration is."""
    parser.add_argument("--patrons", type=int, default=2_000, help="as `make demo` has them")


def measure(given: argparse.Namespace, table: figures.Table) -> None:
    """Start each, and wait for its first page."""
    with sites.prepared() as site:
        words = machine.ours("serve", "--port", str(sites.SITE))
        table.add("`membership serve`: the first page", first_page(words, site.env), "s", most=MOST_SERVE_S)
    with tempfile.TemporaryDirectory(prefix="membership-bench-") as folder:
        place = Path(folder) / "demo"
        words = machine.ours("demo", "--port", str(sites.SITE), "--sandbox-port", str(sites.SITE + 9))
        words += ["--patrons", str(given.patrons), "--folder", str(place)]
        first = first_page(words, dict(os.environ), then=place / "loaded.json")
        table.add("`make demo`, an empty folder: the first page", first, "s", most=MOST_FIRST_S)
        told = json.loads((place / "loaded.json").read_text())
        table.say(f"  its history: {told['patrons']:,} patrons, release {RELEASE}")
        second = first_page(words, dict(os.environ))
        table.add("`make demo`, the second time: the first page", second, "s", most=MOST_SECOND_S)


def first_page(words: list[str], env: dict[str, str], *, then: Path | None = None) -> float:
    """Seconds from the start of a command to the front page, read whole; ends it, once `then` exists if given.

    Raises:
        TimeoutError: nothing came.
    """
    began = time.monotonic()
    with machine.running(words, env) as process:
        machine.wait_for(f"http://127.0.0.1:{sites.SITE}/", process, seconds=3 * MOST_FIRST_S)
        seconds = time.monotonic() - began
        with urllib.request.urlopen(f"http://127.0.0.1:{sites.SITE}{sites.ARTICLE}", timeout=20) as answer:
            answer.read()
        while then and not then.exists():
            if time.monotonic() > began + LOADED_S:
                raise TimeoutError(f"no {then.name} after {LOADED_S} s")
            time.sleep(0.5)
    return seconds


if __name__ == "__main__":
    sys.exit(main())
