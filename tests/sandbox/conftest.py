"""A sandbox for each test, and the real SDK speaking to it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from werkzeug.wrappers import Request, Response

from membership.sandbox.server import Sandbox, running_sandbox
from tests.sandbox import contract


class Watched(Sandbox):
    """A sandbox that notes every answer which does not fit Stripe's contract."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.misfits: list[str] = []

    def answer_call(self, request: Request) -> Response:
        """Answer, and note what does not fit."""
        response = super().answer_call(request)
        if response.status_code == 200 and contract.folder() is not None:
            schema = contract.answer_schema(request.method, request.path)
            told = json.loads(response.get_data())
            found = ["no such operation"] if schema is None else contract.faults(told, schema)
            self.misfits.extend(f"{request.method} {request.path} {fault}" for fault in found)
        return response


@pytest.fixture
def settings() -> dict[str, Any]:
    """What a test module wants set up otherwise; empty for the usual account."""
    return {}


@pytest.fixture
def sandbox(settings: dict[str, Any]) -> Iterator[Sandbox]:
    """A sandbox on a free port; at the end all its answers and events are held to the contract."""
    with running_sandbox(kind=Watched, seed=1, **settings) as running:
        yield running
        assert isinstance(running, Watched)
        events = running.events() if contract.folder() is not None else []
        assert running.misfits + [fault for event in events for fault in contract.event_faults(event)] == []


@pytest.fixture
def client(sandbox: Sandbox) -> stripe.StripeClient:
    """The SDK as the app uses it, without repeats of its own."""
    return stripe.StripeClient(
        sandbox.secret_key,
        base_addresses={"api": sandbox.url},
        max_network_retries=0,
        stripe_version="2026-10-28.endive",
    )
