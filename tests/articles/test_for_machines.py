"""What machines read: the feed with the whole text, the sitemap, and what a page says about itself."""

import json
import re
from datetime import datetime, timedelta

import html5lib
import pytest
from defusedxml.ElementTree import fromstring

from membership.articles import publishing
from membership.articles.publishing import COMMAND
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


def told_to_machines(client, path):
    page = client.get(path).get_data(as_text=True)
    (data,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    return json.loads(data)


def links(client, path):
    """The head's links of a page: rel (with its language) and address."""
    page = html5lib.parse(client.get(path).data, namespaceHTMLElements=False)
    return {
        (link.get("rel"), link.get("hreflang")): link.get("href")
        for link in page.findall("head/link")
        if link.get("rel") == "canonical" or link.get("hreflang")
    }


def test_structured_data_has_what_the_rules_of_search_engines_ask_for(session, client, clock):
    story = a_story(
        session, "A very long headline " * 8, slug="long", standfirst="Still.", tags=["river"], series="Banks"
    )
    clock.move(timedelta(days=1))
    publishing.correct(session, story, "It was June.", by=COMMAND)
    session.commit()
    told = told_to_machines(client, "/articles/long")

    assert len(told["headline"]) <= 110
    for name in ("datePublished", "dateModified"):
        assert datetime.fromisoformat(told[name]).tzinfo is not None
    assert told["dateModified"] > told["datePublished"]
    assert told["mainEntityOfPage"] == {"@type": "WebPage", "@id": "http://localhost/articles/long"}
    assert told["author"] == [
        {"@type": "Person", "name": "Iryna Bevz", "url": "http://localhost/authors/iryna-bevz"}
    ]
    assert told["publisher"]["name"] == "Richka"
    assert told["correction"][0]["@type"] == "CorrectionComment"
    assert told["keywords"] == ["river"]
    assert told["isPartOf"]["url"] == "http://localhost/series/banks"
    assert told["wordCount"] == 10


def test_what_is_paid_for_says_so_to_machines_too(session, client):
    a_story(session, "Tiles", slug="tiles", is_sponsored=True)

    assert told_to_machines(client, "/articles/tiles")["@type"] == "AdvertiserContentArticle"
    assert "/articles/tiles" not in client.get("/news-sitemap.xml").get_data(as_text=True)


def test_both_languages_of_a_story_name_each_other_themselves_and_one_for_all_others(session, client):
    a_story(session, "The ferry", translation_key="k")
    a_story(session, "Пором", language="uk", translation_key="k")
    expected = {
        ("alternate", "en"): "http://localhost/articles/the-ferry",
        ("alternate", "uk"): "http://localhost/uk/articles/porom",
        ("alternate", "x-default"): "http://localhost/articles/the-ferry",
    }
    english, ukrainian = links(client, "/articles/the-ferry"), links(client, "/uk/articles/porom")

    assert english == expected | {("canonical", None): "http://localhost/articles/the-ferry"}
    assert ukrainian == expected | {("canonical", None): "http://localhost/uk/articles/porom"}


def test_a_story_in_one_language_names_no_other(session, client):
    a_story(session, "Пором", language="uk")

    assert links(client, "/uk/articles/porom") == {("canonical", None): "http://localhost/uk/articles/porom"}


@pytest.mark.parametrize("path", ["/", "/sections/land", "/authors/iryna-bevz"])
def test_a_list_says_which_address_counts_and_where_its_other_language_is(session, client, path):
    a_story(session)
    a_story(session, "Пором", language="uk")
    english, ukrainian = links(client, path), links(client, f"/uk{path}")

    assert english.pop(("canonical", None)) == f"http://localhost{path}"
    assert ukrainian.pop(("canonical", None)) == f"http://localhost/uk{path}"
    assert english == ukrainian
    assert set(english) == {("alternate", code) for code in ("en", "uk", "x-default")}
    assert english["alternate", "x-default"] == f"http://localhost{path}"


def test_the_news_sitemap_has_the_last_two_days_and_forgets_by_the_clock(session, client, clock):
    a_story(session, "Old news")
    clock.move(timedelta(hours=47))
    a_story(session, "Пором & ко", language="uk")
    space = "{http://www.google.com/schemas/sitemap-news/0.9}"
    news = fromstring(client.get("/news-sitemap.xml").data)

    assert [one.text for one in news.iter(f"{space}title")] == ["Пором & ко", "Old news"]
    assert [one.text for one in news.iter(f"{space}language")] == ["uk", "en"]
    assert all(one.text == "Richka" for one in news.iter(f"{space}name"))
    assert all(datetime.fromisoformat(str(one.text)).tzinfo for one in news.iter(f"{space}publication_date"))

    clock.move(timedelta(hours=2))
    answer = client.get("/news-sitemap.xml")
    assert "Old news" not in answer.get_data(as_text=True)
    assert "Пором" in answer.get_data(as_text=True)
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert "news-sitemap.xml" in client.get("/robots.txt").get_data(as_text=True)
    assert client.get("/uk/news-sitemap.xml").status_code == 404


def test_what_is_shared_says_its_times_section_tags_and_languages(session, client):
    a_story(session, "The ferry", translation_key="k", tags=["river"])
    a_story(session, "Пором", language="uk", translation_key="k")
    page = client.get("/articles/the-ferry").get_data(as_text=True)

    for name, value in (
        ("og:locale", "en_GB"),
        ("og:locale:alternate", "uk_UA"),
        ("article:section", "Land"),
        ("article:tag", "river"),
    ):
        assert f'<meta property="{name}" content="{value}">' in page


def test_machines_read_times_in_whole_seconds(session, client, clock):
    clock.set(clock.now().replace(microsecond=123_456))
    story = a_story(session)
    clock.move(timedelta(days=1))
    publishing.correct(session, story, "It was June.", by=COMMAND)
    session.commit()
    told = [
        client.get(path).get_data(as_text=True)
        for path in ("/feed.xml", "/sitemap.xml", "/news-sitemap.xml", "/articles/the-ferry")
    ]
    times = [re.findall(r"\d{4}-\d\d-\d\dT[^<\"\s]*", page) for page in told]

    assert all(times)
    rfc3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([+-]\d\d:\d\d|Z)")
    assert [one for page in times for one in page if not rfc3339.fullmatch(one)] == []
