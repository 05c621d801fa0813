"""A reader who gives, without a browser: the form of /support, Stripe's page, the way back."""

import re
from typing import Any
from urllib.parse import urlsplit

import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

CARD = {"name": "Olena", "number": "4242 4242 4242 4242", "expiry": "12/34", "cvc": "123"}
EMAIL = "olena@example.org"


def form_of(page: TestResponse) -> dict[str, str]:
    """The values that the form to pay with would send as it stands."""
    form = re.search(r'<form class="form gift-details".*?</form>', page.text, re.DOTALL)
    assert form is not None, page.text[:500]
    inputs = re.findall(r"<input[^>]*>", form.group())
    return {
        name.group(1): value.group(1) if value else ""
        for tag in inputs
        if (name := re.search(r'name="([^"]*)"', tag)) and 'type="checkbox"' not in tag
        for value in [re.search(r'value="([^"]*)"', tag)]
    }


def choose(client: FlaskClient, **query: str) -> dict[str, str]:
    """Open /support with a choice, and fill in the address."""
    return form_of(client.get("/support", query_string=query)) | {"email": EMAIL}


def send(client: FlaskClient, form: dict[str, Any], **changes: Any) -> TestResponse:
    """Send the form."""
    return client.post("/support/checkouts", data=form | changes)


def pay(url: str, **typed: str) -> str:
    """Pay on Stripe's page; gives the path and query to which it leads back."""
    answer = requests.post(url, data={"email": EMAIL, **CARD, **typed}, allow_redirects=False, timeout=10)
    assert answer.status_code == 303, answer.text[-300:]
    back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"


def give(client: FlaskClient, *, email: str = EMAIL, **query: str) -> str:
    """From /support to having paid; gives the path and query of the thank-you page."""
    answer = send(client, choose(client, **query), email=email)
    assert answer.status_code == 303, answer.text
    return pay(answer.headers["Location"], email=email)
