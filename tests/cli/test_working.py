"""`membership worker` as it is run: who waits for a way in does not wait for the rest of the work."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from alembic import command
from cryptography.fernet import Fernet
from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from membership.articles import picturing
from membership.articles.models import Media
from membership.cli.database import alembic_config
from membership.giving.models import Event, EventState, Payment
from membership.mail.models import MailState, OutgoingMail
from tests import servers
from tests.giving.stripe_words import Life, once

pytestmark = (
    pytest.mark.one_engine
)  # what waits for what in the process; SQLite, with its one writer, is the harder

SOON_S = 10  # M12: what 95 of 100 sign-in mails take at most
PICTURES = 5  # each takes a second or more to draw in all its sizes


@pytest.fixture
def settings_env(settings_env, tmp_path):
    """The worker is a process of its own: it shares the keys, and wake-ups go through a file. Stripe is nowhere."""
    return settings_env | {
        "MEMBERSHIP_JOBS_URL": f"sqlite:///{tmp_path}/jobs.db",
        "MEMBERSHIP_FIELD_KEYS": Fernet.generate_key().decode(),
        "MEMBERSHIP_STRIPE_API_BASE": f"http://127.0.0.1:{servers.free_port()}",
    }


@pytest.fixture
def worker(app: Flask, settings_env: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A running worker on the test's database."""
    with app.app_context():
        command.stamp(alembic_config(), "head")  # it works on no schema of which this is not written
    process = subprocess.Popen(
        [sys.executable, "-m", "membership", "worker"],
        stdout=subprocess.PIPE,
        env=os.environ | settings_env | {"PYTHONUNBUFFERED": "1"},
    )
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def a_large_picture(shade: int) -> bytes:
    drawn = Image.effect_noise((1000, 700), 60).convert("RGB")
    drawn.putpixel((0, 0), (shade, 0, 0))
    out = io.BytesIO()
    drawn.save(out, "JPEG")
    return out.getvalue()


def test_m12_a_sign_in_mail_leaves_at_once_while_pictures_are_drawn(app, session, client, worker, clock):
    clock.set(None)  # the worker is a process of its own and goes by the machine's clock
    for number in range(PICTURES):
        picturing.take(session, app.extensions["membership_media"], a_large_picture(number), called="x.jpg")
        session.commit()
    drawn = select(func.count()).where(Media.sizes_made_at.is_not(None))
    _await(session, lambda: session.scalar(drawn) > 0)

    client.post("/sign-in", data={"email": "eve@example.org"}, headers={"Sec-Fetch-Site": "same-origin"})

    asked = time.monotonic()
    sent = select(OutgoingMail.state).filter_by(kind="accounts/no_account")
    _await(session, lambda: session.scalar(sent) is MailState.SENT)
    assert time.monotonic() - asked < SOON_S
    assert session.scalar(drawn) < PICTURES, "the pictures were done before; the test has shown nothing"
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=20) == 0


@pytest.fixture
def stored_by_the_killed(app: Flask, settings_env: dict[str, str]) -> str:
    """An event that a process has stored, and not applied, when it was killed; its id."""
    del app
    life = Life("fallen")
    once(life)
    killed = subprocess.run(
        [sys.executable, "-m", "tests.giving.kill_while_receiving", "stored"],
        input=json.dumps(life.events[0]).encode(),
        env=os.environ | settings_env,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    return str(life.events[0]["id"])


@pytest.mark.usefixtures("stored_by_the_killed", "worker")
def test_w27_what_a_killed_process_left_is_applied_within_a_minute_of_the_restart(session):
    state = select(Event.state)
    assert session.scalar(state) is not None
    payments = select(func.count()).select_from(Payment)

    _await(session, lambda: session.scalar(state) is EventState.APPLIED, seconds=60)

    assert session.scalar(payments) == 1


def _await(session, happens, *, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        session.rollback()
        has_happened = happens()
        session.rollback()  # it holds the file's turn to write
        if has_happened:
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")
