"""A trial from its plan to its end: what articles show on which day, and that their stored pages follow at midnight."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from membership.appeals import managing, trying
from membership.appeals.assigning import HOLD_BACK
from membership.appeals.errors import OnTrialError, TrialOpenError, TrialStateError, VariantError
from membership.appeals.models import Showing
from membership.appeals.trials import TrialState
from membership.articles.models import Article
from membership.newsroom.models import AuditEntry, PageChange
from tests.appeals.newsroom import BY, TOMORROW, a_trial, pass_to, the_trial, two_appeals
from tests.articles.stories import a_newsroom, a_story, an_appeal, words


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


def heading(client, slug):
    found = re.search(r'id="appeal-heading">([^<]*)<', words(client.get(f"/articles/{slug}")))
    return found[1] if found else None


def test_readers_see_on_each_day_what_was_dealt_and_before_and_after_what_they_always_did(session, client):
    appeals = two_appeals(session)
    article = a_story(session)
    trial = a_trial(session, appeals, days=7)
    plan, article_id = trial.plan, article.id

    assert heading(client, "the-ferry") == "Plain"
    seen = []
    for n in range(7):
        pass_to(session, TOMORROW + timedelta(days=n))
        seen.append(heading(client, "the-ferry"))
    dealt = [plan.arm(article_id, TOMORROW + timedelta(days=n)) for n in range(7)]
    assert seen == [("Plain", "Warm")[arm] for arm in dealt]
    assert {"Plain", "Warm"} == set(seen)
    pass_to(session, TOMORROW + timedelta(days=7))
    assert heading(client, "the-ferry") == "Plain"


def test_the_bytes_are_the_same_for_everybody_all_day(session, client, app):
    a_trial(session, [*two_appeals(session)], hold_back=20)
    a_story(session)
    pass_to(session, TOMORROW)

    first = client.get("/articles/the-ferry")
    others = [app.test_client().get("/articles/the-ferry") for _reader in range(3)]
    assert {one.data for one in others} == {first.data}
    assert "Set-Cookie" not in first.headers


def test_on_a_hold_back_day_nobody_is_asked_and_gifts_are_credited_all_the_same(session, client):
    appeals = two_appeals(session)
    article_id = a_story(session).id
    plan = a_trial(session, appeals, days=14, hold_back=50).plan
    held = next(n for n in range(14) if plan.arm(article_id, TOMORROW + timedelta(days=n)) == HOLD_BACK)
    for n in range(held + 1):
        pass_to(session, TOMORROW + timedelta(days=n))

    page = words(client.get("/articles/the-ferry"))
    without = session.scalars(
        select(Showing.public_id).filter_by(article_id=article_id, appeal_id=None)
    ).one()
    assert "appeal-heading" not in page
    assert f'data-slot="{without}"' in page  # the place is counted as on other days
    assert f"appeal={without}" in page  # and the page's own way to /support carries the slot


def test_at_midnight_just_the_pages_that_change_are_made_anew(session):
    appeals = two_appeals(session)
    ids = [a_story(session, f"Story {n}").id for n in range(8)]
    a_story(session, "Sensitive", is_sensitive=True)
    a_story(session, "Пором", language="uk")
    plan = a_trial(session, appeals).plan
    pass_to(session, TOMORROW)
    known = session.scalar(select(PageChange.id).order_by(PageChange.id.desc()).limit(1)) or 0

    pass_to(session, TOMORROW + timedelta(days=1))

    changed = set(session.scalars(select(PageChange.key).where(PageChange.id > known)))
    turned = {
        n
        for n, key in enumerate(ids)
        if plan.arm(key, TOMORROW) != plan.arm(key, TOMORROW + timedelta(days=1))
    }
    assert len(turned) > 0
    assert {key for key in changed if not key.endswith("/embed/appeal")} == {
        f"{page}/story-{n}" for n in turned for page in ("/articles", "/embed/appeal")
    }


def test_an_article_takes_part_only_where_each_appeal_may_stand(session, client):
    plain, warm = two_appeals(session)
    only_land = {"sections_in": ["land"]}
    warm.rules = only_land
    session.commit()
    a_story(session, "Within", section="land")
    a_story(session, "Without", section="people")
    a_trial(session, [plain, warm], hold_back=50)

    seen: dict[str, set[str | None]] = {"within": set(), "without": set()}
    for n in range(4):
        pass_to(session, TOMORROW + timedelta(days=n))
        for slug, shown in seen.items():
            shown.add(heading(client, slug))
    assert seen["without"] == {"Plain"}
    assert None in seen["within"]  # half of its days nobody is asked


def test_a_story_published_in_the_midst_takes_part_at_once(session, client):
    appeals = two_appeals(session)
    plan = a_trial(session, appeals).plan
    pass_to(session, TOMORROW)
    a_story(session, "Later")

    article_id = session.scalars(select(Article.id).filter_by(slug="later")).one()
    assert heading(client, "later") == ("Plain", "Warm")[plan.arm(article_id, TOMORROW)]


def test_a_worker_that_slept_makes_up_for_the_days(session, client):
    appeals = two_appeals(session)
    a_story(session)
    public_id = a_trial(session, appeals, days=7).public_id

    pass_to(session, TOMORROW + timedelta(days=9))

    trial = the_trial(session, public_id)
    assert trial.state(TOMORROW + timedelta(days=9)) is TrialState.ENDED
    assert (trial.ended_early, str(trial.ended_at)) == (
        False,
        "2026-11-29 22:00:00+00:00",
    )  # midnight in Kyiv
    assert [e.action for e in session.scalars(select(AuditEntry).order_by(AuditEntry.id))][-2:] == [
        "trial.scheduled",
        "trial.ended",
    ]


def test_a_language_has_one_trial_at_a_time(session):
    appeals = two_appeals(session)
    a_trial(session, appeals)

    with pytest.raises(TrialOpenError):
        a_trial(session, appeals)
    session.rollback()
    other = [an_appeal(session, name, language="uk") for name in ("Просто", "Тепло")]
    assert a_trial(session, other).id  # another language has its own


@pytest.mark.parametrize(
    "unfit",
    [
        {"is_on": False},
        {"language": "uk"},
        {"last_day": TOMORROW},
        {"first_day": TOMORROW + timedelta(days=1)},
    ],
)
def test_every_appeal_must_stand_on_every_day(session, unfit):
    plain, warm = two_appeals(session)
    for name, value in unfit.items():
        setattr(warm, name, value)
    session.commit()

    with pytest.raises(VariantError) as refused:
        a_trial(session, [plain, warm])
    assert refused.value.names == ("Warm",)


def test_a_trial_begins_tomorrow_at_the_earliest(session, clock):
    appeals = two_appeals(session)
    clock.move(timedelta(days=1))

    with pytest.raises(TrialStateError):
        a_trial(session, appeals)


def test_an_appeal_stays_as_it_is_while_it_is_tried_out(session):
    plain, warm = two_appeals(session)
    trial = a_trial(session, [plain, warm])
    told = {name: getattr(warm, name) for name in ("name", "language", "heading", "body", "highlight")}
    changed = managing.Words(**told, suggested_amounts={}, is_on=False)

    with pytest.raises(OnTrialError):
        managing.change(session, warm, changed, **BY)
    trying.end(session, trial, **BY)
    managing.change(session, warm, changed, **BY)
    assert not warm.is_on


def test_ended_by_hand_the_pages_go_back_at_once(session, client):
    appeals = two_appeals(session)
    article_id = a_story(session).id
    trial = a_trial(session, appeals, days=14)
    plan, public_id = trial.plan, trial.public_id
    warm_day = next(n for n in range(14) if plan.arm(article_id, TOMORROW + timedelta(days=n)) == 1)
    for n in range(warm_day + 1):
        pass_to(session, TOMORROW + timedelta(days=n))
    assert heading(client, "the-ferry") == "Warm"

    trying.end(session, the_trial(session, public_id), **BY)
    session.commit()
    assert heading(client, "the-ferry") == "Plain"
    pass_to(session, TOMORROW + timedelta(days=warm_day + 1))  # its next midnight finds nothing to do
    assert heading(client, "the-ferry") == "Plain"
    with pytest.raises(TrialStateError):
        trying.end(session, the_trial(session, public_id), **BY)


def test_articles_of_other_sites_take_no_part_and_those_here_show_the_same_there(session, client):
    appeals = two_appeals(session)
    article = a_story(session)
    trial = a_trial(session, appeals, days=7)
    plan, article_id = trial.plan, article.id

    for n in range(7):
        pass_to(session, TOMORROW + timedelta(days=n))
        arm = plan.arm(article_id, TOMORROW + timedelta(days=n))
        assert "Plain" in words(client.get("/embed/appeal"))
        assert ("Plain", "Warm")[arm] in words(client.get("/embed/appeal/the-ferry"))


def test_while_a_trial_runs_staff_read_what_stands_where_and_why_an_appeal_stays_as_it_is(session, as_, ada):
    appeals = two_appeals(session)
    article = a_story(session)
    trial = a_trial(session, appeals, days=40, hold_back=25)
    days = [TOMORROW + timedelta(days=n) for n in range(40)]
    dealt = {trial.plan.arm(article.id, day): day for day in days}

    for arm, told in ((0, ">Plain</a>"), (1, ">Warm</a>"), (HOLD_BACK, "for the sake of a trial.")):
        pass_to(session, dealt[arm])
        assert told in words(as_(ada).get("/staff/appeals/stories"))
    pass_to(session, dealt[1])
    listed = words(as_(ada).get("/staff/appeals"))
    assert listed.count("On trial") == 2
    assert "Today: Under 1 story of 1." in listed
    assert "one of higher priority stands" not in listed
    page = words(as_(ada).get(f"/staff/appeals/{appeals[0].public_id}"))
    assert "It is being tried out" in page
    assert not re.search(r"<button[^>]*> ?Save ?</button>", page)

    trying.end(session, the_trial(session, trial.public_id), **BY)
    session.commit()
    page = words(as_(ada).get(f"/staff/appeals/{appeals[0].public_id}"))
    assert "It is being tried out" not in page
    assert re.search(r"<button[^>]*> ?Save ?</button>", page)
