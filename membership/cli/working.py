"""`membership worker`: applies events, sends mail, does what is due, renders pages, reads fees.

The tables say what there is to do. A wake-up makes the worker look at once; without any, it looks once a minute.
Whoever waits for a way in waits for no picture and for no answer of Stripe: mails leave in a lane of their own.
"""

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial

import click
import structlog
from flask import Flask, current_app
from flask.cli import with_appcontext
from huey import crontab
from sqlalchemy.orm import Session

from membership import jobs
from membership.accounts import signing_in
from membership.appeals import concluding
from membership.articles import picturing, presence
from membership.db import db, is_passing, run_unit, wait_longer
from membership.giving import (
    applying,
    card_testing,
    cards,
    care_links,
    chaining,
    departing,
    fees,
    reading_again,
    replacing,
    unanswered,
)
from membership.mail import outbox
from membership.newsroom import budgets, due
from membership.revisions import refuse_other_schema
from membership.web import page_store
from membership.web.page_rendering import Renderer

log = structlog.get_logger(__name__)
TURN_S = 30
"""How long the worker, for whom nobody waits, waits for its turn to write to a SQLite file."""
ROUND_S = 60
ENDING_S = 5
"""How long the piece of work at hand in a lane may take when the worker is stopped; then it is left and done again."""
Task = Callable[..., object]
"""Takes a session; one with a lane of its own also `until`: what says, between two pieces of work, to stop."""


def forget_old(session: Session) -> None:
    """Delete what need not be kept: budgets of a month ago, who had what open, links and sessions that are over."""
    run_unit(session, partial(budgets.forget_old, session))
    run_unit(session, partial(signing_in.forget_old, session))
    run_unit(session, partial(care_links.forget_old, session))
    run_unit(session, partial(presence.forget_old, session))


def make_picture_sizes(session: Session, *, until: Callable[[], bool] = lambda: False) -> int:
    """Make the other sizes of new pictures."""
    return picturing.make_sizes(session, current_app.extensions["membership_media"], until=until)


TASKS: dict[str, Task] = {
    "events": applying.apply_all,
    "readings": reading_again.read_all,
    "due": due.apply_all,
    "pages": page_store.render_ahead,
    "pictures": make_picture_sizes,
    "mail": outbox.send_all,
    "calls": unanswered.settle_all,
    "replacements": replacing.settle_all,
    "deletions": departing.settle_all,
    "cards": cards.look_all,
    "sessions": card_testing.end_all,
    "fees": fees.read,
    "chain": chaining.extend,
    "trials": concluding.conclude_all,
    "forget": forget_old,
}
"""What a wake-up of each name, and each minute's round, does; in this order, since each may make work for the next."""
LANES = ("mail", "pictures")
"""Tasks that run beside the others: what many wait for, and what takes long."""


class Lane:
    """One task in a thread of its own: done at each nudge, and once a minute."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._nudged = threading.Event()

    def nudge(self) -> None:
        """Do it now, or once more if it is being done."""
        self._nudged.set()

    def run(self, stop: threading.Event) -> None:
        """Do it again and again until `stop` is set."""
        while not stop.is_set():
            self._nudged.clear()
            self._work()
            self._nudged.wait(ROUND_S)


@click.command()
@click.option("--once", is_flag=True, help="Do all there is to do now, and end.")
@with_appcontext
def worker(*, once: bool) -> None:
    """Do the work that pages leave behind, until it is stopped.

    Example: membership worker
    """
    wait_longer(seconds=TURN_S)
    refuse_other_schema(db.engine)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - Flask's documented way to the app behind the proxy
    if once:
        round_of_work(app)
        return
    with beside(app) as lanes:
        for name, task in TASKS.items():
            jobs.handle(name, lanes[name].nudge if name in lanes else partial(run, app, name, task))
        queue = jobs.queue()
        queue.periodic_task(crontab(), name="round")(partial(round_of_work, app, but=lanes))
        click.echo("The worker runs. Ctrl-C ends it.")
        queue.create_consumer(
            workers=1,
            periodic=True,
            initial_delay=0.05,
            max_delay=0.5,
            check_worker_health=True,
            graceful_signal="TERM",  # what service managers send: the task at hand is finished
        ).run()


@contextmanager
def beside(app: Flask) -> Iterator[dict[str, Lane | Renderer]]:
    """Let what has a lane of its own run in one, by the names of tasks; at the end the piece at hand is finished."""
    stop = threading.Event()
    lanes: dict[str, Lane | Renderer] = {"pages": page_store.renderer()}
    for name in LANES:
        lanes[name] = Lane(partial(run, app, name, partial(TASKS[name], until=stop.is_set)))
    threads = [
        threading.Thread(target=lane.run, args=(stop,), name=name, daemon=True)
        for name, lane in lanes.items()
    ]
    for thread in threads:
        thread.start()
    try:
        yield lanes
    finally:
        stop.set()
        for lane in lanes.values():
            lane.nudge()
        for thread in threads:
            thread.join(timeout=ENDING_S)


def round_of_work(app: Flask, *, but: Collection[str] = ()) -> None:
    """Do everything there is to do, each task by itself; `but` names those that somebody else does."""
    for name, task in TASKS.items():
        if name not in but:
            run(app, name, task)


def run(app: Flask, name: str, task: Task) -> None:
    """Run one task; what goes wrong in it is logged and must not stop the others."""
    with app.app_context():
        try:
            task(db.session())
        except Exception as error:
            if is_passing(error):
                log.warning("task_waits_for_the_database", task=name)
            else:
                log.exception("task_failed", task=name)
        finally:
            db.session.remove()
