"""Run by bench.peer with the peer's own Python: dj-stripe's webhook view on SQLite, measured; prints JSON."""

import hashlib
import hmac
import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import django
import stripe
from django.conf import settings
from django.core.management import call_command
from django.test import Client

SECRET = "whsec_peer"  # noqa: S105 - of nobody


def main() -> None:
    """Print the versions, or what a round came to."""
    if sys.argv[1] == "--versions":
        print(json.dumps({"versions": f"dj-stripe {version('dj-stripe')} on Django {version('Django')}"}))
        return
    folder = Path(sys.argv[1])
    told = json.loads((folder / "deliveries.json").read_text())
    _set_up(folder)
    send = _door(told["objects"])
    for event in told["known"]:
        send(event)
    began, processor = time.perf_counter(), time.process_time()
    for event in told["measured"]:
        send(event)
    seconds, processor = time.perf_counter() - began, time.process_time() - processor
    models = import_module("djstripe.models")
    count = len(told["measured"])
    processed = models.WebhookEventTrigger.objects.filter(processed=True).count()
    print(
        json.dumps(
            {"a_second": count / seconds, "a_processor_second": count / processor, "processed": processed}
        )
    )


def _set_up(folder: Path) -> None:
    """A fresh database with dj-stripe's tables."""
    apps = ["auth", "contenttypes", "djstripe"]
    file = folder / "peer.db"
    for ending in ("", "-wal", "-shm"):
        Path(f"{file}{ending}").unlink(missing_ok=True)
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(file),
                "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"},
            }
        },
        DJSTRIPE_FOREIGN_KEY_TO_FIELD="id",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "djstripe"],
        MIGRATION_MODULES=dict.fromkeys(apps),  # the tables as they are in the end
        ROOT_URLCONF="djstripe.urls",
        SECRET_KEY="bench",  # noqa: S106 - of nobody
        STRIPE_LIVE_MODE=False,
        STRIPE_TEST_SECRET_KEY="sk_test_peer",  # noqa: S106 - of nobody
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)


def _door(objects: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    """A function that delivers one event; Stripe is a dictionary, which takes no time."""
    models = import_module("djstripe.models")

    def refresh(self: stripe.APIResource[Any]) -> stripe.APIResource[Any]:
        sparse = {
            "id": self["id"],
            "object": self.OBJECT_NAME,
            "livemode": False,
            "created": 1,
            "metadata": {},
        }
        self.refresh_from(objects.get(self["id"], sparse), "sk_test_peer")
        return self

    stripe.APIResource.refresh = refresh
    models.Product.stripe_class.list_features = lambda *_words, **_more: stripe.ListObject.construct_from(
        {"object": "list", "data": [], "has_more": False}, "sk_test_peer"
    )
    account = models.Account.objects.create(id="acct_peer", livemode=False)
    models.base.StripeModel._find_owner_account = classmethod(lambda *_words, **_more: account)  # noqa: SLF001 - no network
    endpoint = models.WebhookEndpoint.objects.create(
        id="we_peer",
        livemode=False,
        secret=SECRET,
        enabled_events=["*"],
        url="https://peer.example/",
        status="enabled",
        djstripe_owner_account=account,
    )
    client, path = Client(), f"/webhook/{endpoint.djstripe_uuid}/"

    def send(event: dict[str, Any]) -> None:
        body, at = json.dumps(event).encode(), int(time.time())
        signature = hmac.new(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"Stripe-Signature": f"t={at},v1={signature}"}
        answer = client.post(path, data=body, content_type="application/json", headers=headers)
        if answer.status_code != 200:
            raise RuntimeError(f"the peer answered {answer.status_code}")

    return send


if __name__ == "__main__":
    main()
