"""The preview beside the text: the bytes that readers would get, asked for while typing, saving nothing."""

import re

import pytest
from sqlalchemy import select

from membership.articles.models import Article, Revision
from tests.articles.editing_room import NEW, fields_of
from tests.articles.stories import a_newsroom, a_story, words

BODY = (
    '## Water\n\nIt *stood* still[^1], [they say](https://example.org).\n\n![A ferry](ferry-0.webp "In May")\n\n'
    "| a | b |\n|---|--:|\n| 1 | 2 |\n\n[^1]: Since May.\n"
)


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


def prose(answer):
    """What stands between the tags of the text."""
    after = r"(?:</article>|</div>|<aside|<section class=\"corr|<p class=\"printed)"
    page = answer.get_data(as_text=True)
    found = re.search(rf'<div class="prose">(.*?)</div>\s*{after}', page, re.DOTALL)
    assert found
    return found.group(1)


@pytest.mark.parametrize("language", ["en", "uk"])
def test_it_is_what_readers_will_get_byte_for_byte(session, as_, ada, client, language):
    browser = as_(ada)
    sent = {**NEW, "body": BODY, "language": language, "article_id": ""}
    shown = prose(browser.post("/staff/articles/live-preview", data=sent))
    browser.post("/staff/articles/new", data=sent)
    article = session.scalars(select(Article)).one()
    browser.post(f"/staff/articles/{article.id}/publication")
    prefix = "/uk" if language == "uk" else ""

    assert shown == prose(client.get(f"{prefix}/articles/{article.slug}"))
    assert "<figcaption>In May</figcaption>" in shown


def test_nothing_is_saved_and_nothing_incomplete_refused(session, as_, ada):
    answer = as_(ada).post(
        "/staff/articles/live-preview", data={"body": "Words", "headline": "", "language": "en"}
    )

    assert answer.status_code == 200
    assert session.scalars(select(Revision)).all() == []


def test_a_story_that_is_kept_as_html_is_shown_as_html(session, as_, ada):
    article = a_story(session, body="<p>One <b>two</b></p>", body_format="html")
    sent = fields_of(
        session, article, article_id=str(article.id), body="<p>One <b>three</b><script>x</script></p>"
    )
    assert "<p>One <b>three</b></p>" in words(as_(ada).post("/staff/articles/live-preview", data=sent))


def test_hostile_text_is_harmless_there_too(as_, ada):
    sent = {
        **NEW,
        "body": "<script>alert(1)</script> [x](javascript:alert(2))",
        "headline": "<img onerror=x>",
    }
    page = words(as_(ada).post("/staff/articles/live-preview", data=sent))

    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert "<img onerror" not in page


def test_what_is_too_tangled_is_said(as_, ada):
    answer = as_(ada).post("/staff/articles/live-preview", data={**NEW, "body": "[" * 5_000})

    assert answer.status_code == 422
    assert "more tangled, than a story can be" in words(answer)


def test_a_picture_that_does_not_say_what_it_shows_is_named(as_, ada):
    sent = {**NEW, "body": "![](a.webp)\n\n![A ferry](b.webp)"}

    assert "1 picture does not say what it shows" in words(
        as_(ada).post("/staff/articles/live-preview", data=sent)
    )


def test_it_needs_the_sessions_token(as_, ada):
    answer = as_(ada).post("/staff/articles/live-preview", data={**NEW, "csrf_token": ""})

    assert answer.status_code == 400
