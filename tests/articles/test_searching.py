"""Looking for words in stories: both languages, both engines, nothing that a query can break."""

import pytest

from membership.articles import publishing, searching
from membership.articles.publishing import COMMAND
from tests.articles.stories import a_newsroom, a_story, words


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


def found(session, query, language="en"):
    return [hit.article_id for hit in searching.search(session, query, language).hits]


def test_a_story_is_found_by_words_of_its_text_headline_author_and_tag(session):
    story = a_story(session, "The ferry", body="Apricots are cheap.", tags=["harvest"])
    a_story(session, "The bridge", body="Concrete.")

    for query in ("apricots", "ferry", "Bevz apricots", "HARVEST"):
        assert story.id in found(session, query), query
    assert found(session, "apricots concrete") == []


def test_english_words_are_found_in_their_other_forms(session):
    story = a_story(session, "Two ferries", body="They were crossing.")

    assert found(session, "ferry crossed") == [story.id]


@pytest.mark.parametrize("query", ["пором", "порому", "Поромі", "поромник", "об'єкт", "об’єкта", "обʼєкти"])
def test_ukrainian_words_are_found_by_their_beginning(session, query):
    story = a_story(
        session, "Пором і поромник", body="Цей об’єкт стоїть біля порому й поромника.", language="uk"
    )

    assert found(session, query, "uk") == [story.id]
    assert found(session, query, "en") == []


def test_a_hit_in_the_headline_comes_first(session):
    a_story(session, "The bridge", body="A ferry was here. " + "Word. " * 50)
    by_headline = a_story(session, "The ferry", body="Nothing else.")

    assert found(session, "ferry")[0] == by_headline.id


def test_a_change_is_found_at_once_and_what_is_not_public_never(session, client):
    story = a_story(session, "The ferry", body="Apricots.")
    a_story(session, "A secret draft", body="Apricots.", is_out=False)
    assert found(session, "apricots") == [story.id]

    draft = publishing.Draft(headline="The ferry", body="Plums.", language="en")
    publishing.change(session, story, draft, by=COMMAND)
    session.commit()
    assert (found(session, "apricots"), found(session, "plums")) == ([], [story.id])

    publishing.withdraw(session, story, by=COMMAND)
    session.commit()
    assert found(session, "plums") == []
    assert "secret" not in words(client.get("/search?q=apricots"))


@pytest.mark.parametrize(
    "query",
    [
        *('"', "'", "*", "ferry*", '"ferry', "NEAR(ferry bridge)", "ferry AND", "OR", "NOT ferry", "headline:ferry"),
        *("^ferry", "-ferry", "(", "ferry & | !", "ferry:*", "<->", "\\", "%", "_", "slug:[", "order=id;--"),
        *("'; DROP TABLE article; --", "\x02ferry\x03", "\ud800", "🌊", "a" * 10_000, "(" * 5_000),
        *("ferry " * 2_000, "'''''", "об'", "{{7*7}}", "<script>alert(1)</script>"),
    ],
)  # fmt: skip
def test_whatever_is_typed_is_only_words(session, client, query):
    a_story(session)

    answer = client.get("/search", query_string={"q": query.encode("utf-8", "replace").decode()})

    assert answer.status_code == 200
    assert "<script>alert" not in answer.get_data(as_text=True)
    assert " 49 " not in answer.get_data(as_text=True)


def test_the_words_are_marked_in_a_passage_and_the_rest_is_escaped(session, client):
    a_story(session, body="The old ferry <b>of</b> Ivan & Co.")
    page = client.get("/search?q=ferry").get_data(as_text=True)

    assert "The old <mark>ferry</mark>" in page
    assert "Ivan &amp; Co." in page
    assert "<b>of" not in page


def test_nothing_found_says_so_and_no_words_explains(session, client):
    a_story(session)

    assert "No story has all these words" in words(client.get("/search?q=zeppelin"))
    assert "What you look for is not kept" in words(client.get("/search"))
    assert "What you look for is not kept" in words(client.get("/search?q=%21%21"))


def test_many_hits_are_turned_page_by_page(session, client):
    for number in range(12):
        a_story(session, f"Ferry {number}")
    first, second = words(client.get("/search?q=ferry")), words(client.get("/search?q=ferry&page=2"))

    assert "12 stories have all these words." in first
    assert (first.count('class="hit"'), second.count('class="hit"')) == (10, 2)
    assert "page=2" in first
    assert "page=1" in second
    for odd in ("0", "-1", "x", "99", "999999999", "²", "1e3"):
        assert client.get("/search", query_string={"q": "ferry", "page": odd}).status_code == 200


def test_a_search_is_kept_by_nobody(session, client):
    a_story(session)
    answer = client.get("/search?q=ferry")

    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert '<meta name="robots" content="noindex">' in answer.get_data(as_text=True)
    assert "Disallow: /search?" in client.get("/robots.txt").get_data(as_text=True)
