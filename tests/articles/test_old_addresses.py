"""Addresses that readers know from the site before lead to the articles here, and never anywhere else."""

import json

import pytest
from sqlalchemy import delete

from membership.articles import old_addresses
from membership.articles.models import OldAddress
from membership.articles.old_addresses import path_of
from tests.articles.exports import post, wxr
from tests.articles.stories import a_newsroom, a_story


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


def wordpress(number, title, link, **more):
    return post(number, title, **more).replace("</title>", f"</title><link>{link}</link>", 1)


def leads(client, path):
    answer = client.get(path)
    return (answer.status_code, answer.location) if answer.status_code == 301 else answer.status_code


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("https://old.example/2024/05/20/The-Ferry/", "/2024/05/20/the-ferry"),
        ("https://old.example/2024/%D0%BF%D0%BE%D1%80%D0%BE%D0%BC/?utm=1#x", "/2024/пором"),
        ("/the-ferry/", "/the-ferry"),
        ("https://old.example/?p=12", ""),
        ("https://old.example", ""),
        ("https://[broken", ""),
        ("/a%0Ab", ""),
        ("/" + "x" * 600, ""),
    ],
)
def test_an_address_is_stored_as_its_path(address, path):
    assert path_of(address) == path


@pytest.mark.parametrize(
    "path",
    [
        "/2024/05/20/ferry-boat/",
        "/2024/05/20/ferry-boat",
        "/2024/05/20/Ferry-Boat/?utm=x",
        "/2024/05/20/ferry-boat//",
    ],
)
def test_a_permalink_of_wordpress_leads_to_the_article(taken, client, path):
    taken("wordpress", wxr(wordpress(1, "The ferry", "https://old.example/2024/05/20/ferry-boat/")))

    assert leads(client, path) == (301, "/articles/the-ferry")
    assert client.head(path).status_code == 301
    assert client.post(path).status_code in {403, 404, 405}


def test_a_permalink_in_ukrainian_leads_as_well(taken, client):
    link = "https://old.example/2024/%D0%BF%D0%BE%D1%80%D0%BE%D0%BC/"
    taken("wordpress", wxr(wordpress(1, "Пором", link)), language="uk")

    assert leads(client, "/2024/%D0%BF%D0%BE%D1%80%D0%BE%D0%BC/") == (301, "/uk/articles/porom")


def test_an_address_below_a_prefix_of_a_language_leads_as_well(taken, client):
    taken("wordpress", wxr(wordpress(1, "The ferry", "https://old.example/uk/2024/ferry/")))

    assert leads(client, "/uk/2024/ferry") == (301, "/articles/the-ferry")
    assert leads(client, "/2024/ferry") == 404


def test_a_ghost_post_stood_at_its_slug(taken, client):
    one = {"id": "1", "title": "The ferry", "slug": "the-boat", "status": "published", "html": "<p>x</p>"}
    one["published_at"] = "2026-05-01T08:00:00.000Z"
    taken("ghost", json.dumps({"data": {"posts": [one]}}), name="export.json")

    assert leads(client, "/the-boat/") == (301, "/articles/the-boat")


def test_it_follows_an_article_whose_address_changes(session, taken, client):
    taken("wordpress", wxr(wordpress(1, "The ferry", "https://old.example/ferry/")))
    article = old_addresses.find(session, "/ferry")
    assert article is not None
    article.slug = "the-bridge"
    session.commit()

    assert leads(client, "/ferry/") == (301, "/articles/the-bridge")


def test_it_tells_nothing_of_what_is_not_published(taken, client):
    taken("wordpress", wxr(wordpress(1, "Hidden", "https://old.example/hidden/", status="draft")))

    assert leads(client, "/hidden/") == 404


def test_of_two_articles_the_first_keeps_the_address_and_the_report_says_so(taken, client):
    link = "https://old.example/same/"
    report = taken("wordpress", wxr(wordpress(1, "First", link), wordpress(2, "Second", link)))

    assert leads(client, "/same") == (301, "/articles/first")
    assert ("Second", f"its old address {link} cannot lead here") in report.notes


def test_no_import_takes_an_address_of_ours(session, taken, client):
    a_story(session, "Ours")
    links = ("/support", "/staff", "/articles/ours", "/media/x.webp", "/", "/topics")
    taken("wordpress", wxr(*(wordpress(n, f"Theirs {n}", link) for n, link in enumerate(links))))

    assert client.get("/articles/ours").status_code == 200
    assert client.get("/support").status_code == 200
    assert client.get("/staff").location.startswith("/sign-in")
    assert client.get("/stripe/events").status_code == 405


def test_an_import_repeated_by_a_newer_release_learns_the_addresses(session, taken, client):
    file = wxr(wordpress(1, "The ferry", "https://old.example/ferry/"))
    taken("wordpress", file)
    session.execute(delete(OldAddress))
    session.commit()
    assert leads(client, "/ferry") == 404
    assert taken("wordpress", file).unchanged == 1

    assert leads(client, "/ferry") == (301, "/articles/the-ferry")
