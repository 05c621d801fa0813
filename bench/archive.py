"""`python -m bench.archive`: how soon a change is seen in an archive of 10,000 articles; what making all pages costs.

The site and the worker run as processes of their own on an archive made in a temporary folder. Everything is changed
once (the newsroom's name, which stands on every page); then pages of all ages are asked for. After that the worker is
watched for a while as it makes the rest, and a story is published while it does.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from flask import Flask
from sqlalchemy.orm import Session

from bench import figures, machine
from membership import clock
from membership.app import create_app
from membership.articles import appealing, publishing
from membership.articles.models import Article, ArticleState, Byline
from membership.articles.publishing import COMMAND, Draft
from membership.cli.database import upgrade_schema
from membership.cli.demo import environment
from membership.db import db
from membership.newsroom import settings_rows
from membership.settings import Settings
from membership.web.page_files import PageFiles

PORT, OTHER = 8192, 8193
PORTS = (PORT, OTHER)
MACHINES = "two servers with two workers and pages of their own"
SEED = 20261122
ASKED = 30
WATCHED_S = 30
LOOKED_S = 5
VISIBLE_BAR_S = 2.0


def main(words: list[str] | None = None) -> int:
    """Measure and print."""
    return figures.command("archive", __doc__, run, words, options)


def options(parser: argparse.ArgumentParser) -> None:
    """How large the archive is."""
    parser.add_argument("--articles", type=int, default=10_000)


def run(given: argparse.Namespace, table: figures.Table) -> None:
    """Make the archive, serve it from two machines' worth of processes, and measure."""
    with tempfile.TemporaryDirectory(prefix="membership-bench-") as folder:
        data = Path(folder) / "data"
        data.mkdir()
        env = environment(data, port=PORT, sandbox_port=PORT + 9)
        app = create_app(Settings.from_environment(env))
        with app.app_context():
            upgrade_schema()
            began = time.monotonic()
            fill(db.session(), given.articles)
            made_in = time.monotonic() - began
            table.say(f"  {given.articles:,} articles, made in {made_in:.0f} s, seed {SEED}; {MACHINES}")
            other = env | {
                "MEMBERSHIP_DATA_DIR": f"{folder}/other",
                "MEMBERSHIP_DATABASE_URL": app.extensions["membership_settings"].database_url,
            }
            db.session.remove()
            with (
                served(env, PORT),
                served(other, OTHER),
                machine.running(machine.ours("worker"), env) as worker,
            ):
                measure(app, data, worker, given.articles, table)
            db.session.remove()
            db.engine.dispose()


def served(env: dict[str, str], port: int) -> AbstractContextManager["subprocess.Popen[bytes]"]:
    """A server with two workers, from its first answer on."""
    words = machine.ours("serve", "--port", str(port), "--workers", "2")
    return machine.running(words, env, url=f"http://127.0.0.1:{port}/live")


def fill(session: Session, count: int) -> None:
    """Write so many small articles as published, one an hour back in time; five sections, two hundred tags. Commits."""
    choose = random.Random(SEED)  # noqa: S311 - a seed, not a secret
    sections = [{"slug": f"section-{n}", "en": f"Section {n}", "uk": f"Рубрика {n}"} for n in range(5)]
    settings_rows.change(session, {"name": "Before", "sections": sections})
    newest = clock.now()
    for first in range(0, count, 500):
        made = [
            _article(number, newest - timedelta(hours=count - number), choose)
            for number in range(first, min(first + 500, count))
        ]
        session.add_all(made)
        session.flush()
        for one in made:
            name = f"Author {one.id % 20}"
            session.add(Byline(article_id=one.id, position=0, name=name, slug=f"author-{one.id % 20}"))
            appealing.tell(session, one)
        session.commit()
        session.expunge_all()


def _article(number: int, at: datetime, choose: random.Random) -> Article:
    return Article(
        slug=f"story-{number}",
        language="en",
        headline=f"Story {number} of the river and the bridge",
        standfirst="What it says in one sentence.",
        body="\n\n".join(["A paragraph of some length about nothing much, told calmly. " * 6] * 4),
        section=f"section-{choose.randrange(5)}",
        tags={"tags": [f"tag {choose.randrange(200)}" for _tag in range(3)]},
        state=ArticleState.PUBLISHED,
        created_at=at,
        updated_at=at,
        published_at=at,
    )


def measure(
    app: Flask, data: Path, worker: "subprocess.Popen[bytes]", count: int, table: figures.Table
) -> None:
    """Change everything, ask everywhere, watch, publish."""
    for port in PORTS:
        wait_until(partial(_shows, b"Before", port), seconds=180)
    choose = random.Random(SEED)  # noqa: S311 - as above
    asked = [f"/articles/story-{choose.randrange(count)}" for _page in range(ASKED)]
    for path in asked:
        for port in PORTS:
            page(path, port)
    settings_rows.change(db.session(), {"name": "Changed for all"})
    db.session.commit()
    last = last_without(b"Changed for all", asked[0], since=time.monotonic())
    table.say("  everything changed (the newsroom's name), then pages of all ages asked for:")
    table.add("the last old answer of any worker, of the page asked for", last, "s", most=VISIBLE_BAR_S)
    answers = [timed(path) for path in asked[1:]]
    table.add(
        f"answers without the change, of {len(answers)} other pages",
        sum(not new for _s, new in answers),
        most=0,
    )
    table.add("the longest time of such an answer", max(s for s, _new in answers), "s", most=VISIBLE_BAR_S)
    watch(app, data, worker, count, table)
    publish(db.session(), table)


def last_without(text: bytes, path: str, *, since: float) -> float:
    """How long after `since` the last answer without a text came; each is asked by a connection of its own.

    A new connection reaches any worker of its machine, so that in LOOKED_S all of them have answered many times.
    """
    last = 0.0
    while time.monotonic() < since + LOOKED_S:
        for port in PORTS:
            if text not in page(path, port):
                last = time.monotonic() - since
    return last


def watch(
    app: Flask, data: Path, worker: "subprocess.Popen[bytes]", count: int, table: figures.Table
) -> None:
    """Count what the worker makes in WATCHED_S, and its time on a processor."""
    files = PageFiles(data / "pages")
    newest = app.extensions["membership_pages"][0].news.newest("/")[1]
    before, cpu = made(files, newest), machine.cpu_seconds(worker.pid)
    time.sleep(WATCHED_S)
    pages, spent = made(files, newest) - before, machine.cpu_seconds(worker.pid) - cpu
    rate = pages / WATCHED_S
    table.say(f"  the worker, watched for {WATCHED_S} s as it makes the rest with half of a core at most:")
    table.add("pages a second, both copies in the best compression", rate)
    table.add("processor of a page", 1000 * spent / max(pages, 1), "ms")
    table.add(f"all {count:,} would take", count / max(rate, 0.01) / 60, "min")


def publish(session: Session, table: figures.Table) -> None:
    """Publish a story while the worker is busy, and ask for its page and the front page everywhere."""
    draft = Draft(headline="News of this minute", body="It has come.", language="en", section="section-1")
    article = publishing.create(session, draft, by=COMMAND)
    publishing.publish(session, article, by=COMMAND)
    path = f"/articles/{article.slug}"
    session.commit()
    committed = time.monotonic()
    own = wait_until(lambda: b"It has come." in page(path)) - committed
    front = last_without(b"News of this minute", "/", since=committed)
    table.say("  a story published meanwhile:")
    table.add("seen at its own address", own, "s", most=VISIBLE_BAR_S)
    table.add("the last front page of any worker without it", front, "s", most=VISIBLE_BAR_S)


def made(files: PageFiles, generation: int) -> int:
    """How many stored articles are of this generation or newer."""
    found = (files.meta(path, "asking") for path in files.paths() if path.startswith("/articles/"))
    return sum(meta is not None and meta.generation >= generation for meta in found)


def page(path: str, port: int = PORT) -> bytes:
    """What a reader gets; nothing while the site does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            body: bytes = answer.read()
    except OSError:
        return b""
    return body


def timed(path: str) -> tuple[float, bool]:
    """Seconds of an answer, and whether it has the change."""
    began = time.monotonic()
    body = page(path)
    return time.monotonic() - began, b"Changed for all" in body


def _shows(words: bytes, port: int) -> bool:
    return words in page("/", port)


def wait_until(true: Callable[[], bool], *, seconds: float = 60) -> float:
    """The moment at which it became true.

    Raises:
        TimeoutError: it did not.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return time.monotonic()
        time.sleep(0.02)
    raise TimeoutError


if __name__ == "__main__":
    sys.exit(main())
