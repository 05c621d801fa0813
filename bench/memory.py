"""The memory of a web worker after 10,000 requests, of articles in all their copies and of pages made for each request.

The archive has more pages than a worker keeps in memory, so that what it keeps is full.
"""

import argparse
import http.client
import random
import sys
import tempfile
import time
from pathlib import Path

from bench import archive, figures, machine, sites
from membership.app import create_app
from membership.cli.database import upgrade_schema
from membership.cli.demo import environment
from membership.db import db
from membership.settings import Settings

MOST_MIB = 160
REQUESTS = 10_000
PER_CONNECTION = 50
"""A new connection may reach another worker."""
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"Accept-Encoding": "gzip"},
    {"Accept-Encoding": "br"},
    {"Accept-Encoding": "br", "Cookie": "appeal=off"},
)
MADE_FOR_EACH = ("/support", "/topics", "/search?q=river", "/sign-in")
MADE_SHARE = 0.02
"""So few that they stay under the flood limit of one network."""


def main(words: list[str] | None = None) -> int:
    """Measure and print."""
    return figures.command("memory", __doc__, measure, words, options)


def options(parser: argparse.ArgumentParser) -> None:
    """How large the archive is."""
    parser.add_argument("--articles", type=int, default=1_500)


def measure(given: argparse.Namespace, table: figures.Table) -> None:
    """Ask so often that each worker has answered 10,000 times, and look at each."""
    with tempfile.TemporaryDirectory(prefix="membership-bench-") as folder:
        data = Path(folder)
        env = environment(data, port=sites.SITE, sandbox_port=sites.SITE + 9)
        app = create_app(Settings.from_environment(env))
        with app.app_context():
            upgrade_schema()
            archive.fill(db.session(), given.articles)
            db.session.remove()
            db.engine.dispose()
        with sites.serving(sites.Prepared(env, app, data)) as served:
            before = sizes(served.pid)
            total = REQUESTS * sites.WORKERS
            failed = ask(total, given.articles)
            after = sizes(served.pid)
    table.say(
        f"  {total:,} requests to {sites.WORKERS} workers, {given.articles:,} articles, seed {archive.SEED}"
    )
    table.add("memory of a worker at the start", max(before), "MiB")
    table.add(f"memory of a worker after {REQUESTS:,} requests", max(after), "MiB", most=MOST_MIB)
    table.add("answers other than 200", failed, most=0)


def sizes(pid: int) -> list[float]:
    """What each worker holds; the process that starts them is not one."""
    return [machine.resident_mib(one) for one in machine.tree(pid)[1:]] or [machine.resident_mib(pid)]


def ask(count: int, articles: int) -> int:
    """Ask for pages at random; how many were not answered 200."""
    choose, failed = random.Random(archive.SEED), 0  # noqa: S311 - a seed, not a secret
    until = time.monotonic() + 600
    for _connection in range(count // PER_CONNECTION):
        connection = http.client.HTTPConnection("127.0.0.1", sites.SITE, timeout=60)
        for _request in range(PER_CONNECTION):
            path = f"/articles/story-{choose.randrange(articles)}"
            if choose.random() < MADE_SHARE:
                path = choose.choice(MADE_FOR_EACH)
            connection.request("GET", path, headers=choose.choice(HEADERS))
            answer = connection.getresponse()
            answer.read()
            failed += answer.status != 200
        connection.close()
        if time.monotonic() > until:
            raise TimeoutError("ten minutes are over")
    return failed


if __name__ == "__main__":
    sys.exit(main())
