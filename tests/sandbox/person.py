"""What the tests do over and over: open a session, fill in the page, look at what happened."""

from typing import Any

import requests
import stripe

from membership.sandbox.server import Sandbox

CARD = {
    "email": "cleo@example.org",
    "name": "Cleo",
    "number": "4242 4242 4242 4242",
    "expiry": "12/34",
    "cvc": "123",
}
HOUR, DAY = 3_600, 86_400


def product(client: stripe.StripeClient) -> str:
    """The one product everything is sold under."""
    try:
        return client.v1.products.retrieve("prod_membership").id
    except stripe.InvalidRequestError:
        return client.v1.products.create({"id": "prod_membership", "name": "Support"}).id


def price_data(
    client: stripe.StripeClient, amount: int = 500, interval: str | None = "month", currency: str = "eur"
) -> Any:
    """The price of a gift, as the app sends it."""
    recurring = {"recurring": {"interval": interval}} if interval else {}
    return {"currency": currency, "unit_amount": amount, "product": product(client), **recurring}


def session(
    client: stripe.StripeClient,
    amount: int = 500,
    interval: str | None = "month",
    currency: str = "eur",
    **more: Any,
) -> stripe.checkout.Session:
    """An open session for a gift; without an interval, for one given once."""
    params: Any = {
        "mode": "subscription" if interval else "payment",
        "line_items": [{"price_data": price_data(client, amount, interval, currency), "quantity": 1}],
        "success_url": "http://127.0.0.1:1/thanks?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://127.0.0.1:1/support",
        **more,
    }
    return client.v1.checkout.sessions.create(params)


def pay(opened: stripe.checkout.Session, **typed: str) -> requests.Response:
    """Fill in the page with a card that works, or with what is given, and press the button."""
    assert opened.url
    return requests.post(opened.url, data={**CARD, **typed}, allow_redirects=False, timeout=10)


def authenticate(opened: stripe.checkout.Session, answer: str = "complete") -> requests.Response:
    """Answer the bank's own page."""
    return requests.post(
        f"{opened.url}/authenticate", data={"answer": answer}, allow_redirects=False, timeout=10
    )


def patron(client: stripe.StripeClient, method: str = "pm_card_visa", **more: Any) -> str:
    """A customer whose invoices are charged to a ready-made method, and the customer's id."""
    params: Any = {"email": "cleo@example.org", **more}
    customer = client.v1.customers.create(params).id
    attached = client.v1.payment_methods.attach(method, {"customer": customer})
    client.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": attached.id}})
    return customer


def subscribe(
    client: stripe.StripeClient, customer: str, amount: int = 500, **more: Any
) -> stripe.Subscription:
    """A monthly subscription of a customer, begun through the API."""
    params: Any = {
        "customer": customer,
        "items": [{"price_data": price_data(client, amount)}],
        "billing_mode": {"type": "flexible"},
        **more,
    }
    return client.v1.subscriptions.create(params)


def told(sandbox: Sandbox, since: int = 0) -> list[str]:
    """The types of all events, in order, from a number on."""
    return [event["type"] for event in sandbox.events()[since:]]


def last(sandbox: Sandbox, kind: str) -> dict[str, Any]:
    """The newest event of a type."""
    return sandbox.events(kind)[-1]
