"""`python -m bench.webhooks`: how many of Stripe's deliveries one process takes in, and how many it applies.

The events are those of the sandbox for gifts that begin and renew, whole as Stripe sends them, in the order in which
they happened, types that we only keep among them left out. SQLite in WAL with synchronous FULL, as in production.

The anchor is dj-stripe 2.11 on the same engine: 81 `invoice.paid` a second, measured once and stated, not run here.
"""

import argparse
import hashlib
import hmac
import json
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import stripe
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import create_environ, run_wsgi_app

from membership import clock
from membership.app import create_app
from membership.cli.database import upgrade_schema
from membership.cli.seed.generating import Plan, generate
from membership.db import db
from membership.giving import applying, loading, parsing
from membership.giving.models import Event, EventState
from membership.newsroom import settings_rows
from membership.sandbox.server import running_sandbox
from membership.settings import SANDBOX_WEBHOOK_SECRET, Settings

ANCHOR = 81
APPLIED_BAR, ACKNOWLEDGED_BAR, LARGE_BAR = 4, 10, 0.8
SEED = 7
Json = dict[str, Any]


def main(words: list[str] | None = None) -> int:
    """Measure and print; 0 if measured."""
    asked = argparse.ArgumentParser(prog="python -m bench.webhooks", description=__doc__)
    asked.add_argument("--gifts", type=int, default=150, help="how many gifts begin and renew")
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--small", type=int, default=1_000, help="patrons in the small history")
    asked.add_argument("--large", type=int, default=20_000, help="patrons in the large history")
    given = asked.parse_args(words)
    began = time.monotonic()
    events = events_of(given.gifts)
    size = sum(len(json.dumps(event)) for event in events) // len(events)
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version} (WAL, FULL), stripe {version('stripe')},"
    )
    print(
        f"{os.cpu_count()} cores, seed {SEED}, {len(events)} events of {size:,} bytes,"
        f" medians of {given.rounds} rounds\n"
    )
    rates: dict[int, list[tuple[float, float, float]]] = {given.small: [], given.large: []}
    with tempfile.TemporaryDirectory(prefix="membership-bench-") as folder:
        for patrons in rates:
            history(Path(folder) / str(patrons), patrons)
        for number in range(given.rounds):
            for patrons, measured in rates.items():
                measured.append(a_round(Path(folder) / str(patrons), events, number))
    show(rates)
    print(f"\n{time.monotonic() - began:.0f} s in all")
    return 0


def show(rates: dict[int, list[tuple[float, float, float]]]) -> None:
    """Print what was measured, beside the bars."""
    applied = {patrons: statistics.median(r[1] for r in rounds) for patrons, rounds in rates.items()}
    small, large = applied
    taken = statistics.median(r[0] for r in rates[small])
    processor = statistics.median(r[2] for r in rates[small])
    print(f"{'':<44}{'a second':>9}{'ratio':>8}{'bar':>7}")
    row("dj-stripe 2.11, the same engine (stated)", ANCHOR, 1.0, "")
    row("acknowledged, one process", taken, taken / ANCHOR, f">= {ACKNOWLEDGED_BAR}")
    row(
        f"applied, one process, {small:,} patrons",
        applied[small],
        applied[small] / ANCHOR,
        f">= {APPLIED_BAR}",
    )
    row("  the same by CPU seconds", processor, processor / ANCHOR, "")
    row(f"applied, one process, {large:,} patrons", applied[large], applied[large] / ANCHOR, "")
    row("  large history beside small", applied[large], applied[large] / applied[small], f">= {LARGE_BAR}")


def row(name: str, rate: float, ratio: float, bar: str) -> None:
    """One line of the table."""
    print(f"{name:<44}{rate:>9,.0f}{ratio:>8.2f}{bar:>7}")


def events_of(gifts: int) -> list[Json]:
    """The events of so many monthly gifts that begin, and renew once a month later."""
    with running_sandbox(seed=SEED) as sandbox:
        client = stripe.StripeClient(sandbox.secret_key, base_addresses={"api": sandbox.url})
        product = client.v1.products.create({"name": "Support"}).id
        recurring = {
            "currency": "eur",
            "product": product,
            "unit_amount": 500,
            "recurring": {"interval": "month"},
        }
        for number in range(gifts):
            customer = client.v1.customers.create({"email": f"bench{number}@example.org"}).id
            card = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer}).id
            params = {
                "customer": customer,
                "default_payment_method": card,
                "items": [{"price_data": recurring}],
                "metadata": {"app": "membership", "checkout": f"cobench{number}"},
            }
            client.v1.subscriptions.create(cast("Any", params))
        sandbox.advance("32 days")
        return [dict(event) for event in sandbox.events() if event["type"] in parsing.USED]


def history(folder: Path, patrons: int) -> None:
    """A database with so many patrons in it, each with some months of gifts."""
    with an_app(folder) as app, app.app_context():
        upgrade_schema()
        session = db.session()
        fee = settings_rows.current(session).fee_rate
        session.rollback()
        plan = Plan(patrons, 6, datetime(2026, 11, 1, tzinfo=UTC), SEED)
        batch: list[Json] = []
        for told, _given in generate(plan, sources=[], fee=fee):
            batch += told
            if len(batch) > 20_000:
                loading.load(session, batch)
                batch = []
        loading.load(session, batch)
        session.commit()


def a_round(folder: Path, events: list[Json], number: int) -> tuple[float, float, float]:
    """Deliver all events, then apply them: acknowledged, applied, and applied a CPU second."""
    told = [renamed(event, number) for event in events]
    with an_app(folder) as app:
        deliveries = [delivery(json.dumps(event).encode()) for event in told]
        began = time.perf_counter()
        for environ in deliveries:
            status = run_wsgi_app(app, environ)[1]
            if not status.startswith("200"):
                raise RuntimeError(f"a delivery was answered {status}")
        taken = len(told) / (time.perf_counter() - began)
        with app.app_context():
            waiting = db.session.scalar(
                select(func.count()).select_from(Event).where(Event.state == EventState.RECEIVED)
            )
            db.session.rollback()
            began, processor = time.perf_counter(), time.process_time()
            held = applying.apply_all(db.session())
            seconds, processor = time.perf_counter() - began, time.process_time() - processor
            if held != waiting:
                raise RuntimeError(f"{waiting - held} of {waiting} events could not be applied")
    return taken, held / seconds, held / processor


def renamed(event: Json, number: int) -> Json:
    """The same event about other objects, so that each round has new ones."""
    text = json.dumps(event)
    for kind in ("evt", "cus", "sub", "in", "inpay", "ch", "pi", "si", "il", "txn", "pm", "price"):
        text = text.replace(f'"{kind}_', f'"{kind}_{number}')
    return cast(
        "Json",
        json.loads(text.replace('"cobench', f'"co{number}bench').replace('"bench', f'"r{number}bench')),
    )


def delivery(body: bytes) -> Json:
    """A delivery that Stripe has signed, as a server hands it to the program."""
    at = int(clock.now().timestamp())
    signature = hmac.new(
        SANDBOX_WEBHOOK_SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256
    ).hexdigest()
    headers = {"Stripe-Signature": f"t={at},v1={signature}", "Content-Type": "application/json"}
    return create_environ("/stripe/events", method="POST", data=body, headers=headers)


@contextmanager
def an_app(folder: Path) -> Iterator[Flask]:
    """The product on a database of its own."""
    folder.mkdir(exist_ok=True)
    app = create_app(
        Settings.from_environment(
            {
                "MEMBERSHIP_MODE": "test",
                "MEMBERSHIP_DATA_DIR": str(folder),
                "MEMBERSHIP_DATABASE_URL": f"sqlite:///{folder}/membership.db",
                "MEMBERSHIP_JOBS_URL": "memory://",
                "MEMBERSHIP_BASE_URL": "http://localhost",
            }
        )
    )
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


if __name__ == "__main__":
    sys.exit(main())
