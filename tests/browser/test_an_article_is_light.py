"""What an article page costs a reader: few bytes, no script, no cookie, and nobody else asked."""

import pytest

from tests.browser import walking
from tests.browser.conftest import NewVisitor

MOST_BYTES = 60_000


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


def test_an_article_needs_no_script_and_sets_no_cookie(visitor: NewVisitor):
    reader = visitor()

    reader.open(f"/articles/{walking.ARTICLE}")

    assert not [answer.url for answer in reader.answers if answer.request.resource_type == "script"]
    assert not [answer.url for answer in reader.answers if "set-cookie" in answer.headers]
    assert reader.cookies == {}
