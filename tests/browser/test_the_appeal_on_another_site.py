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


HOSTILE_HEIGHTS = [0, -1, 4_001, 1e9, 1.5, "300", float("nan"), None, [300], {"valueOf": 300}]


def test_e08_only_a_whole_number_of_pixels_within_bounds_is_a_height(page: Page, site: Site, elsewhere: str):
    page.goto(elsewhere)
    tall = await_height(page)
    page.wait_for_timeout(3_000)  # by then the script asks no more, so nothing puts the height right again
    inside = next(frame for frame in page.frames if frame.url.startswith(f"{site.url}/embed/"))

    def say(height_told: object) -> int:
        inside.evaluate("told => window.parent.postMessage({membershipHeight: told}, '*')", height_told)
        page.wait_for_timeout(100)
        return height(page)

    for hostile in HOSTILE_HEIGHTS:
        assert say(hostile) == tall, hostile
    assert say(tall + 77) == tall + 77


def names_in(page: Page) -> set[str]:
    """What the page's window has by name; frames are there by number."""
    found = page.evaluate("Object.getOwnPropertyNames(window)")
    return {name for name in found if not name.isdigit()}


def test_e07_the_script_adds_one_name_to_the_page(page: Page, elsewhere: str):
    page.route("**/embed/appeal.js", lambda route: route.abort())
    page.goto(elsewhere)
    without = names_in(page)
    page.unroute("**/embed/appeal.js")
    page.goto(elsewhere)
    await_height(page)

    assert names_in(page) ^ without == {"membershipAppeal"}


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


def test_a_served_site_knows_a_story_by_its_address_there_in_ukrainian(page: Page, site: Site):
    """What stands between a browser and the program must not change how the address is written."""
    address = "/uk/embed/appeal/at/2024/%d1%86%d1%96%d0%bd%d0%b0-%d1%85%d0%bb%d1%96%d0%b1%d0%b0"
    answer = page.context.request.get(f"{site.url}{address}", max_redirects=0)

    assert answer.status == 200
    assert 'name="article" value="tsina-khliba"' in answer.text()
    assert answer.text() == page.context.request.get(f"{site.url}/uk/embed/appeal/tsina-khliba").text()
