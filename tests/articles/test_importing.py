"""Importing: real exports whole, the same file twice, local edits; nothing is ever published by mistake."""

import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from membership.accounts.models import Account
from membership.articles import drafts, importing, publishing, queries
from membership.articles.commands import imports
from membership.articles.models import ArticleState, Media
from membership.articles.publishing import COMMAND
from membership.newsroom.models import PageChange
from membership.paths import DEMONSTRATION
from tests.articles.exports import articles, counts, post, states, wxr
from tests.articles.stories import a_newsroom, a_story, words


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


@pytest.fixture
def exports() -> Path:
    """The folder of real exports, outside of the project."""
    told = os.environ.get("MEMBERSHIP_TEST_DATA", "")
    folder = Path(told) / "data"
    if not told or not folder.is_dir():
        pytest.skip("MEMBERSHIP_TEST_DATA names no folder with data/ in it")
    return folder


def test_a_real_wordpress_export_is_taken_whole_and_a_second_time_changes_nothing(session, exports, tmp_path):
    file = exports / "theme-unit-test.wordpress.xml"
    first = importing.import_file(session, "wordpress", file, media_folder=tmp_path / "media")
    before = [(one.id, one.body, one.updated_at, one.state) for one in articles(session)]
    changes = session.scalar(select(func.count()).select_from(PageChange))
    second = importing.import_file(session, "wordpress", file, media_folder=tmp_path / "media")

    assert counts(first) == (51, 0, 0, 129)
    assert counts(second) == (0, 0, 51, 129)
    assert [(one.id, one.body, one.updated_at, one.state) for one in articles(session)] == before
    assert session.scalar(select(func.count()).select_from(PageChange)) == changes
    assert all(name and reason for name, reason in first.skipped)
    reasons = {reason for _name, reason in first.skipped}
    assert reasons == {"a page, not a post", "an attachment, not a post", "an entry of a menu, not a post"}
    assert ("Draft", "kept as a draft: a draft") in first.notes
    assert ("Scheduled", "scheduled: its date is still to come") in first.notes


def test_a_real_ghost_export_is_taken_whole_and_a_second_time_changes_nothing(
    session, exports, client, tmp_path
):
    file = exports / "theme-unit-test.ghost.json"
    first = importing.import_file(session, "ghost", file, media_folder=tmp_path / "media")
    second = importing.import_file(session, "ghost", file, media_folder=tmp_path / "media")

    assert counts(first) == (17, 0, 0, 2)
    assert counts(second) == (0, 0, 17, 2)
    assert {reason for _name, reason in first.skipped} == {"a page, not a post"}
    for article in articles(session):
        assert client.get(f"/articles/{article.slug}").status_code == 200
    (video,) = [article for article in articles(session) if article.headline == "Youtube Embeds"]
    page = words(client.get(f"/articles/{video.slug}"))
    assert 'href="https://www.youtube.com/' in page
    assert "<iframe" not in page


def test_the_demonstration_is_taken_with_its_pictures_and_translations(session, tmp_path, client, clock):
    folder = DEMONSTRATION / "articles"
    moved = timedelta(days=400)
    clock.move(moved)
    report = importing.import_markdown(session, folder, media_folder=tmp_path / "media", shift=moved)

    assert report.skipped == []
    assert report.notes == []
    bread = queries.by_slug(session, "price-of-bread", "en")
    assert bread is not None
    assert [one.slug for one in queries.translations(session, bread)] == ["tsina-khliba"]
    assert bread.published_at is not None
    assert (bread.published_at - moved).isoformat() == "2026-11-14T05:00:00+00:00"
    assert session.scalar(select(func.count()).select_from(Media)) >= 12
    answer = client.get("/articles/price-of-bread")
    assert bread.picture in words(answer)


def test_a_dry_run_says_the_same_and_changes_nothing(session, taken):
    dry = taken("wordpress", wxr(post(1), post(2, "Draft", status="draft")), is_dry=True)

    assert articles(session) == []
    assert session.scalar(select(func.count()).select_from(PageChange)) <= 1  # the newsroom's own settings
    wet = taken("wordpress", wxr(post(1), post(2, "Draft", status="draft")))
    assert (counts(dry), dry.notes) == (counts(wet), wet.notes)
    assert len(articles(session)) == 2


def test_what_changed_in_the_source_is_updated_and_what_was_edited_here_stays(session, taken):
    taken("wordpress", wxr(post(1, "The ferry", "One."), post(2, "The bridge", "One.")))
    ferry, bridge = articles(session)
    here = drafts.of(session, ferry)
    publishing.change(session, ferry, replace(here, headline="Our headline"), by=COMMAND)
    session.commit()
    report = taken("wordpress", wxr(post(1, "Their headline", "Two."), post(2, "The new bridge", "One.")))

    ferry, bridge = articles(session)
    assert counts(report) == (0, 2, 0, 0)
    assert (ferry.headline, ferry.body) == ("Our headline", "<p>Two.</p>")
    assert bridge.headline == "The new bridge"
    assert report.kept == [("Their headline", "headline was changed here; that was kept")]
    again = taken("wordpress", wxr(post(1, "Their headline", "Two."), post(2, "The new bridge", "One.")))
    assert counts(again) == (0, 0, 2, 0)
    third = taken("wordpress", wxr(post(1, "A third headline", "Two.")))
    assert third.kept == [("A third headline", "headline was changed here; that was kept")]
    assert articles(session)[0].headline == "Our headline"


def test_what_an_editor_withdrew_does_not_come_back(session, taken):
    taken("wordpress", wxr(post(1)))
    publishing.withdraw(session, articles(session)[0], by=COMMAND)
    session.commit()
    taken("wordpress", wxr(post(1, body="Changed.", post_date_gmt="2026-06-01 08:00:00")))

    assert articles(session)[0].state is ArticleState.WITHDRAWN


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"status": "draft"}, "a draft"),
        ({"status": "private"}, "private"),
        ({"status": "pending"}, "waits for review"),
        ({"post_password": "enter"}, "protected by a password"),
        ({"post_date_gmt": "0000-00-00 00:00:00"}, "it has no date"),
        ({"post_date_gmt": "9999-99-99 00:00:00"}, "it has no date"),
        ({"status": "future"}, "it was to be published at an instant that has passed"),
        ({"body": ""}, "it has no text"),
        ({"status": "unheard-of"}, "its state is 'unheard-of'"),
    ],
)
def test_what_was_not_public_is_kept_as_a_draft_with_the_reason(session, taken, client, more, reason):
    report = taken("wordpress", wxr(post(1, **more)))

    assert states(session) == {"draft": 1}
    assert report.notes == [("The ferry", f"kept as a draft: {reason}")]
    assert client.get("/articles/the-ferry").status_code == 404


def test_a_date_to_come_is_scheduled_never_published_early(session, taken, client, clock):
    taken("wordpress", wxr(post(1, post_date_gmt="2026-12-24 08:00:00")))
    assert states(session) == {"scheduled": 1}
    assert client.get("/articles/the-ferry").status_code == 404


@pytest.mark.parametrize("visibility", ["members", "paid", "tiers"])
def test_what_only_members_of_a_ghost_could_read_stays_unpublished(session, taken, visibility):
    posts = [
        {"id": "1", "title": "Secret", "html": "<p>x</p>", "status": "published", "visibility": visibility}
    ]
    report = taken("ghost", json.dumps({"db": [{"data": {"posts": posts}}]}), "export.json")

    assert states(session) == {"draft": 1}
    assert "kept as a draft" in report.notes[0][1]


def test_shortcodes_captions_and_empty_lines_become_html(session, taken):
    body = (
        "One\nline.\n\nTwo.\n\n[caption id='a' width='10']<img src='https://old.example/a.jpg' alt='A'> Words[/caption]"
        "\n\nhttps://www.youtube.com/watch?v=1\n\n[gallery ids='1,2']\n\n<!-- wp:paragraph --><p>Block</p><!-- /wp -->"
        "<script>alert(1)</script><iframe src='//player.vimeo.com/1'></iframe>"
    )
    report = taken("wordpress", wxr(post(1, body=body)))

    (article,) = articles(session)
    assert "<p>One<br>\nline.</p>\n<p>Two.</p>" in article.body
    assert (
        '<figure><a href="https://old.example/a.jpg">A</a><figcaption>Words</figcaption></figure>'
        in article.body
    )
    assert '<p><a href="https://www.youtube.com/watch?v=1">youtube.com</a></p>' in article.body
    assert '<a href="https://player.vimeo.com/1">player.vimeo.com</a>' in article.body
    assert "<p>Block</p>" in article.body
    assert "alert" not in article.body
    assert {note for _name, note in report.notes} == {
        "[gallery] was left out",
        "<script> was left out",
        "<iframe> became a link",
    }


def test_authors_are_names_and_never_accounts(session, taken):
    taken("wordpress", wxr(post(1)))
    (article,) = articles(session)

    assert [one.name for one in queries.bylines(session, [article.id])[article.id]] == ["Ada Editor"]
    assert article.section == "land"
    assert session.scalars(select(Account)).all() == []


ATOM = """<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title>t</title>
<entry><id>urn:1</id><title>The ferry</title><link href="https://old.example/2026/the-ferry/"/>
<published>2026-05-01T08:00:00Z</published><updated>2026-05-02T08:00:00Z</updated><author><name>Ada</name></author>
<category term="Land"/><summary>Short.</summary>
<content type="html">&lt;p onclick="x()"&gt;Whole
&lt;a href="javascript:alert(1)"&gt;x&lt;/a&gt;&lt;svg&gt;&lt;script&gt;</content>
</entry><entry><title>Nameless</title></entry></feed>"""


def test_a_feed_is_taken_with_its_text_and_without_its_scripts(session, taken):
    report = taken("feed", ATOM)

    (article,) = articles(session)
    assert (article.headline, article.slug, article.standfirst) == ("The ferry", "the-ferry", "Short.")
    assert article.body == "<p>Whole\n<a>x</a></p>"
    assert article.section == "land"
    assert article.published_at is not None
    assert article.published_at.isoformat() == "2026-05-01T08:00:00+00:00"
    assert [name for name, _reason in report.skipped] == ["Nameless"]
    assert counts(taken("feed", ATOM)) == (0, 0, 1, 1)


FRONT = """---
headline: The ferry
language: en
published: 2026-05-01T08:00:00+03:00
{more}---

It **stood** still.
"""


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("no front matter", "does not begin with front matter (a line of ---)"),
        ("---\nheadline: x\n", "its front matter does not end"),
        (FRONT.format(more="published\n"), "line 5 of its front matter has no colon"),
        (FRONT.format(more="sensitive: maybe\n"), "sensitive is 'maybe', neither true nor false"),
        (FRONT.format(more="updated: yesterday\n"), "updated is 'yesterday', which is no date"),
        (FRONT.format(more="correction: oops\n"), "a correction is written as: YYYY-MM-DD | text"),
        (FRONT.format(more="").replace("language: en", "language: xx"), "language is 'xx'; known are en, uk"),
        ("---\nlanguage: en\n---\nx", "has no headline"),
    ],
)
def test_wrong_front_matter_is_named_and_nothing_is_taken(session, taken, content, reason):
    report = taken("markdown", content, "ferry.md")

    assert report.skipped == [("ferry.md", reason)]
    assert articles(session) == []


def test_front_matter_says_everything_about_an_article(session, taken, client):
    more = "standfirst: Still: since May.\nauthors: Ada, Ben\nsensitive: true\ntags: a, b\n"
    more += "correction: 2026-05-03 | June.\nodd: 1\n"
    report = taken("markdown", FRONT.format(more=more), "ferry.md")

    (article,) = articles(session)
    assert (article.standfirst, article.is_sensitive) == ("Still: since May.", True)
    assert article.tags == {"tags": ["a", "b"]}
    assert report.notes == [("ferry.md", "'odd' is not a key we know")]
    page = words(client.get("/articles/the-ferry"))
    assert "<strong>stood</strong>" in page
    assert "3 May 2026" in page
    assert counts(taken("markdown", FRONT.format(more=more), "ferry.md")) == (0, 0, 1, 0)


def test_an_article_here_is_never_overwritten_by_an_import_of_the_same_address(session, taken):
    ours = a_story(session)
    taken("wordpress", wxr(post(1)))

    assert [(one.slug, one.source) for one in articles(session)] == [
        ("the-ferry", None),
        ("the-ferry-2", "wordpress"),
    ]
    assert articles(session)[0].id == ours.id


def test_the_command_tells_what_it_did_and_exits_1_for_what_it_cannot_read(app, session, tmp_path):
    file = tmp_path / "export.xml"
    file.write_text(wxr(post(1), post(2, "About", post_type="page")))
    runner = app.test_cli_runner()
    dry = runner.invoke(imports, ["articles", "wordpress", str(file), "--dry-run"])
    assert dry.exit_code == 0, dry.output
    assert "About: a page, not a post" in dry.output
    assert "1 taken, 0 updated, 0 unchanged, 1 not taken, of 2." in dry.output
    assert "nothing was changed" in dry.output
    assert articles(session) == []

    file.write_text("<!DOCTYPE x>" + wxr(post(1)))
    refused = runner.invoke(imports, ["articles", "wordpress", str(file)])
    assert refused.exit_code == 1
    assert "DOCTYPE, which is not allowed" in refused.output
