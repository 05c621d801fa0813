"""What an editor types and does not save is kept for that editor alone, and offered again."""

import pytest
from sqlalchemy import select

from membership.articles import queries, working_copies
from membership.articles.editing_models import WorkingCopy
from membership.articles.models import Article, Revision
from membership.articles.working_copies import MOST_NEW, Subject
from tests.articles.editing_room import KEY, NEW, fields_of
from tests.articles.stories import a_newsroom, a_story, words


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


def copies(session):
    session.expire_all()
    return session.scalars(select(WorkingCopy).order_by(WorkingCopy.id)).all()


def test_what_is_typed_is_kept_and_no_reader_sees_it(session, as_, ada, client):
    article = a_story(session)
    typed = fields_of(session, article, body="Kept, not saved.", version="0")
    answer = as_(ada).post(f"/staff/articles/{article.id}/working-copy", data=typed)

    assert answer.status_code == 200
    assert answer.json["version"] == 1
    assert answer.json["kept"] == "Kept at 14:00, not saved yet"
    assert [one.typed["body"] for one in copies(session)] == ["Kept, not saved."]
    assert "Kept, not saved." not in words(client.get("/articles/the-ferry"))
    assert len(session.scalars(select(Revision)).all()) == 1


def test_it_is_offered_in_another_browser_and_can_be_restored_compared_and_discarded(session, as_, ada):
    article = a_story(session, body="The ferry stood still.")
    path = f"/staff/articles/{article.id}"
    typed = fields_of(session, article, body="The bridge stood still.", tags="river", version="0")
    as_(ada).post(f"{path}/working-copy", data=typed)

    other = as_(ada)
    page = words(other.get(path))
    assert "You have unsaved changes from 22 November 2026, 14:00." in page
    assert "The ferry stood still." in page
    assert "The bridge stood still." not in page
    compared = words(other.get(f"{path}/working-copy"))
    assert "[removed: </span>ferry" in compared
    assert "[added: </span>bridge" in compared
    assert "river" in compared
    restored = words(other.get(f"{path}?copy=mine"))
    assert "The bridge stood still." in restored
    assert 'name="version" type="hidden" value="1"' in restored
    other.post(f"{path}/working-copy/delete")
    assert copies(session) == []
    assert "unsaved changes" not in words(other.get(path))


def test_saving_ends_the_working_copy(session, as_, ada):
    article = a_story(session)
    browser = as_(ada)
    typed = fields_of(session, article, body="Typed.", version="0")
    browser.post(f"/staff/articles/{article.id}/working-copy", data=typed)
    browser.post(f"/staff/articles/{article.id}", data=typed)

    assert copies(session) == []
    assert session.scalars(select(Article)).one().body == "Typed."


def test_a_story_that_was_never_saved_is_kept_as_well(session, as_, ada, client):
    browser = as_(ada)
    answer = browser.post(f"/staff/articles/new/working-copies/{KEY}", data={**NEW, "version": "0"})

    assert answer.json["version"] == 1
    assert session.scalars(select(Article)).all() == []
    other = as_(ada)
    assert "You have begun a story and not saved it" in words(other.get("/staff/articles"))
    assert "Who owns the ferry?" in words(other.get("/staff/articles/new"))
    page = words(other.get(f"/staff/articles/new?copy={KEY}"))
    assert "It *stood* still." in page
    other.post("/staff/articles/new", data={**NEW, "key": KEY})
    assert copies(session) == []
    assert session.scalars(select(Article)).one().headline == "Who owns the ferry?"


def test_an_incomplete_story_is_kept_as_it_is(session, as_, ada):
    answer = as_(ada).post(
        f"/staff/articles/new/working-copies/{KEY}",
        data={"headline": "", "slug": "Not An Address", "version": "0"},
    )

    assert answer.status_code == 200
    assert copies(session)[0].typed["slug"] == "Not An Address"


def test_nobody_else_sees_or_discards_it(session, as_, ada, pia):
    article = a_story(session)
    typed = fields_of(session, article, body="Mine alone.", version="0")
    as_(ada).post(f"/staff/articles/{article.id}/working-copy", data=typed)
    as_(ada).post(f"/staff/articles/new/working-copies/{KEY}", data={**NEW, "version": "0"})

    other = as_(pia)
    assert "unsaved changes" not in words(other.get(f"/staff/articles/{article.id}"))
    assert "Mine alone." not in words(other.get(f"/staff/articles/{article.id}?copy=mine"))
    assert other.get(f"/staff/articles/new?copy={KEY}").status_code == 404
    other.post(f"/staff/articles/{article.id}/working-copy/delete")
    other.post(f"/staff/articles/new/working-copies/{KEY}/delete")
    assert len(copies(session)) == 2


def test_two_windows_of_one_editor_do_not_write_over_each_other(session, as_, ada):
    article = a_story(session)
    path, browser = f"/staff/articles/{article.id}/working-copy", as_(ada)
    first = fields_of(session, article, body="First window.", version="0")
    assert browser.post(path, data=first).json["version"] == 1

    second = browser.post(path, data={**first, "body": "Second window."})
    assert second.status_code == 409
    assert "another window" in second.json["error"]
    assert browser.post(path, data={**first, "body": "First goes on.", "version": "1"}).json["version"] == 2
    assert [one.typed["body"] for one in copies(session)] == ["First goes on."]


def test_a_window_left_open_after_saving_elsewhere_brings_nothing_back(session, as_, ada):
    article = a_story(session)
    path, browser = f"/staff/articles/{article.id}", as_(ada)
    typed = fields_of(session, article, body="Typed.", version="0")
    browser.post(f"{path}/working-copy", data=typed)
    browser.post(path, data=typed)

    assert browser.post(f"{path}/working-copy", data={**typed, "version": "1"}).status_code == 409
    assert copies(session) == []


def test_only_so_many_stories_never_saved_are_kept(session, ada):
    for number in range(MOST_NEW + 3):
        key = f"{number:016d}"
        working_copies.keep(session, ada.id, Subject(key=key), {"headline": str(number)}, version=0)
    session.commit()

    assert [one.typed["headline"] for one in copies(session)] == [str(n) for n in range(3, MOST_NEW + 3)]


@pytest.mark.parametrize("key", ["x", "../../etc", "0123456789ABCDEF", "a" * 33])
def test_a_key_is_nothing_but_a_key(as_, ada, key):
    assert as_(ada).post(f"/staff/articles/new/working-copies/{key}", data=NEW).status_code in {404, 405}


def test_a_field_longer_than_any_story_is_cut(session, as_, ada):
    sent = {"headline": "x" * 9_000, "body": "y" * 450_000, "version": "0"}
    as_(ada).post(f"/staff/articles/new/working-copies/{KEY}", data=sent)

    typed = copies(session)[0].typed
    assert (len(typed["headline"]), len(typed["body"])) == (2_000, 400_000)


def test_who_was_signed_out_gets_back_what_was_sent_and_can_send_it_again(session, client, as_, ada):
    article = a_story(session)
    path = f"/staff/articles/{article.id}"
    typed = fields_of(session, article, body="<b>Long</b> work.", headline='"Quoted" & more')
    answer = client.post(path, data={**typed, "csrf_token": "old"})

    page = words(answer)
    assert answer.status_code == 403
    assert "no-store" in answer.headers["Cache-Control"]
    assert "You have been signed out" in page
    assert "&lt;b&gt;Long&lt;/b&gt; work." in page
    assert "&#34;Quoted&#34; &amp; more" in page
    assert f'action="{path}"' in page
    assert "csrf_token" not in page
    assert session.get(Article, article.id).body != "<b>Long</b> work."

    again = as_(ada).post(path, data={**typed, "csrf_token": "of the session that ended"})
    assert again.status_code == 422
    assert "You have signed in anew. Nothing is lost" in words(again)
    assert "&lt;b&gt;Long&lt;/b&gt; work." in words(again)


def test_another_site_cannot_have_a_form_shown_again(client, session):
    article = a_story(session)
    answer = client.post(
        f"/staff/articles/{article.id}", data={"body": "x"}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    assert "Send it again" not in words(answer)


def test_the_list_says_where_changes_wait(session, as_, ada):
    article = a_story(session)
    browser = as_(ada)
    browser.post(f"/staff/articles/{article.id}/working-copy", data=fields_of(session, article, version="0"))

    assert "Unsaved changes" in words(browser.get("/staff/articles"))
    assert queries.by_slug(session, "the-ferry") is not None
