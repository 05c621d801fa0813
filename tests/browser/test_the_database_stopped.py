"""PostgreSQL stops while the site runs: in a real browser every article that was read before goes on opening."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, expect

from membership.cli.demo import environment
from tests import servers
from tests.browser import walking
from tests.browser.live import Site
from tests.browser.visiting import Visitor, as_staff

PREPARE = "import os; from membership.cli.preparing import prepare; prepare(os.environ)"


@contextmanager
def _site_on(database_url: str, folder: Path) -> Iterator[Site]:
    """The demonstration's content on a database, served by one worker, without sandbox and worker process."""
    port, nobody = servers.free_port(), servers.free_port()
    env = os.environ | environment(folder, port=port, sandbox_port=nobody)
    env["MEMBERSHIP_DATABASE_URL"] = database_url
    subprocess.run([sys.executable, "-c", PREPARE], env=env, check=True, timeout=180, capture_output=True)
    words = ["serve", "--port", str(port), "--workers", "1"]
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "membership", *words], env=env, stdout=log, stderr=log
        )
    try:
        _await_answer(f"http://127.0.0.1:{port}/live")
        yield Site(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{nobody}", folder)
    finally:
        process.terminate()
        process.wait(timeout=40)


def _await_answer(url: str, *, seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - loopback
                return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def test_articles_open_for_readers_for_who_is_not_asked_and_for_who_is_signed_in(
    chromium: Browser, tmp_path: Path
):
    with ExitStack() as running:
        postgres = running.enter_context(ExitStack())
        url = postgres.enter_context(servers.postgres("browser"))
        site = running.enter_context(_site_on(url, tmp_path / "stopped"))
        reader, quiet, staff = (Visitor.arrive(chromium, site) for _one in range(3))
        for visitor in (reader, quiet, staff):
            running.callback(visitor.context.close)
            visitor.open(f"/articles/{walking.ARTICLE}")
        quiet.press("Not now")
        as_staff(staff)

        postgres.close()

        for visitor in (reader, quiet, staff):
            visitor.open(f"/articles/{walking.ARTICLE}")
            expect(visitor.page.get_by_role("heading", level=1)).to_have_text(walking.HEADLINE)
            assert visitor.page.locator("main img").first.evaluate("image => image.naturalWidth") > 0
            assert visitor.faults == []
        assert reader.page.locator("#appeal form").count() > 0
        assert quiet.page.locator("#appeal form").count() == 0
        assert reader.cookies == {}
        assert quiet.cookies == {"appeal": "off"}
        assert "session" in staff.cookies
