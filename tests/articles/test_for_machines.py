"""What machines read: the feed with the whole text, the sitemap, and what a page says about itself."""

import json
import re

import pytest
from defusedxml.ElementTree import fromstring

from tests.articles.stories import a_newsroom, a_story

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


def test_the_feed_is_atom_with_the_whole_text(session, client):
    a_story(session, "Ferry & <b>bread</b>", body="Whole **text** & more.\n\n[x](javascript:alert(1))")
    answer = client.get("/feed.xml")
    feed = fromstring(answer.data)

    assert answer.content_type == "application/atom+xml; charset=utf-8"
    (entry,) = feed.findall(f"{ATOM}entry")
    content = str(entry.findtext(f"{ATOM}content"))
    (link,) = entry.findall(f"{ATOM}link")
    assert entry.findtext(f"{ATOM}title") == "Ferry & <b>bread</b>"
    assert "<strong>text</strong>" in content
    assert 'href="javascript' not in content
    assert link.get("href") == "http://localhost/articles/ferry-b-bread-b"
    assert feed.findtext(f"{ATOM}updated") == "2026-11-22T12:00:00+00:00"


def test_the_sitemap_lists_every_language_and_robots_name_it(session, client):
    a_story(session)
    a_story(session, "Пором", language="uk")
    places = [
        one.text for one in fromstring(client.get("/sitemap.xml").data).iter() if one.tag.endswith("}loc")
    ]

    assert {"http://localhost/articles/the-ferry", "http://localhost/uk/articles/porom"} <= set(places)
    assert "Sitemap: http://localhost/sitemap.xml" in client.get("/robots.txt").get_data(as_text=True)
    assert client.get("/uk/sitemap.xml").status_code == 404


def test_machines_are_told_what_it_is(session, client):
    a_story(session, "Ferry </script><script>alert(1)</script>", standfirst="Still.", slug="ferry")
    page = client.get("/articles/ferry").get_data(as_text=True)
    (data,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    told = json.loads(data)

    assert told["@type"] == "NewsArticle"
    assert told["headline"] == "Ferry </script><script>alert(1)</script>"
    assert told["isAccessibleForFree"] is True
    assert told["url"] == "http://localhost/articles/ferry"
    assert "<script>alert" not in page
    assert '<link rel="canonical" href="http://localhost/articles/ferry">' in page
    assert '<meta property="og:title"' in page
