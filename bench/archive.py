"""`python -m bench.archive`: how soon a change is seen in an archive of 10,000 articles; what making all pages costs.

The site and the worker run as processes of their own on an archive made in a temporary folder. Everything is changed
once (the newsroom's name, which stands on every page); then pages of all ages are asked for. After that the worker is
watched for a while as it makes the rest, and a story is published while it does.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy.orm import Session

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

PORT = 8192
SEED = 20261122
ASKED = 30
WATCHED_S = 30
VISIBLE_BAR_S = 2.0
_TICK = os.sysconf("SC_CLK_TCK")


def main(words: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.archive")
    parser.add_argument("--articles", type=int, default=10_000)
    wanted = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="membership-bench-") as folder:
        data = Path(folder) / "data"
        data.mkdir()
        env = environment(data, port=PORT, sandbox_port=PORT + 9)
        app = create_app(Settings.from_environment(env))
        with app.app_context():
            upgrade_schema()
            began = time.monotonic()
            fill(db.session(), wanted.articles)
            print(
                f"An archive of {wanted.articles:,} articles, made in {time.monotonic() - began:.0f} s, seed {SEED}"
            )
            db.session.remove()
            other = env | {"MEMBERSHIP_DATA_DIR": f"{folder}/other", "MEMBERSHIP_DATABASE_URL": database(app)}
            with (
                machine.running(machine.ours("serve", "--port", str(PORT), "--workers", "2"), env),
                machine.running(machine.ours("serve", "--port", str(OTHER), "--workers", "2"), other),
                machine.running(machine.ours("worker"), env) as worker,
            ):
                measure(app, data, worker, given.articles, table)
            db.session.remove()
            db.engine.dispose()
    return 0


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


def measure(app: Flask, data: Path, worker: "subprocess.Popen[bytes]", count: int) -> None:
    """Change everything, ask, watch, publish; print what was found."""
    wait_until(lambda: b"Before" in page("/"), seconds=180)
    choose = random.Random(SEED)  # noqa: S311 - as above
    asked = [f"/articles/story-{choose.randrange(count)}" for _page in range(ASKED)]
    for path in asked:
        page(path)
    settings_rows.change(db.session(), {"name": "Changed for all"})
    db.session.commit()
    committed = time.monotonic()
    seen = [wait_until(lambda path=path: b"Changed for all" in page(path)) - committed for path in asked[:1]]
    answers = [timed(path) for path in asked[1:]]
    print(
        "\nEverything changed (the newsroom's name), then pages of all ages asked for, one after the other:"
    )
    print(f"  seen on the first page asked for       {seen[0]:6.2f} s   (bar: <= {VISIBLE_BAR_S:.0f} s)")
    print(f"  answers with the change, of {len(answers)}         {sum(new for _s, new in answers):6}")
    print(f"  time of an answer, the longest         {max(s for s, _new in answers):6.2f} s")
    watch(app, data, worker, count)
    publish(db.session())


def watch(app: Flask, data: Path, worker: "subprocess.Popen[bytes]", count: int) -> None:
    """Count what the worker makes in WATCHED_S, and its time on a processor."""
    files = PageFiles(data / "pages")
    newest = app.extensions["membership_pages"][0].news.newest("/")[1]
    before, cpu = made(files, newest), cpu_seconds(worker.pid)
    time.sleep(WATCHED_S)
    pages, spent = made(files, newest) - before, cpu_seconds(worker.pid) - cpu
    rate = pages / WATCHED_S
    print(f"\nThe worker, watched for {WATCHED_S} s as it makes the rest with half of a core at most:")
    print(f"  pages (both copies, best compression)  {pages:6}    {rate:.1f} a second")
    print(f"  processor a page                       {1000 * spent / max(pages, 1):6.0f} ms")
    print(f"  all {count:,} would take              {count / max(rate, 0.01) / 60:6.1f} min")


def publish(session: Session) -> None:
    """Publish a story while the worker is busy, and wait until its page and the front page have it."""
    draft = Draft(headline="News of this minute", body="It has come.", language="en", section="section-1")
    article = publishing.create(session, draft, by=COMMAND)
    publishing.publish(session, article, by=COMMAND)
    path = f"/articles/{article.slug}"
    session.commit()
    committed = time.monotonic()
    own = wait_until(lambda: b"It has come." in page(path)) - committed
    front = wait_until(lambda: b"News of this minute" in page("/")) - committed
    print("\nA story published meanwhile:")
    print(f"  seen at its own address                {own:6.2f} s   (bar: <= {VISIBLE_BAR_S:.0f} s)")
    print(f"  seen on the front page                 {front:6.2f} s   (bar: <= {VISIBLE_BAR_S:.0f} s)")


def made(files: PageFiles, generation: int) -> int:
    """How many stored articles are of this generation or newer."""
    found = (files.meta(path, "asking") for path in files.paths() if path.startswith("/articles/"))
    return sum(meta is not None and meta.generation >= generation for meta in found)


def cpu_seconds(pid: int) -> float:
    """The processor time of a process until now (Linux)."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / _TICK


def page(path: str) -> bytes:
    """What a reader gets; nothing while the site does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=10) as answer:
            body: bytes = answer.read()
    except OSError:
        return b""
    return body


def timed(path: str) -> tuple[float, bool]:
    """Seconds of an answer, and whether it has the change."""
    began = time.monotonic()
    body = page(path)
    return time.monotonic() - began, b"Changed for all" in body


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


@contextmanager
def running(env: dict[str, str], *words: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process of the product while the block runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "membership", *words],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


if __name__ == "__main__":
    sys.exit(main())
