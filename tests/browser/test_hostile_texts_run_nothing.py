"""Hostile texts in a real Chromium: nothing in a story runs, even where no content policy would stop it."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from flask import Flask
from flask_babel import Babel
from playwright.sync_api import Browser, Page, Route

from membership.web import headers, htmlize
from tests.web import hostile_texts
from tests.web.hostile_texts import Text

HERE = "http://story.test/"
A_BATCH = 50
BATCHES = 60 if os.environ.get("MEMBERSHIP_TEST_FUZZ") == "1" else 6
FRAME = """<!doctype html><meta charset="utf-8"><title>x</title>
<script src="/canary.js"></script><body>{}</body>"""
CANARY = """
window.ran = []; window.refused = [];
window.canary = window.alert = window.prompt = window.confirm = (x) => { window.ran.push(String(x)); };
document.addEventListener("securitypolicyviolation", (e) => window.refused.push(e.violatedDirective));
"""
PROVOKE = """async () => {
  const addresses = [];
  for (const one of document.querySelectorAll("body *")) {
    for (const name of one.getAttributeNames()) {
      if (name.startsWith("on")) window.ran.push(name);
    }
    for (const kind of ["mouseover", "pointerenter", "focus", "click", "toggle", "wheel", "error", "load"]) {
      if (!(kind === "click" && one.closest("a"))) one.dispatchEvent(new Event(kind, {cancelable: true}));
    }
    const address = one.href ?? one.src ?? one.action;
    if (typeof address === "string" && address) addresses.push(new URL(address, location).protocol);
  }
  await new Promise((done) => setTimeout(done, 50));
  return {ran: window.ran, refused: window.refused, protocols: [...new Set(addresses)]};
}"""


@dataclass
class Seen:
    """What a page did."""

    ran: list[str]
    refused: list[str]
    protocols: list[str]
    asked: list[str] = field(default_factory=list)


@pytest.fixture(autouse=True, scope="module")
def _request() -> Iterator[None]:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context("/"):
        yield


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    yield context.new_page()
    context.close()


def shown(page: Page, body: str, *, policy: str = "") -> Seen:
    """Load a page with this body and provoke everything on it."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        address = route.request.url
        if address == HERE:
            own = {"Content-Security-Policy": policy} if policy else {}
            route.fulfill(body=FRAME.format(body), content_type="text/html", headers=own)
        elif address == f"{HERE}canary.js":
            route.fulfill(body=CANARY, content_type="text/javascript")
        else:
            asked.append(address)
            route.abort()

    page.unroute_all()
    page.route("**/*", answer)
    page.goto(HERE, wait_until="load")
    return Seen(**page.evaluate(PROVOKE), asked=asked)


def safe(text: Text) -> str:
    """The text as a story shows it; what is too tangled is refused, which is safe too."""
    try:
        return str(htmlize.markdown(text.source) if text.is_markdown else htmlize.clean(text.source))
    except htmlize.TooLongError:
        return ""


def together(parts: Sequence[str]) -> str:
    return "\n".join(f'<div id="t{number}">{part}</div>' for number, part in enumerate(parts))


def harmless(seen: Seen) -> bool:
    return (
        not seen.ran
        and not seen.refused
        and set(seen.protocols) <= {"http:", "https:", "mailto:", "tel:"}
        and all(address.startswith(f"{HERE}media/") for address in seen.asked)
    )


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", range(BATCHES))
def test_nothing_in_a_hostile_text_runs_or_asks_anybody(page: Page, seed: int):
    texts = list(hostile_texts.raw(seed, A_BATCH))
    cleaned = [safe(text) for text in texts]

    if not harmless(shown(page, together(cleaned))):
        guilty = [
            (text, part) for text, part in zip(texts, cleaned, strict=True) if not harmless(shown(page, part))
        ]
        pytest.fail(f"seed {seed}: {guilty or 'only together'}")


def test_the_content_policy_finds_nothing_to_refuse_in_them(page: Page):
    policy = headers.content_security_policy(form_hosts=())
    cleaned = [safe(text) for text in hostile_texts.raw(7, A_BATCH)]

    assert harmless(shown(page, together(cleaned), policy=policy))


def test_uncleaned_texts_do_run_so_that_the_test_above_can_fail(page: Page):
    texts = hostile_texts.raw(3, 60)
    ran = sum(bool(shown(page, text.source).ran) for text in texts if not text.is_markdown)

    assert ran >= 3


def test_uncleaned_texts_are_stopped_by_the_content_policy(page: Page):
    policy = headers.content_security_policy(form_hosts=())
    seen = shown(page, "<img src=x onerror=canary(1)><script>canary(2)</script>", policy=policy)

    assert "1" not in seen.ran
    assert "2" not in seen.ran
    assert seen.refused
