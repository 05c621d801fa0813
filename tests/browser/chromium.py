"""The system's Chromium, started so that it asks nobody for anything by itself.

A plugin of the whole suite: Playwright can run once in a process, so every browser test shares these fixtures.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests import servers

# Debian's headless shell is the same Chromium without a window: a new page takes a third less of the processor.
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",  # the tests may run as root, in a container
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--disable-gpu",
)


@contextmanager
def running_chromium(playwright: Playwright) -> Iterator[Browser]:
    """A headless Chromium; the test is skipped (or fails) where the machine has none."""
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if found is None:
        servers.missing("Chromium")
    browser = playwright.chromium.launch(executable_path=found, args=list(QUIET))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright, for the whole run."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """The system's Chromium, headless."""
    with running_chromium(playwright) as browser:
        yield browser
