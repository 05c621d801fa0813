"""Telling a CDN what has changed: one POST to `MEMBERSHIP_PURGE_URL` for all changes of a moment.

    {"everything": false, "keys": ["/articles/ferry"], "urls": ["https://news.example/articles/ferry"]}

Keys are the pages' surrogate keys: their paths, and "pages" for all of them. It is told once every process has
heard of the change, so that the CDN does not fetch an old page again. If nobody answers it is tried again a few times;
after that the caches' own five minutes hold.
"""

import json
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from membership.web.page_news import POLL_S

log = structlog.get_logger(__name__)
ALL_PAGES = "pages"
"""The surrogate key that every stored page has."""
WAIT_S = 2 * POLL_S
"""Until every process has heard of a change."""
TIMEOUT_S = 5
PAUSES_S = (5, 15, 60, 240)
"""Between tries; the caches forget by themselves after the last."""
MOST_KEYS = 1_000


def surrogate_key(path: str) -> str:
    """The value of a page's `Surrogate-Key` header."""
    return f"{ALL_PAGES} {path}"


@dataclass
class Purger:
    """What is still to be told; used by one thread."""

    url: str
    base_url: str
    _waiting: dict[str, None] = field(default_factory=dict)
    _everything: bool = False
    _due: float = 0.0
    _tries: int = 0

    def tell(self, paths: Sequence[str], *, everything: bool) -> None:
        """Tell of these pages, or of all, when it is time."""
        if not self._waiting and not self._everything:
            self._due = time.monotonic() + WAIT_S
        self._waiting |= dict.fromkeys(paths)
        self._everything = self._everything or everything or len(self._waiting) > MOST_KEYS

    def send_due(self) -> None:
        """Send what is due; a failure is logged and tried again later."""
        if not (self._waiting or self._everything) or time.monotonic() < self._due:
            return
        try:
            self._send()
        except (OSError, ValueError) as error:
            self._put_off(error)
        else:
            self._forget()

    def _send(self) -> None:
        keys = [ALL_PAGES] if self._everything else list(self._waiting)
        urls = [] if self._everything else [self.base_url + path for path in self._waiting]
        told = json.dumps({"everything": self._everything, "keys": keys, "urls": urls}).encode()
        request = urllib.request.Request(  # noqa: S310 - the operator's own setting, checked to be http(s)
            self.url, data=told, headers={"Content-Type": "application/json"}, method="POST"
        )
        with _OPENER.open(request, timeout=TIMEOUT_S) as answer:
            answer.read(1_000)

    def _put_off(self, error: Exception) -> None:
        log.warning("purge_failed", error=type(error).__name__, tries=self._tries + 1)
        if self._tries >= len(PAUSES_S):
            self._forget()
            return
        self._due = time.monotonic() + PAUSES_S[self._tries]
        self._tries += 1

    def _forget(self) -> None:
        self._waiting, self._everything, self._tries = {}, False, 0


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A purge goes where the operator said, or nowhere."""

    def redirect_request(self, *_arguments: object) -> None:
        """Follow none."""


_OPENER = urllib.request.build_opener(_NoRedirects)
