"""A story printed: its words and pictures, what it is from, and nothing that asks or leads elsewhere."""

import pytest
from playwright.sync_api import expect

from tests.browser import inspecting, walking
from tests.browser.conftest import NewVisitor

PAPER = 673
"""A4 without the margins that print.css sets, in pixels of CSS."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("story", [f"/articles/{walking.ARTICLE}", "/uk/articles/tsina-khliba"])
def test_a_printed_story_is_whole_asks_nobody_and_fits_the_paper(
    visitor: NewVisitor, story: str, scheme: str
):
    reader = visitor(width=PAPER, scheme=scheme)
    page = reader.open(story)
    assert reader.path == story
    expect(page.locator("#appeal")).to_be_visible()

    page.emulate_media(media="print")

    for hidden in ("#appeal", ".masthead-links", ".read-more", ".footer nav"):
        expect(page.locator(hidden).first).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    paragraphs = page.locator(".prose p")
    assert paragraphs.count() > 3
    for place in range(paragraphs.count()):
        expect(paragraphs.nth(place)).to_be_visible()
    expect(page.locator("main img").first).to_be_visible()
    expect(page.locator(".printed-address").first).to_be_visible()
    assert page.evaluate(inspecting.WIDE, PAPER) == []
    assert page.evaluate(inspecting.SHAPE)["width"] <= PAPER
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
