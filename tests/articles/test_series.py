"""A series: its page, the way from part to part, in each language; and what to read after a story."""

from datetime import timedelta
from typing import Any

import pytest

from membership.articles import publishing, relating
from membership.articles.publishing import COMMAND
from tests.articles.stories import a_newsroom, a_story, words


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


def three_parts(session, clock, **more):
    made = []
    for headline in ("Upstream", "The bend", "The mouth"):
        made.append(a_story(session, headline, series="The river, drawn", **more))
        clock.move(timedelta(days=1))
    return made


def test_a_series_has_a_page_with_its_parts_in_the_order_to_read(session, client, clock):
    three_parts(session, clock)
    page = words(client.get("/series/the-river-drawn"))

    places = [page.index(f">{headline}</a>") for headline in ("Upstream", "The bend", "The mouth")]
    assert places == sorted(places)
    assert "3 parts so far." in page
    assert client.get("/series/another").status_code == 404


def test_a_part_leads_to_the_ones_before_and_after_it(session, client, clock):
    three_parts(session, clock)
    first, second, last = (
        words(client.get(f"/articles/{slug}")) for slug in ("upstream", "the-bend", "the-mouth")
    )

    assert 'rel="prev" href="/articles/upstream"' in second
    assert 'rel="next" href="/articles/the-mouth"' in second
    assert "Part 2 of 3" in second
    assert 'rel="prev"' not in first
    assert 'rel="next"' not in last


def test_a_new_part_appears_on_the_parts_before_it_and_a_withdrawn_one_leaves(session, client, clock):
    _first, _second, last = three_parts(session, clock)
    client.get("/articles/the-mouth")
    new = a_story(session, "The sea", series="The river, drawn")
    assert 'rel="next" href="/articles/the-sea"' in words(client.get("/articles/the-mouth"))
    assert ">The sea</a>" in words(client.get("/series/the-river-drawn"))

    publishing.withdraw(session, new, by=COMMAND)
    session.commit()
    assert last.slug == "the-mouth"
    assert "the-sea" not in words(client.get("/articles/the-mouth"))


def test_the_other_language_of_a_series_is_linked_both_ways(session, client):
    a_story(session, "Upstream", series="The river, drawn", translation_key="k")
    a_story(session, "Проти течії", language="uk", series="Річка, намальована", translation_key="k")
    page = client.get("/series/the-river-drawn").get_data(as_text=True)
    other = client.get("/uk/series/richka-namalovana").get_data(as_text=True)

    assert 'href="http://localhost/uk/series/richka-namalovana"' in page
    assert 'href="http://localhost/series/the-river-drawn"' in other
    assert client.get("/uk/series/the-river-drawn").status_code == 404


def test_an_edit_that_says_nothing_of_a_series_leaves_it(session):
    story = a_story(session, series="The river, drawn")
    publishing.change(session, story, publishing.Draft(headline="H", body="B", language="en"), by=COMMAND)

    assert story.series_slug == "the-river-drawn"


def test_what_to_read_next_shares_most_tags_then_the_section_then_is_newest(session, clock):
    told: dict[str, Any] = {
        "Two tags": {"tags": ["Bread", "prices"], "section": "people"},
        "One tag": {"tags": ["bread"], "section": "people"},
        "Same section": {"section": "land"},
        "Older": {"section": "people"},
        "Newest": {"section": "people"},
    }
    for headline, more in told.items():
        a_story(session, headline, **more)
        clock.move(timedelta(hours=1))
    story = a_story(session, "Flour", tags=["bread", "Prices"], section="land")

    assert [one.headline for one in relating.read_more(session, story, limit=5)] == [
        *("Two tags", "One tag", "Same section", "Newest", "Older")
    ]


def test_other_parts_of_a_series_are_not_named_twice(session, clock):
    first, *_others = three_parts(session, clock)

    assert relating.read_more(session, first) == []


def test_what_comes_out_appears_at_once_where_it_is_related(session, client):
    a_story(session, "The bridge", tags=["river"])
    client.get("/articles/the-bridge")

    a_story(session, "The ferry", tags=["river"])

    assert "The ferry" in words(client.get("/articles/the-bridge"))
