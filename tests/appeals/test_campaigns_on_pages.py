"""Campaigns as staff set them up and readers see them: a meter rounded down, thanks at the goal, an end."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from membership.appeals import campaigning, metering
from membership.appeals.models import Campaign
from membership.money import Money
from membership.newsroom import due
from membership.newsroom.models import AuditEntry
from tests.articles.stories import a_newsroom, a_story, an_appeal, words

WINTER = {
    "name": "Winter",
    "slug": "winter-2026",
    "goal": "10 000",
    "currency": "eur",
    "first_day": "2026-11-01",
    "last_day": "2026-12-31",
    "title_en": "A generator",
    "text_en": "For the dark months.",
    "thanks_en": "It is paid for.",
}


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)
    an_appeal(session)
    a_story(session)


@pytest.fixture
def campaign(session, as_, ada):
    """A campaign that runs, and a way to say what it raised."""
    assert as_(ada).post("/staff/appeals/campaigns/new", data=WINTER).status_code == 303
    due.apply_all(session)

    def raised(total):
        campaigning.raise_to(session, session.scalars(select(Campaign)).one(), total)
        session.commit()

    return raised


def seen(client):
    return words(client.get("/articles/the-ferry"))


def test_readers_see_what_it_is_for_its_goal_and_its_last_day(client, campaign):
    del campaign
    page = seen(client)

    assert "A generator" in page
    assert "The goal: €10,000 by 31 December 2026." in page
    assert set(re.findall(r'name="campaign" value="([^"]*)"', page)) == {"winter-2026"}
    assert "campaign=winter-2026" in re.findall(r'href="(/support\?[^"]+)"', page)[0]


def test_the_meter_follows_within_a_minute_rounded_down(session, client, campaign, clock):
    seen(client)
    campaign(412_399)
    clock.move(timedelta(seconds=60))
    due.apply_all(session)
    page = seen(client)

    assert "€4,100 given" in page
    assert re.findall(r'<progress value="(\d+)" max="(\d+)"', page) == [("410000", "1000000")]
    campaign(0)
    clock.move(timedelta(seconds=60))
    due.apply_all(session)
    assert "The goal: €10,000" in seen(client)


def test_e09_markup_in_a_campaign_is_text_in_the_frame_on_other_sites_too(session, client, as_, ada, clock):
    image = '<img src=x onerror="alert(1)">'
    hostile = {name: f"{image} {name}" for name in ("title_en", "text_en", "thanks_en")}
    assert as_(ada).post("/staff/appeals/campaigns/new", data=WINTER | hostile).status_code == 303
    due.apply_all(session)

    running = client.get("/embed/appeal").text
    campaigning.raise_to(session, session.scalars(select(Campaign)).one(), 1_000_000)
    session.commit()
    clock.move(timedelta(seconds=60))
    due.apply_all(session)
    reached = client.get("/embed/appeal").text

    for page, names in ((running, ("title_en", "text_en")), (reached, ("title_en", "thanks_en"))):
        assert "<img" not in page
        for name in names:
            assert f"&lt;img src=x onerror=&#34;alert(1)&#34;&gt; {name}" in page


def test_e10_the_meter_in_the_frame_on_other_sites_follows_too(session, client, campaign, clock):
    frame = "/embed/appeal/the-ferry"
    assert "The goal: €10,000" in words(client.get(frame))
    campaign(412_399)
    clock.move(timedelta(seconds=60))
    due.apply_all(session)

    assert "€4,100 given" in words(client.get(frame))
    assert "€4,100 given" in words(client.get("/embed/appeal"))


def test_at_the_goal_there_are_thanks_and_below_it_again_there_are_none(session, client, campaign, clock):
    campaign(999_999)
    clock.move(timedelta(seconds=60))
    due.apply_all(session)
    assert "It is paid for." not in seen(client)
    campaign(1_000_000)
    clock.move(timedelta(seconds=60))
    due.apply_all(session)
    assert "It is paid for." in seen(client)


def test_after_its_last_day_it_is_gone(session, client, campaign, clock):
    del campaign
    assert "A generator" in seen(client)
    clock.move(timedelta(days=39, hours=10, minutes=1))  # midnight in Kyiv after 31 December
    due.apply_all(session)
    assert "A generator" not in seen(client)


def test_staff_end_it_by_a_page_that_says_what_ends(session, client, campaign, as_, ada):
    del campaign
    question = words(as_(ada).get("/staff/appeals/campaigns/winter-2026/end"))
    assert "what comes in from now on does not count" in question
    as_(ada).post("/staff/appeals/campaigns/winter-2026/end")

    assert "A generator" not in seen(client)
    assert "campaign.ended" in session.scalars(select(AuditEntry.action)).all()


def test_in_a_language_without_words_it_is_not_shown(session, client, campaign):
    del campaign
    an_appeal(session, "Вільно", language="uk")
    a_story(session, "Пором", language="uk")
    assert "appeal-campaign" not in words(client.get("/uk/articles/porom"))


def test_while_it_runs_the_appeal_asks_in_its_currency(client, as_, ada):
    as_(ada).post("/staff/appeals/campaigns/new", data={**WINTER, "currency": "uah"})
    assert set(re.findall(r'name="currency" value="([a-z]+)"', seen(client))) == {"uah"}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"slug": "Winter 2026"}, "Use small Latin letters"),
        ({"goal": "0"}, "Enter an amount from 1 to 100,000,000."),
        ({"goal": ""}, "Enter a whole amount, like 30000."),
        ({"goal": "much"}, "Enter a whole amount, like 30000."),
        ({"goal": "30 000,50"}, "Enter a whole amount, like 30000."),
        ({"last_day": "2026-10-01"}, "The last day lies before the first."),
        ({"title_en": ""}, "Write a title in at least one language, below."),
        ({"name": ""}, "Give it a name for the newsroom."),
        ({"currency": "btc"}, "Not a valid choice"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_begins(session, as_, ada, wrong, sentence):
    answer = as_(ada).post("/staff/appeals/campaigns/new", data={**WINTER, **wrong})
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert session.scalars(select(Campaign)).all() == []


@pytest.mark.parametrize("typed", ["much", "30 000,50", "1e5", "1_000", "٣٠٠", "9" * 40, ""])
def test_a_goal_that_is_no_number_is_told_once_and_changes_nothing(session, campaign, as_, ada, typed):
    del campaign
    answer = as_(ada).post(
        "/staff/appeals/campaigns/winter-2026", data={**WINTER, "name": "Other", "goal": typed}
    )

    assert answer.status_code == 422
    assert words(answer).count('id="goal-error"') == 1
    assert "Enter a whole amount, like 30000." in words(answer)
    assert f'value="{typed}"' in words(answer)
    session.expire_all()
    kept = session.scalars(select(Campaign)).one()
    assert (kept.name, kept.goal) == ("Winter", 1_000_000)


def test_a_word_stands_for_one_campaign_only(session, campaign, as_, ada):
    del campaign
    answer = as_(ada).post("/staff/appeals/campaigns/new", data=WINTER)
    assert answer.status_code == 422
    assert "Another campaign has this word." in words(answer)


def test_staff_change_its_goal_and_see_the_exact_sum(session, campaign, as_, ada):
    campaign(412_399)
    page = words(as_(ada).get("/staff/appeals/campaigns/winter-2026"))
    assert "€4,123.99" in page
    as_(ada).post("/staff/appeals/campaigns/winter-2026", data={**WINTER, "goal": "20000"})

    session.expire_all()
    assert session.scalars(select(Campaign.goal)).one() == 2_000_000
    assert "€20,000.00" in words(as_(ada).get("/staff/appeals/campaigns"))


@given(st.integers(-(10**9), 10**12), st.integers(1, 10**12), st.sampled_from(["eur", "jpy", "uah", "kwd"]))
def test_nobody_is_ever_told_of_more_than_has_arrived(raised, goal, currency):
    told = metering.figure(raised, Money(goal, currency)).amount

    assert 0 <= told <= max(0, raised)
    assert (told >= goal) == (raised >= goal)
    assert max(0, raised) - told < metering.step(Money(goal, currency)) or told == goal
