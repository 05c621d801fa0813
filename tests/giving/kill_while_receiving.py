"""A process that takes deliveries through the door and kills itself (signal 9) at a named point.

Usage: python -m tests.giving.kill_while_receiving POINT < events.jsonl, with the app's environment. It writes the id
of each event once it is answered. Points: received, stored, applied, committed (of one event), group-before and
group-after (the commit that the second event and those after it share).
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping

from flask import Flask
from sqlalchemy import event as listening
from sqlalchemy.orm import Session
from werkzeug.test import create_environ, run_wsgi_app

from membership.app import create_app
from membership.db import db
from membership.settings import Settings
from tests.giving.conftest import signed
from tests.giving.stripe_words import Json

COMMITS = {"received": 1, "applied": 2, "group-before": 2}
"""Points just before a commit, and which one."""
COMMITTED = {"stored": 1, "committed": 2, "group-after": 2}
"""Points just after a commit."""
ANSWERED = threading.Event()
"""Set once the first delivery has its answer."""


def killed_at(point: str, event: Json, env: Mapping[str, str]) -> None:
    """Let another process, with the app's environment, take an event and be killed at the point."""
    killed = subprocess.run(
        [sys.executable, "-m", "tests.giving.kill_while_receiving", point],
        input=json.dumps(event).encode(),
        env=os.environ | env,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL


def main(point: str) -> None:
    """Take what stands on the standard input, until the point."""
    app = create_app(Settings.from_environment(dict(os.environ)))
    with app.app_context():
        engine = db.engine
    bodies = sys.stdin.buffer.read().splitlines()
    if len(bodies) > 1:
        _apply_nothing(app)
    seen = {"before": 0, "after": 0}

    @listening.listens_for(engine, "commit")
    def before(_connection: object) -> None:
        seen["before"] += 1
        if seen["before"] == 1 and len(bodies) > 1:
            time.sleep(2)  # the others come meanwhile
        _dies_at(point, COMMITS, seen["before"])

    @listening.listens_for(Session, "after_commit")
    def after(session: Session) -> None:
        if session.in_nested_transaction():
            return  # only a savepoint
        seen["after"] += 1
        _dies_at(point, COMMITTED, seen["after"])

    threads = [threading.Thread(target=_deliver, args=(app, body)) for body in bodies]
    for thread in threads:
        thread.start()
        time.sleep(0.1)
    for thread in threads:
        thread.join()


def _apply_nothing(app: Flask) -> None:
    """Let the door believe in a burst, so that the only commits are those that store."""
    app.extensions["membership_door"]._pace.is_a_burst = lambda: True


def _deliver(app: Flask, body: bytes) -> None:
    environ = create_environ("/stripe/events", method="POST", data=body, headers=signed(body))
    status = run_wsgi_app(app, environ)[1]
    if status.startswith("200"):
        sys.stdout.write(json.loads(body)["id"] + "\n")
        sys.stdout.flush()
        ANSWERED.set()


def _dies_at(point: str, points: dict[str, int], count: int) -> None:
    if points.get(point) == count:
        if point.startswith("group"):
            ANSWERED.wait(10)  # the first has a commit of its own; its answer may still be on its way
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1])
