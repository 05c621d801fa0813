"""The appeal under an article of another site, with its script, as a reader there sees it."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.live import Site

PAGE = """<!DOCTYPE html><html lang="en"><head><title>Another site</title></head><body>
<h1>A story of another site</h1><p style="height: 400px">Its words.</p>
<div data-membership-appeal data-appeal-article="price-of-bread">
  <a href="{site}/support">Support our work</a>
</div>
<p id="below">What stands below.</p>
<script async src="{site}/embed/appeal.js"></script></body></html>"""


@pytest.fixture
def elsewhere(site: Site) -> Iterator[str]:
    """The address of a page of another site, whose policy lets in no more than it must."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Send the page."""
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            policy = (
                f"default-src 'none'; script-src {site.url}; frame-src {site.url}; style-src 'unsafe-inline'"
            )
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(PAGE.format(site=site.url).encode())

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}/story"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of a reader who has never been on either site."""
    context = chromium.new_context(viewport={"width": 800, "height": 900})
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def height(page: Page) -> int:
    """How high the frame is, in pixels; 0 before it has said so."""
    frame = page.locator("iframe")
    box = frame.bounding_box() if frame.count() else None
    return round(box["height"]) if box else 0


def await_height(page: Page) -> int:
    """The frame's height, once it stands."""
    expect(page.locator("iframe")).to_be_attached()
    for _look in range(100):  # that page's policy lets no condition be evaluated in it
        if height(page) > 100:
            break
        page.wait_for_timeout(50)
    return height(page)


def test_e07_e08_the_frame_takes_its_height_and_a_gift_goes_on_in_a_window_of_ours(
    page: Page, site: Site, elsewhere: str
):
    page.goto(elsewhere)
    tall = await_height(page)

    inside = page.frame_locator("iframe")
    content = inside.locator("html").evaluate("element => Math.ceil(element.getBoundingClientRect().height)")
    assert tall == content
    expect(page.get_by_role("link", name="Support our work")).to_be_hidden()
    page.evaluate("window.postMessage({membershipHeight: 3000}, '*')")
    page.evaluate("document.querySelector('iframe').contentWindow.postMessage({height: 9}, '*')")
    page.wait_for_timeout(200)
    assert height(page) == tall
    with page.context.expect_page() as opened:
        inside.get_by_role("button", name="Continue to monthly support").click()
    assert opened.value.url.startswith(f"{site.url}/support?")
    assert "article=price-of-bread" in opened.value.url
    assert page.url == elsewhere
    assert page.context.cookies() == []
    assert page.evaluate("Object.keys(window).filter(name => name.startsWith('membership'))") == [
        "membershipAppeal"
    ]


def test_e07_while_we_cannot_be_reached_the_page_there_stays_as_it_was(page: Page, elsewhere: str):
    page.clock.install()
    page.route("**/embed/appeal/**", lambda route: route.abort())
    page.goto(elsewhere)
    expect(page.locator("iframe")).to_be_attached()
    below = page.locator("#below").bounding_box()

    page.clock.fast_forward(11_000)

    expect(page.locator("iframe")).to_have_count(0)
    expect(page.get_by_role("link", name="Support our work")).to_be_visible()
    assert page.locator("#below").bounding_box() == below
