"""Giving way: long writing commands leave a SQLite file free in between, so that the site and Stripe get their turn."""

import time

LONGEST_S = 0.25


class Pace:
    """Rests as long as the work before took: half of the time the file is anybody's.

    SQLite has no queue of writers: those who wait look again every tenth of a second, and one that writes without a
    pause is never found at rest.
    """

    def __init__(self) -> None:
        self._since = time.monotonic()

    def rest(self) -> None:
        """Pause; call it after a commit, with nothing pending."""
        time.sleep(min(time.monotonic() - self._since, LONGEST_S))
        self._since = time.monotonic()
