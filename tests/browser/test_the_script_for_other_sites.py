"""The script for other sites, on a page that knows nothing of us: where its frame leads, what failures leave."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from membership import paths

SCRIPT = (paths.STATIC / "embed" / "appeal.js").read_text()
OURS, THEIRS, EVIL = "https://support.example.org", "https://old.example.org", "https://evil.example"
POROM = "%d0%bf%d0%be%d1%80%d0%be%d0%bc"
STORY = """<!DOCTYPE html><html lang="en"><head><title>A story</title></head><body>
<h1>A story of another site</h1><p style="height: 300px">Its words.</p>
<div data-membership-appeal {attributes}><a href="{ours}/support">Support our work</a></div>
<p id="below">What stands below.</p><script async src="{ours}/embed/appeal.js"></script></body></html>"""
FRAME = """<!DOCTYPE html><title>Ours</title><script>
addEventListener("message", () => parent.postMessage({membershipHeight: 300}, "*"))</script>"""
FOREIGN = """<!DOCTYPE html><title>Evil</title><script>
setInterval(() => parent.postMessage({membershipHeight: 777}, "*"), 20)</script>"""


def frame_that_stands(route: Route) -> None:
    """Our page, which says its height when it is asked."""
    route.fulfill(content_type="text/html", body=FRAME)


@dataclass
class Elsewhere:
    """A page of another site; `attributes` stand on its `div`, `frame` is how ours answers for the frame."""

    page: Page
    attributes: str = ""
    frame: Callable[[Route], None] = frame_that_stands
    script: Callable[[Route], None] = lambda route: route.fulfill(content_type="text/javascript", body=SCRIPT)
    framed: list[str] = field(default_factory=list)

    def answer(self, route: Route) -> None:
        """Be both sites, and a third."""
        url = route.request.url
        if url == f"{OURS}/embed/appeal.js":
            self.script(route)
        elif url.startswith(OURS):
            self.framed.append(url.removeprefix(OURS))
            self.frame(route)
        elif url.startswith(EVIL):
            route.fulfill(content_type="text/html", body=FOREIGN)
        else:
            story = STORY.format(attributes=self.attributes, ours=OURS)
            route.fulfill(content_type="text/html; charset=utf-8", body=story)

    def open(self) -> None:
        """Open the story, at the address of a post in Ukrainian."""
        self.page.goto(f"{THEIRS}/2024/05/20/{POROM}/")

    def assert_as_it_was(self) -> None:
        """The link stands, and nothing has moved."""
        expect(self.page.locator("iframe")).to_have_count(0)
        expect(self.page.get_by_role("link", name="Support our work")).to_be_visible()


@pytest.fixture
def elsewhere(chromium: Browser) -> Iterator[Elsewhere]:
    """A browser in which three sites answer without a server."""
    context = chromium.new_context(viewport={"width": 800, "height": 900})
    context.set_default_timeout(15_000)
    made = Elsewhere(context.new_page())
    context.route("**/*", made.answer)
    yield made
    context.close()


PERMALINK = f"{THEIRS}/2024/05/20/{POROM}/"
ADDRESSES = {
    "": "/embed/appeal",
    'data-appeal-article="price-of-bread"': "/embed/appeal/price-of-bread",
    f'data-appeal-article="{PERMALINK}" data-appeal-language="uk"': f"/uk/embed/appeal/at/2024/05/20/{POROM}",
    f'data-appeal-article="{PERMALINK}?utm=1#x"': f"/embed/appeal/at/2024/05/20/{POROM}",
    'data-appeal-article="/the-boat/" data-appeal-language="en-GB"': "/en/embed/appeal/at/the-boat",
    'data-appeal-article="/2024/пором/"': "/embed/appeal/at/2024/%D0%BF%D0%BE%D1%80%D0%BE%D0%BC",
    'data-appeal-article="пором" data-appeal-language="uk_UA"': "/uk/embed/appeal/%D0%BF%D0%BE%D1%80%D0%BE%D0%BC",
    f'data-appeal-article="{POROM}"': f"/embed/appeal/{POROM.replace('%', '%25')}",
    f'data-appeal-article="{THEIRS}/?p=12"': "/embed/appeal",
    'data-appeal-article="a/../../b?c#d"': "/embed/appeal/a%2F..%2F..%2Fb%3Fc%23d",
    'data-appeal-article="https://["': "/embed/appeal",
    f'data-appeal-article="{EVIL}//x/" data-appeal-language="//"': "/%2F%2F/embed/appeal/at/x",
}


@pytest.mark.parametrize(("attributes", "address"), ADDRESSES.items())
def test_the_frame_names_the_article_by_its_slug_or_by_its_address_and_the_language(
    elsewhere: Elsewhere, attributes: str, address: str
):
    elsewhere.attributes = attributes
    elsewhere.open()
    expect(elsewhere.page.locator("iframe")).to_be_attached()

    expect(elsewhere.page.get_by_role("link", name="Support our work")).to_be_hidden()
    assert elsewhere.framed == [address]


def never(_route: Route) -> None:
    """Let it wait."""


FAILURES: dict[str, Callable[[Route], None]] = {
    "it never answers": never,
    "502": lambda route: route.fulfill(status=502, content_type="text/html", body="<h1>Bad gateway</h1>"),
    "404": lambda route: route.fulfill(status=404, content_type="text/html", body="<h1>Not found</h1>"),
    "another page": lambda route: route.fulfill(content_type="text/html", body="<h1>Log in to Wi-Fi</h1>"),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_e07_a_frame_that_does_not_become_ours_is_taken_away_and_nothing_moves(
    elsewhere: Elsewhere, failure: Callable[[Route], None]
):
    elsewhere.page.clock.install()
    elsewhere.frame = failure
    elsewhere.open()
    expect(elsewhere.page.locator("iframe")).to_be_attached()
    below = elsewhere.page.locator("#below").bounding_box()
    elsewhere.page.clock.fast_forward(9_000)
    assert elsewhere.page.locator("#below").bounding_box() == below

    elsewhere.page.clock.fast_forward(2_000)

    elsewhere.assert_as_it_was()
    assert elsewhere.page.locator("#below").bounding_box() == below


@pytest.mark.parametrize(
    "failure",
    [lambda route: route.abort(), lambda route: route.fulfill(status=502, body="Bad gateway"), never],
    ids=["aborted", "502", "it never answers"],
)
def test_e07_without_the_script_the_page_is_as_it_was(elsewhere: Elsewhere, failure: Callable[[Route], None]):
    elsewhere.script = failure
    elsewhere.page.goto(PERMALINK, wait_until="commit")

    expect(elsewhere.page.locator("#below")).to_be_visible()
    elsewhere.assert_as_it_was()
    assert elsewhere.framed == []
    assert elsewhere.page.evaluate("'membershipAppeal' in window") is False


def test_e08_the_right_window_at_a_wrong_origin_is_not_heard(elsewhere: Elsewhere):
    """A frame that was led elsewhere is still the window that the script has made."""
    elsewhere.open()
    frame = elsewhere.page.locator("iframe")
    expect(frame).to_have_css("block-size", "300px")

    elsewhere.page.frames[1].evaluate(f"location.href = '{EVIL}/'")
    elsewhere.page.wait_for_function("document.querySelector('iframe') && window.frames.length === 1")
    elsewhere.page.evaluate(
        "window.heard = []; addEventListener('message', (event) => window.heard.push(event.origin))"
    )
    elsewhere.page.wait_for_function(f"window.heard.filter((origin) => origin === '{EVIL}').length > 10")

    expect(frame).to_have_css("block-size", "300px")
