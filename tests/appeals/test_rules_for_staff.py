"""What staff do with appeals: rules in words, previews before saving, copies; only pages that change are made anew."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from membership.appeals.models import Appeal, Showing
from membership.articles import publishing
from membership.articles.publishing import COMMAND, Draft
from membership.newsroom import due
from membership.newsroom.models import PageChange
from tests.appeals.test_asking import APPEAL
from tests.articles.stories import BODY, a_newsroom, a_story, an_appeal, words

HEADING = re.compile(r'id="appeal-heading">([^<]*)<')


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


@pytest.fixture
def changed(session):
    """The pages recorded since it was last asked, without the frames for other sites, which follow their articles."""
    seen = [0]

    def since():
        session.expire_all()
        found = session.execute(select(PageChange.id, PageChange.key).where(PageChange.id > seen[0])).all()
        seen[0] = max([seen[0], *(row.id for row in found)])
        pages = {row.key for row in found if "/embed/" not in row.key}
        frames = {row.key.rpartition("/")[2] for row in found if "/embed/appeal/" in row.key}
        assert frames == {page.rpartition("/")[2] for page in pages if "/articles/" in page}
        return pages

    return since


def test_only_the_pages_that_show_another_ask_are_made_anew(session, as_, ada, changed):
    an_appeal(session, "Everywhere")
    a_story(session, "Ferry")
    a_story(session, "School", section="people")
    changed()
    as_(ada).post("/staff/appeals/new", data={**APPEAL, "sections_in": "people", "priority": "9"})
    assert changed() == {"/articles/school"}

    appeal = session.scalars(select(Appeal).filter_by(name="Coffee")).one()
    lower = {**APPEAL, "sections_in": "land", "priority": "0", "first_day": "2027-01-01"}
    as_(ada).post(f"/staff/appeals/{appeal.public_id}", data=lower)
    assert changed() == {"/articles/school"}
    as_(ada).post(f"/staff/appeals/{appeal.public_id}", data={**lower, "heading": "Other words"})
    assert changed() == set()


def test_at_the_midnights_of_its_days_the_pages_follow(session, client, clock, changed):
    a_story(session, "Ferry")
    an_appeal(session, "Usual")
    today = clock.now().date()
    an_appeal(
        session, "Soon", priority=9, first_day=today + timedelta(days=1), last_day=today + timedelta(days=1)
    )
    changed()
    assert HEADING.findall(words(client.get("/articles/ferry"))) == ["Usual"]

    clock.set(clock.now().replace(hour=22, minute=0))  # midnight in Kyiv
    due.apply_all(session)
    assert changed() == {"/articles/ferry"}
    assert HEADING.findall(words(client.get("/articles/ferry"))) == ["Soon"]
    clock.move(timedelta(days=1))
    due.apply_all(session)
    assert changed() == {"/articles/ferry"}
    assert HEADING.findall(words(client.get("/articles/ferry"))) == ["Usual"]


def test_every_story_has_a_slot_with_each_appeal_that_may_stand_under_it(session):
    fits = an_appeal(session, "Fits", first_day=None, rules={"tags_in": ["Bread"]})
    elsewhere = an_appeal(session, "Elsewhere", rules={"sections_in": ["people"]})
    story = a_story(session, "Ferry", tags=["bread"])

    def slots():
        return set(session.scalars(select(Showing.appeal_id).filter_by(article_id=story.id)))

    assert slots() == {fits.id, None}
    publishing.change(
        session,
        story,
        Draft(headline="Ferry", body=BODY, language="en", section="people", tags=["bread"]),
        by=COMMAND,
    )
    session.commit()
    assert slots() == {fits.id, elsewhere.id, None}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"first_day": "2026-12-02", "last_day": "2026-12-01"}, "The last day lies before the first."),
        ({"asks_month": "", "asks_year": "", "asks_once": ""}, "Offer at least one interval."),
        ({"sections_in": "land", "sections_out": "land"}, "A section cannot be among both."),
        ({"tags_in": "bread", "tags_out": "Bread"}, "cannot be among both. Take it out of one."),
        ({"tags_in": "x" * 61}, "Part the tags by commas"),
        ({"priority": ""}, "Enter a number from 0 to 1000."),
        ({"amounts_eur_month": "0.99; 5"}, "The smallest monthly gift is €1.00."),
        ({"amounts_eur_year": "9; 60"}, "The smallest yearly gift is €10.00."),
        ({"amounts_eur_once": "1.99; 10"}, "The smallest one-time gift is €2.00."),
        ({"amounts_uah_month": "49"}, "The smallest monthly gift is ₴50.00."),
        ({"amounts_eur_once": "10; 10000.01"}, "The largest gift taken online is €10,000.00."),
        ({"amounts_uah_once": "999999.99"}, "The largest gift taken online is ₴500,000.00."),
        ({"amounts_eur_month": "1000000"}, "Stripe does not take as much at a time."),
    ],
)
def test_what_cannot_be_is_told_in_words_and_changes_nothing(session, as_, ada, wrong, sentence):
    answer = as_(ada).post("/staff/appeals/new", data={**APPEAL, **wrong})

    assert answer.status_code == 422
    assert sentence in words(answer)
    assert session.scalar(select(func.count()).select_from(Appeal)) == 0


def test_the_smallest_and_the_largest_gift_may_be_suggested(session, as_, ada):
    limits = {"amounts_eur_month": "1; 10000", "amounts_eur_year": "10", "amounts_eur_once": "2"}
    assert as_(ada).post("/staff/appeals/new", data={**APPEAL, **limits}).status_code == 303

    assert session.scalars(select(Appeal)).one().suggested_amounts["eur"] == {
        "month": [100, 1_000_000],
        "year": [1_000],
        "once": [200],
    }


def test_amounts_that_are_no_longer_taken_are_no_longer_suggested(session, client):
    an_appeal(session, suggested_amounts={"eur": {"month": [100, 500], "once": [200]}})
    a_story(session)
    a_newsroom(session, smallest_gifts={"eur": {"month": 300, "year": 1000, "once": 900}})
    page = words(client.get("/articles/the-ferry"))

    asked = re.findall(r'name="amount" value="([0-9.]+)"', page)
    assert asked == ["5.00", "36.00", "60.00", "120.00", "10.00", "25.00", "50.00"]


def test_an_appeal_is_previewed_under_a_chosen_story_before_it_is_saved(session, as_, ada):
    ferry = a_story(session, "Ferry")
    a_story(session, "Newer")
    typed = {**APPEAL, "heading": "Only a try", "article": str(ferry.id)}
    asking = words(as_(ada).post("/staff/articles/under-appeal", data={**typed, "copy": "asking"}))
    quiet = words(as_(ada).post("/staff/articles/under-appeal", data={**typed, "copy": "quiet"}))

    assert HEADING.findall(asking) == ["Only a try"]
    assert "Ferry" in re.findall(r'<h1 class="article-headline">([^<]*)', asking)[0]
    assert "Not saved yet." in asking
    assert re.findall(r'type="hidden" name="heading" value="([^"]*)"', asking) == ["Only a try"]
    assert HEADING.findall(quiet) == []
    assert session.scalar(select(func.count()).select_from(Appeal)) == 0


def test_a_preview_of_what_cannot_be_shows_the_form_with_what_is_wrong(session, as_, ada):
    a_story(session)
    answer = as_(ada).post("/staff/articles/under-appeal", data={**APPEAL, "heading": ""})
    assert answer.status_code == 422
    assert "Write a heading." in words(answer)


def test_a_copy_begins_as_a_new_appeal_that_is_off(session, as_, ada):
    appeal = an_appeal(session, "Coffee", rules={"tags_in": ["bread"]}, priority=7)
    page = words(as_(ada).get(f"/staff/appeals/new?copy={appeal.public_id}"))

    assert 'value="Coffee (copy)"' in page
    assert 'value="bread"' in page
    assert not re.search(r'id="is_on"[^>]* checked', page)
    assert not re.search(r'checked [^>]*id="is_on"', page)
    assert session.scalar(select(func.count()).select_from(Appeal)) == 1


def test_the_list_says_where_each_stands_and_why(session, as_, ada, clock):
    today = clock.now().date()
    an_appeal(session, "High", priority=9)
    an_appeal(session, "Low")
    an_appeal(session, "Nowhere", rules={"tags_in": ["nothing"]})
    an_appeal(session, "Off", is_on=False)
    an_appeal(session, "Past", last_day=today - timedelta(days=2))
    an_appeal(session, "Ahead", first_day=today + timedelta(days=3))
    a_story(session)
    a_story(session, "Sad", is_sensitive=True)
    page = words(as_(ada).get("/staff/appeals"))

    for sentence in (
        "Under 1 story of 2.",
        "Wherever it fits, one of higher priority stands: High.",
        "No published story fits its rules.",
        "It stands nowhere until it is switched on.",
        "Its last day was 20 November 2026.",
        "Its first day is 25 November 2026.",
    ):
        assert sentence in page
    stories = words(as_(ada).get("/staff/appeals/stories"))
    assert "Nobody is asked: the story is marked sensitive." in stories
    assert ">High</a>" in stories


def test_a_tag_that_no_story_has_is_pointed_out(as_, ada):
    answer = as_(ada).post("/staff/appeals/new", data={**APPEAL, "tags_in": "brad"}, follow_redirects=True)
    assert "No published story has this tag yet: brad." in words(answer)


def test_only_the_intervals_that_are_offered_are_asked_for(session, client):
    an_appeal(session, asks_month=False, asks_once=False)
    a_story(session)
    page = words(client.get("/articles/the-ferry"))

    assert re.findall(r'class="appeal-form"[^>]*data-interval="([a-z]+)"', page) == ["year"]


def test_only_editors_see_any_of_it(as_, ben, client):
    for path in ("/staff/appeals/stories", "/staff/appeals/campaigns", "/staff/appeals/campaigns/new"):
        assert client.get(path).status_code == 303
        assert as_(ben).get(path).status_code == 403
    assert as_(ben).post("/staff/articles/under-appeal", data=APPEAL).status_code == 403
