"""Stripe's deliveries for measuring: the events of gifts that begin and renew, signed, and an app that takes them."""

import hashlib
import hmac
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import stripe
from cryptography.fernet import Fernet
from flask import Flask
from werkzeug.test import create_environ

from bench import copies
from membership import clock
from membership.app import create_app
from membership.cli.database import upgrade_schema
from membership.cli.seed.generating import Plan, generate
from membership.db import db
from membership.giving import loading, parsing
from membership.newsroom import settings_rows
from membership.sandbox.server import running_sandbox
from membership.settings import SANDBOX_WEBHOOK_SECRET, Settings

SEED = 7
LOADED = 2_000
"""So many patrons of a history are loaded as any history is."""
FIELD_KEY = Fernet.generate_key().decode()
"""One for all processes of a run, since what is stored of an event is encrypted."""
Json = dict[str, Any]


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


def renamed(event: Json, number: int) -> Json:
    """The same event about other objects, so that each round has new ones."""
    text = json.dumps(event)
    for kind in ("evt", "cus", "sub", "in", "inpay", "ch", "pi", "si", "il", "txn", "pm", "price"):
        text = text.replace(f'"{kind}_', f'"{kind}_{number}')
    return cast(
        "Json",
        json.loads(text.replace('"cobench', f'"co{number}bench').replace('"bench', f'"r{number}bench')),
    )


def signed(body: bytes, secret: str = SANDBOX_WEBHOOK_SECRET) -> dict[str, str]:
    """The headers of a delivery that Stripe has signed just now."""
    at = int(clock.now().timestamp())
    signature = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={at},v1={signature}", "Content-Type": "application/json"}


def delivery(event: Json) -> Json:
    """A delivery as a server hands it to the program."""
    body = json.dumps(event).encode()
    return create_environ("/stripe/events", method="POST", data=body, headers=signed(body))


def request(event: Json, port: int, *, signature: str | None = None) -> bytes:
    """A delivery as it comes over the wire; with another signature than its own if one is given."""
    body = json.dumps(event).encode()
    told = {"Host": f"127.0.0.1:{port}", "Content-Length": str(len(body)), **signed(body)}
    if signature is not None:
        told["Stripe-Signature"] = signature
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"POST /stripe/events HTTP/1.1\r\n{head}\r\n".encode() + body


def environment(folder: Path) -> dict[str, str]:
    """The settings of an app on a database of its own: SQLite in WAL with synchronous FULL, as in production."""
    return {
        "MEMBERSHIP_MODE": "test",
        "MEMBERSHIP_DATA_DIR": str(folder),
        "MEMBERSHIP_DATABASE_URL": f"sqlite:///{folder}/membership.db",
        "MEMBERSHIP_FIELD_KEYS": FIELD_KEY,
        "MEMBERSHIP_BASE_URL": "http://localhost",
    }


@contextmanager
def an_app(folder: Path) -> Iterator[Flask]:
    """The product on a database of its own, in this process, its wake-ups kept in memory."""
    folder.mkdir(exist_ok=True)
    app = create_app(Settings.from_environment({**environment(folder), "MEMBERSHIP_JOBS_URL": "memory://"}))
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def history(folder: Path, patrons: int) -> float:
    """A database with so many patrons in it, each with some months of gifts; the seconds that making it took.

    Beyond LOADED the rest are copies of those that were loaded.
    """
    began = time.monotonic()
    times = -(-patrons // LOADED)
    _load(folder, patrons if times == 1 else LOADED)
    copies.copy(folder, times, lambda number: _tell(number, times))
    return time.monotonic() - began


def _tell(number: int, times: int) -> None:
    if number % 100 == 0 or number + 1 == times:
        print(f"  {(number + 1) * LOADED:,} patrons", flush=True)


def _load(folder: Path, patrons: int) -> None:
    with an_app(folder) as app, app.app_context():
        upgrade_schema()
        session = db.session()
        fee = settings_rows.current(session).fee_rate
        session.rollback()
        batch: list[Json] = []
        for told, _given in generate(
            Plan(patrons, 6, datetime(2026, 11, 1, tzinfo=UTC), SEED), sources=[], fee=fee
        ):
            batch += told
            if len(batch) > 20_000:
                loading.load(session, batch)
                session.commit()
                batch = []
        loading.load(session, batch)
        session.commit()


def safe_writes_a_second(folder: Path, *, writes: int = 100) -> float:
    """How many times a second this disk takes 16 KiB for good, one after the other."""
    file = os.open(folder / "disk", os.O_CREAT | os.O_WRONLY)
    try:
        began = time.perf_counter()
        for number in range(writes):
            os.pwrite(file, b"x" * 16_384, number * 16_384)
            os.fdatasync(file)
        return writes / (time.perf_counter() - began)
    finally:
        os.close(file)
