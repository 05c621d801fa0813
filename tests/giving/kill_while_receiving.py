"""A process that takes one delivery and kills itself (signal 9) at a named point; run by test_trust_webhooks.

Usage: python -m tests.giving.kill_while_receiving POINT < event.json, with the app's environment.
"""

import os
import signal
import sys

from membership import clock
from membership.app import create_app
from membership.db import db
from membership.giving import applying, receiving
from membership.settings import Settings
from tests.giving.conftest import signed


def main(point: str) -> None:
    """Receive what stands on the standard input, until the point."""
    settings = Settings.from_environment(dict(os.environ))
    app = create_app(settings)
    with app.app_context():
        session = db.session()
        body = sys.stdin.buffer.read()
        delivery = receiving.Delivery(body=body, signature=signed(body)["Stripe-Signature"], at=clock.now())
        event_id, _, _ = receiving.receive(
            session, delivery, secrets=settings.stripe_webhook_secrets, is_live=False
        )
        _dies_here(point, "received")
        session.commit()
        _dies_here(point, "stored")
        applying.apply_event(session, event_id)
        session.flush()
        _dies_here(point, "applied")
        session.commit()
        _dies_here(point, "committed")


def _dies_here(point: str, here: str) -> None:
    if point == here:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1])
