"""What an article page costs a reader: few bytes, no script that it needs, no cookie, and nobody else asked."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Response

from tests.browser import walking
from tests.browser.conftest import NewVisitor
from tests.browser.visiting import Visitor

MOST_BYTES = 60_000
MOST_OF_THE_SCRIPT = 1_000


@pytest.mark.parametrize("width", [360, 1280])
def test_an_article_weighs_under_sixty_kilobytes_but_for_its_pictures(visitor: NewVisitor, width: int):
    reader = visitor(width=width)
    reader.open(f"/articles/{walking.ARTICLE}")
    reader.page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    reader.page.wait_for_load_state("networkidle")

    weights = {answer.url: answer.request.sizes()["responseBodySize"] for answer in reader.answers}
    own = {url: size for url, size in weights.items() if "/media/" not in url}

    assert len(own) > 1, "the page has a style sheet at least"
    assert 0 < sum(own.values()) <= MOST_BYTES, own


def test_an_article_loads_one_small_script_that_nothing_needs_and_sets_no_cookie(visitor: NewVisitor):
    reader = visitor()

    reader.open(f"/articles/{walking.ARTICLE}")

    (script,) = [answer for answer in reader.answers if answer.request.resource_type == "script"]
    assert urlsplit(script.url).path == "/static/js/shown.js"
    assert len(script.body()) < MOST_OF_THE_SCRIPT
    assert not [answer.url for answer in reader.answers if "set-cookie" in answer.headers]
    assert reader.cookies == {}


def test_the_appeal_counts_as_shown_once_a_view_and_only_when_a_reader_gets_there(visitor: NewVisitor):
    reader, plain = visitor(), visitor(scripts=False)
    for who in (reader, plain):
        who.open(f"/articles/{walking.ARTICLE}")
    assert _counted(reader) == []  # the story comes first

    with reader.page.expect_response("**/appeal/shown"):
        reader.page.locator("#appeal").scroll_into_view_if_needed()
    for _time in range(2):  # up again and down again is the same view
        reader.page.evaluate("window.scrollTo(0, 0)")
        reader.page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    plain.page.mouse.wheel(0, 20_000)
    reader.page.wait_for_timeout(300)

    (answer,) = _counted(reader)
    place = reader.page.locator("[data-slot]").get_attribute("data-slot")
    assert (answer.status, answer.request.post_data) == (204, f"slot={place}")
    assert "cookie" not in answer.request.all_headers()
    assert "set-cookie" not in answer.all_headers()
    assert _counted(plain) == []
    assert reader.cookies == plain.cookies == {}


def _counted(who: Visitor) -> list[Response]:
    return [answer for answer in who.answers if urlsplit(answer.url).path == "/appeal/shown"]
