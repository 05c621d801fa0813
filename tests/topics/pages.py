"""Reading and sending the forms of topics as a browser does, token and all."""

import html
import re
from typing import Protocol

from werkzeug.test import TestResponse


class Browser(Protocol):
    """What a form is opened and sent with."""

    def get(self, path: str, /) -> TestResponse:
        """Open a page."""

    def post(self, path: str, /, *, data: dict[str, object]) -> TestResponse:
        """Send a form."""


_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


def text(answer: TestResponse) -> str:
    """What a page says, entities read."""
    return html.unescape(answer.get_data(as_text=True))


def send(browser: Browser, page: str, *, to: str = "", **fields: object) -> TestResponse:
    """Open a page and send one of its forms (to the page itself unless said), with the token it carries."""
    found = _TOKEN.search(browser.get(page).get_data(as_text=True))
    data = {"csrf_token": found[1] if found else "", **fields}
    return browser.post(to or page, data=data)
