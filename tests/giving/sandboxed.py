"""The app beside a sandbox over HTTP, driven as banks, patrons and time drive Stripe."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
import stripe
from flask import Flask
from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from membership import clock
from membership.db import Base
from membership.giving import applying, fees, reading_again, receiving
from membership.newsroom import due
from membership.sandbox.server import Sandbox, running_sandbox
from tests import quickness
from tests.giving import guards
from tests.giving.stripe_words import Json
from tests.sandbox.watched import Watched

METADATA = {"app": "membership", "checkout": "cosandbox"}


@dataclass
class Account:
    """A Stripe account at the sandbox, and what its customers do there."""

    sandbox: Sandbox
    client: stripe.StripeClient
    sent: int = 0

    def customer(self, email: str, method: str = "pm_card_visa") -> str:
        """A customer with a card; gives the id."""
        customer = self.client.v1.customers.create({"email": email, "name": "Olena Kravets"}).id
        self.use_card(customer, method)
        return customer

    def use_card(self, customer: str, method: str) -> None:
        """Let a customer's gifts be charged to another card from now on."""
        attached = self.client.v1.payment_methods.attach(method, {"customer": customer})
        self.client.v1.customers.update(
            customer, {"invoice_settings": {"default_payment_method": attached.id}}
        )

    def subscribe(
        self, customer: str, amount: int = 500, *, interval: str = "month", ours: bool = True
    ) -> str:
        """A subscription that begins now; gives the id."""
        product = self.client.v1.products.create({"name": "Support"})
        price = {
            "currency": "eur",
            "product": product.id,
            "unit_amount": amount,
            "recurring": {"interval": interval},
        }
        params = {
            "customer": customer,
            "items": [{"price_data": price}],
            "metadata": METADATA if ours else {},
        }
        return self.client.v1.subscriptions.create(cast("Any", params)).id

    def pay(self, customer: str, amount: int, *, ours: bool = True, method: str = "pm_card_visa") -> str:
        """A one-time payment; gives the payment intent's id."""
        params = {
            "amount": amount,
            "currency": "eur",
            "customer": customer,
            "payment_method": method,
            "confirm": True,
            "metadata": {**METADATA, "months": "3"} if ours else {},
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
        return self.client.v1.payment_intents.create(cast("Any", params)).id

    def new_events(self) -> list[Json]:
        """The events since the last call, in order."""
        events = [dict(event) for event in self.sandbox.events()]
        new, self.sent = events[self.sent :], len(events)
        return new


@pytest.fixture
def account(settings_env: dict[str, str], tmp_path: Path) -> Iterator[Account]:
    """A sandbox that the app of this test calls; both tell the sandbox's time."""
    clock.set_now(None)
    with running_sandbox(kind=Watched, seed=5, clock_file=tmp_path / "clock.json") as sandbox:
        settings_env["MEMBERSHIP_STRIPE_API_BASE"] = sandbox.url
        settings_env["MEMBERSHIP_CLOCK_FILE"] = str(tmp_path / "clock.json")
        client = stripe.StripeClient(sandbox.secret_key, base_addresses={"api": sandbox.url})
        yield Account(sandbox, client)
        assert isinstance(sandbox, Watched)
        misfits = sandbox.misfits()  # requests of the app, answers and events, all held to the contract
        assert not misfits, misfits[:5]


@pytest.fixture
def hear(account: Account, app: Flask, session: Session) -> Callable[..., list[Json]]:
    """Let the app hear of what has happened at the account since, and do all its work; gives the events."""
    del app

    def hear_all(*, but: Callable[[Json], bool] = lambda _event: False) -> list[Json]:
        events = account.new_events()
        for event in events:
            if not but(event):
                receiving.store(session, event, at=clock.now(), is_live=False)
        session.commit()
        work(session)
        account.sandbox.advance(1)  # what differs within one second is a tie, which only a later read decides
        return events

    return hear_all


@pytest.fixture
def begun(account: Account, hear: Callable[..., list[Json]]) -> str:
    """Cleo's monthly gift, paid once; the subscription's id."""
    subscription = account.subscribe(account.customer("cleo@example.org"))
    hear()
    account.sandbox.advance("2 days")
    hear()
    return subscription


def work(session: Session) -> None:
    """Do what the worker does, until there is nothing left to do."""
    applying.apply_all(session)
    fees.read(session)
    reading_again.read_all(session)
    due.apply_all(session)
    session.rollback()


def empty(session: Session) -> None:
    """Begin with empty books again."""
    session.rollback()
    used = set(session.scalars(text(quickness.union_of_tables(Base.metadata))))
    with guards.lifted(session):
        for table in reversed(Base.metadata.sorted_tables):
            if table.name in used:
                session.execute(delete(table))
    session.commit()
