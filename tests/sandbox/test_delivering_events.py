"""Deliveries: signed, in order, again when not taken; twice, late, out of order or never on request."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
import stripe

from membership.sandbox.server import Sandbox, running_sandbox


class Taker:
    """An endpoint that notes what it gets and answers as told."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.bodies: list[bytes] = []
        self.signatures: list[str] = []

    def __call__(self, url: str, headers: dict[str, str], body: bytes) -> int:
        """Take one delivery."""
        self.bodies.append(body)
        self.signatures.append(headers["Stripe-Signature"])
        return self.statuses.pop(0) if self.statuses else 200


@pytest.fixture
def two_customers(client: stripe.StripeClient) -> list[str]:
    """Two customers, so two events."""
    return [client.v1.customers.create({"name": name}).id for name in ("Cleo", "Dov")]


def test_the_sdk_accepts_the_signature(
    sandbox: Sandbox, client: stripe.StripeClient, two_customers: list[str]
) -> None:
    taker = Taker()

    sandbox.deliveries.deliver_all(taker)

    events = [
        client.construct_event(body, signature, sandbox.webhook_secret)
        for body, signature in zip(taker.bodies, taker.signatures, strict=True)
    ]
    assert [event.data.object["id"] for event in events] == two_customers
    assert events[0].pending_webhooks == 1


def test_another_secret_does_not_fit(
    sandbox: Sandbox, client: stripe.StripeClient, two_customers: list[str]
) -> None:
    taker = Taker()
    sandbox.deliveries.deliver_all(taker)

    with pytest.raises(stripe.SignatureVerificationError):
        client.construct_event(taker.bodies[0], taker.signatures[0], "whsec_other")

    assert len(two_customers) == 2


def test_what_was_not_taken_comes_again_under_the_same_id(sandbox: Sandbox, two_customers: list[str]) -> None:
    taker = Taker(500, 200)

    first = sandbox.deliveries.deliver_all(taker)
    waiting = sandbox.deliveries.pending
    second = sandbox.deliveries.deliver_all(taker)

    assert [one.was_taken for one in first] == [False, True]
    assert [event for event, _ in waiting] == [first[0].event]
    assert [(one.event, one.was_taken) for one in second] == [(first[0].event, True)]
    assert len(two_customers) == 2


def test_events_know_whether_they_reached_everyone(
    sandbox: Sandbox, client: stripe.StripeClient, two_customers: list[str]
) -> None:
    sandbox.deliveries.deliver_all(Taker(200, 500))

    missed = client.v1.events.list({"delivery_success": False}).data
    reached = client.v1.events.list({"delivery_success": True}).data

    assert [event.data.object["id"] for event in missed] == [two_customers[1]]
    assert [event.data.object["id"] for event in reached] == [two_customers[0]]
    assert (missed[0].pending_webhooks, reached[0].pending_webhooks) == (1, 0)


def test_a_registered_endpoint_gets_its_kinds_with_its_own_secret(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    registered = client.v1.webhook_endpoints.create(
        {
            "url": "http://127.0.0.1:1/own",
            "enabled_events": ["customer.created"],
            "api_version": "2026-10-28.endive",
        }
    )
    assert registered.secret
    client.v1.products.create({"name": "Support"})
    client.v1.customers.create({})
    urls: list[str] = []

    def sender(url: str, headers: dict[str, str], body: bytes) -> int:
        urls.append(url)
        if url.endswith("/own"):
            client.construct_event(body, headers["Stripe-Signature"], str(registered.secret))
        return 200

    sandbox.deliveries.deliver_all(sender)

    assert [url.rsplit("/", 1)[-1] for url in urls] == ["events", "events", "own"]


def test_a_disabled_endpoint_gets_nothing(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    made = client.v1.webhook_endpoints.create({"url": "http://127.0.0.1:1/own", "enabled_events": ["*"]})
    client.v1.webhook_endpoints.update(made.id, {"disabled": True})

    client.v1.customers.create({})

    assert len(sandbox.deliveries.pending) == 1


def test_duplicates_come_under_the_same_id(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    sandbox.deliveries.knobs.duplicate = 1.0
    client.v1.customers.create({})

    made = sandbox.deliveries.deliver_all(Taker())

    assert len(made) == 2
    assert len({one.event for one in made}) == 1


def test_dropped_events_never_come_but_are_listed(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    sandbox.deliveries.knobs.drop = 1.0
    client.v1.customers.create({})

    assert sandbox.deliveries.deliver_all(Taker()) == []
    assert len(client.v1.events.list({"delivery_success": False}).data) == 1


def _order(seed: int) -> list[str]:
    with running_sandbox(seed=seed) as sandbox:
        client = stripe.StripeClient(sandbox.secret_key, base_addresses={"api": sandbox.url})
        sandbox.deliveries.knobs.reorder = 0.5
        for number in range(10):
            client.v1.customers.create({"name": str(number)})
        return [
            sandbox.get(one.event)["data"]["object"]["name"]
            for one in sandbox.deliveries.deliver_all(Taker())
        ]


def test_reordering_repeats_with_the_seed() -> None:
    first, again, other = _order(3), _order(3), _order(4)

    assert sorted(first) == [str(number) for number in range(10)]
    assert first != sorted(first)
    assert first == again
    assert first != other


def test_an_event_can_be_sent_again(sandbox: Sandbox, two_customers: list[str]) -> None:
    sandbox.deliveries.deliver_all(Taker())
    event = sandbox.events()[0]

    sandbox.deliveries.resend(event["id"])

    assert [one.event for one in sandbox.deliveries.deliver_all(Taker())] == [event["id"]]
    assert len(two_customers) == 2


@contextmanager
def _listening(paths: list[str]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            paths.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's own name
            """Write nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/stripe/events"
        finally:
            server.shutdown()
            thread.join()


def test_in_the_background_they_go_over_http_by_themselves() -> None:
    paths: list[str] = []
    with _listening(paths) as url, running_sandbox(background=True, webhook_url=url) as sandbox:
        client = stripe.StripeClient(sandbox.secret_key, base_addresses={"api": sandbox.url})
        client.v1.customers.create({})
        client.v1.customers.create({})
        deadline = time.monotonic() + 10
        while sandbox.deliveries.pending and time.monotonic() < deadline:
            time.sleep(0.02)

    assert paths == ["/stripe/events"] * 2
