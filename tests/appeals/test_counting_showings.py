"""What is counted of showings: a slot and a day, summed and written now and then; nothing of who read."""

import re
from datetime import date

import pytest
from sqlalchemy import select

from membership import paths
from membership.appeals import counting
from membership.appeals.counting import Happened
from membership.appeals.totals import DailyCount
from membership.articles.models import Article
from membership.db import db
from tests.appeals.newsroom import KYIV
from tests.articles.stories import a_newsroom, a_story, an_appeal, words

SUNDAY = date(2026, 11, 22)


@pytest.fixture
def place(session, client):
    """The slot that a published page sends once it is in view."""
    a_newsroom(session)
    an_appeal(session)
    a_story(session)
    found = re.search(r'data-slot="([a-z0-9]+)"', client.get("/articles/the-ferry").text)
    assert found is not None
    return found[1]


def show(client, slot_, **more):
    return client.post("/appeal/shown", data={"slot": slot_}, **more)


def totals(session):
    session.rollback()
    counting.flush()
    session.rollback()
    found = select(DailyCount.day, DailyCount.shown, DailyCount.followed).order_by(DailyCount.day)
    return [tuple(row) for row in session.execute(found)]


def test_showings_are_summed_by_slot_and_day_and_written_together(app, session, client, place):
    answers = [show(client, place) for _time in range(3)]

    assert {answer.status_code for answer in answers} == {204}
    session.rollback()
    assert session.scalars(select(DailyCount)).all() == []  # nothing is written while a reader waits
    assert totals(session) == [(SUNDAY, 3, 0)]
    show(client, place)
    assert totals(session) == [(SUNDAY, 4, 0)]


def test_an_answer_sets_no_cookie_and_is_kept_by_nobody(client, place):
    answer = show(client, place)

    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.data == b""


def test_the_day_is_the_newsrooms(session, client, place, clock):
    clock.set(clock.now().replace(hour=21, minute=59))  # a minute before midnight in Kyiv
    show(client, place)
    clock.set(clock.now().replace(hour=22, minute=1))
    show(client, place)

    assert clock.now().astimezone(KYIV).date() == date(2026, 11, 23)
    assert totals(session) == [(SUNDAY, 1, 0), (date(2026, 11, 23), 1, 0)]


@pytest.mark.parametrize("sent", ["", "nothing", "0" * 200, "../../etc", "' OR 1=1 --", "слот"])
def test_what_is_no_slot_counts_for_nothing(session, client, place, sent):
    assert show(client, sent).status_code in {204, 413}

    assert totals(session) == []


def test_one_network_cannot_count_a_slot_as_often_as_it_likes(session, client, place):
    answers = [show(client, place).status_code for _time in range(70)]

    assert answers.count(429) == 10
    assert totals(session) == [(SUNDAY, 60, 0)]
    elsewhere = show(client, place, environ_base={"REMOTE_ADDR": "203.0.113.9"})
    assert elsewhere.status_code == 204


def test_other_sites_cannot_let_browsers_count(client, place):
    assert show(client, place, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_opening_support_by_a_slot_counts_once_as_followed(session, client, place):
    client.get("/support", query_string={"appeal": place})
    client.get(
        "/support", query_string={"appeal": place}, headers={"Referer": "http://localhost/articles/the-ferry"}
    )
    for elsewhere in ("http://localhost/support?interval=once", "https://checkout.stripe.com/c/pay"):
        client.get("/support", query_string={"appeal": place}, headers={"Referer": elsewhere})
    client.get("/support", query_string={"appeal": place}, headers={"Sec-Purpose": "prefetch"})
    client.head("/support", query_string={"appeal": place})

    assert totals(session) == [(SUNDAY, 0, 2)]


def test_what_could_not_be_written_is_written_later(app, session, client, place):
    show(client, place)
    with db.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE daily_count RENAME TO away")
        connection.commit()
    counting.flush()
    with db.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO daily_count")
        connection.commit()

    show(client, place)
    assert totals(session) == [(SUNDAY, 2, 0)]


def test_memory_is_bounded_whatever_is_sent(app):
    counts = app.extensions["membership_counts"]
    for number in range(counting.MOST_KEYS + 50):
        counts.add(f"{number:016d}", SUNDAY, Happened.SHOWN)

    assert len(counts._sums) == counting.MOST_KEYS


def test_the_script_is_under_a_kilobyte_and_sends_a_slot_alone():
    script = (paths.STATIC / "js/shown.js").read_text()

    assert len(script.encode()) < 1_000
    assert 'credentials: "omit"' in script
    assert re.findall(r"new URLSearchParams\(([^)]*)\)", script) == ["{ slot: place.dataset.slot }"]


@pytest.mark.parametrize("mark", ["is_sensitive", "is_sponsored"])
def test_a_page_that_asks_nobody_counts_nothing_and_loads_no_script(session, client, place, mark):
    marked = {mark: True}
    a_story(session, "Quiet", **marked)

    page = words(client.get("/articles/quiet"))
    assert "data-slot" not in page
    assert "<script" not in re.sub(r'<script type="application/ld\+json".*?</script>', "", page)


def test_the_quiet_copy_and_an_editors_preview_are_not_counted(app, session, client, as_, ada, place):
    client.set_cookie("appeal", "off")
    assert "data-slot" not in client.get("/articles/the-ferry").text

    article = session.scalars(select(Article.id)).one()
    preview = as_(ada).get(f"/staff/articles/{article}/page")
    assert "appeal-heading" in preview.text
    assert "data-slot" not in preview.text
