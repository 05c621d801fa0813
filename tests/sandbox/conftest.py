"""A sandbox for each test, and the real SDK speaking to it."""

from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from membership.sandbox.server import Sandbox, running_sandbox
from tests.sandbox.watched import Watched


@pytest.fixture
def settings() -> dict[str, Any]:
    """What a test module wants set up otherwise; empty for the usual account."""
    return {}


@pytest.fixture
def sandbox(settings: dict[str, Any]) -> Iterator[Sandbox]:
    """A sandbox on a free port; at the end all that passed through it is held to the contract."""
    with running_sandbox(kind=Watched, seed=1, **settings) as running:
        yield running
        assert isinstance(running, Watched)
        assert running.misfits() == []


@pytest.fixture
def client(sandbox: Sandbox) -> stripe.StripeClient:
    """The SDK as the app uses it, without repeats of its own."""
    return stripe.StripeClient(
        sandbox.secret_key,
        base_addresses={"api": sandbox.url},
        max_network_retries=0,
        stripe_version="2026-10-28.endive",
    )
