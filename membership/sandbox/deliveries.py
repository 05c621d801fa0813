"""Telling the app what happened: signed, in order, again when it was not taken.

Source: https://docs.stripe.com/webhooks (signatures, retries)
"""

import hmac
import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from threading import Condition, Thread
from urllib.parse import urlsplit

from membership.sandbox.account import Account
from membership.sandbox.clock import waited
from membership.sandbox.queue import GIVEN, Knobs, secret_of

# Takes an address, headers and a body, and gives the HTTP status that came back.
Sender = Callable[[str, dict[str, str], bytes], int]

# Real seconds between tries; Stripe waits longer, but nobody waits days at a laptop.
_WAITS = (1, 5, 15, 60, 300, 900, 3_600, 3_600, 7_200, 14_400, 28_800, 43_200)


@dataclass(frozen=True)
class Delivery:
    """One try to hand over one event, and the status it was answered with (0: nobody there)."""

    event: str
    kind: str
    url: str
    status: int

    @property
    def was_taken(self) -> bool:
        """Whether the endpoint answered with a 2xx."""
        return 200 <= self.status < 300


def sign(body: bytes, secret: str, instant: int) -> str:
    """Give the Stripe-Signature header for a body sent at an instant."""
    mac = hmac.new(secret.encode(), f"{instant}.".encode() + body, sha256)
    return f"t={instant},v1={mac.hexdigest()}"


def send_over_http(url: str, headers: dict[str, str], body: bytes) -> int:
    """Post a delivery to where it should go, and give the status; 0 when nobody took it."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=20)
    try:
        connection.request(
            "POST", (parts.path or "/") + ("?" + parts.query if parts.query else ""), body, headers
        )
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


class Deliveries:
    """Hands the queue's events to the endpoints: at once in a thread of its own, or when a test says so."""

    def __init__(
        self, account: Account, *, secret: str, url: str | None = None, sender: Sender | None = None
    ) -> None:
        self._account = account
        self.secret = secret
        self.url = url
        self.sender: Sender = sender or send_over_http
        self.log: list[Delivery] = []
        self._wake = Condition()
        self._thread: Thread | None = None
        self._stopping = False
        # What else is to be done every second while the thread runs.
        self.before_each: Callable[[], None] = lambda: None
        account.queue.has_given_endpoint = True

    @property
    def knobs(self) -> Knobs:
        """How bad the line is; change it at any time."""
        return self._account.queue.knobs

    @property
    def pending(self) -> list[tuple[str, str]]:
        """Give (event id, event type) of all that wait, in the order in which they will be sent."""
        with self._account.lock:
            return [(event, self._kind(event)) for _, event, _, _ in self._account.queue.pending()]

    def deliver_all(self, sender: Sender | None = None) -> list[Delivery]:
        """Send everything that waits once, in order, whether due or not; what is not taken waits again."""
        tried: set[int] = set()
        made: list[Delivery] = []
        while True:
            with self._account.lock:
                rows = [row for row in self._account.queue.pending() if row[0] not in tried]
            if not rows:
                return made
            for row in rows:
                tried.add(row[0])
                made.append(self._try(row, sender or self.sender))

    def resend(self, event: str) -> None:
        """Queue an event once more for the endpoint given at start."""
        with self._account.lock:
            self._account.queue.again(event, GIVEN)
        self.wake()

    def start(self) -> None:
        """Begin to deliver in the background."""
        self._thread = Thread(target=self._run, name="sandbox-deliveries", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the delivery at hand and stop."""
        self._stopping = True
        self.wake()
        if self._thread is not None:
            self._thread.join(timeout=25)
            self._thread = None

    def wake(self) -> None:
        """Say that something may be waiting."""
        with self._wake:
            self._wake.notify_all()

    def _run(self) -> None:
        while not self._stopping:
            self.before_each()
            with self._account.lock:
                found = self._account.queue.next_due()
            wait = None if found is None else found[0] - waited()
            if found is not None and wait is not None and wait <= 0:
                self._try(found[1], self.sender)
                continue
            with self._wake:
                # A second at most: a wake-up between looking and waiting must not be missed for long.
                self._wake.wait(min(wait, 1.0) if wait is not None else 1.0)

    def _try(self, row: tuple[int, str, str, int], sender: Sender) -> Delivery:
        number, event_id, endpoint, attempt = row
        with self._account.lock:
            target = self._target(endpoint)
            body = self._body(event_id)
            now = self._account.clock.present()
        if target is None:
            return self._ended(number, Delivery(event_id, "", endpoint, 0), "failed")
        url, secret = target
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": sign(body, secret, now),
            "Accept": "*/*",
        }
        made = Delivery(event_id, self._kind(event_id), url, sender(url, headers, body))
        if made.was_taken:
            return self._ended(number, made, "done")
        if attempt + 1 >= len(_WAITS):
            return self._ended(number, made, "failed")
        with self._account.lock:
            self._account.queue.put_off(number, _WAITS[attempt])
        self._keep(made)
        return made

    def _ended(self, number: int, made: Delivery, state: str) -> Delivery:
        with self._account.lock:
            self._account.queue.settle(number, state)
        self._keep(made)
        return made

    def _keep(self, made: Delivery) -> None:
        self.log.append(made)
        del self.log[:-1_000]

    def _target(self, endpoint: str) -> tuple[str, str] | None:
        if endpoint == GIVEN:
            return (self.url or "http://127.0.0.1/stripe/events", self.secret)
        found = self._account.find(endpoint)
        return None if found is None else (found["url"], secret_of(found))

    def _body(self, event_id: str) -> bytes:
        event = self._account.find(event_id) or {}
        event["pending_webhooks"] = max(1, self._account.queue.undelivered(event_id))
        return json.dumps(event, ensure_ascii=False).encode()

    def _kind(self, event_id: str) -> str:
        with self._account.lock:
            return str((self._account.find(event_id) or {}).get("type", ""))
