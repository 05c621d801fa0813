"""Staff's pages of trials: set up by editors, read by all staff; nothing by appeal before the end, then all of it."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from membership.appeals import concluding
from membership.appeals.assigning import HOLD_BACK
from membership.appeals.totals import DailyGifts
from membership.appeals.trials import Trial
from tests.appeals.newsroom import TOMORROW, a_trial, count, give, pass_to, the_trial, two_appeals
from tests.articles.stories import a_newsroom, a_story, words

NEW = "/staff/appeals/trials/new"


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


def filled(appeals, **more):
    return {
        "name": "Plain or warm",
        "first": appeals[0].public_id,
        "others": [appeals[1].public_id],
        "first_day": "2026-11-23",
        "last_day": "2026-12-20",
        "hold_back": "10",
        **more,
    }


def lived(session, *, gifts=(6, 9), days=14, hold_back=0) -> str:
    """A trial over six articles that is over and concluded; `gifts` a day under each appeal. Gives its public id."""
    appeals = two_appeals(session)
    ids = [a_story(session, f"Story {n}").id for n in range(6)]
    trial = a_trial(session, appeals, days=days, hold_back=hold_back)
    plan, public_id = trial.plan, trial.public_id
    for article_id in ids:
        for n in range(days):
            day = TOMORROW + timedelta(days=n)
            arm = plan.arm(article_id, day)
            shown = None if arm == HOLD_BACK else appeals[arm]
            count(session, article_id, shown, day, shown=1_000)
            give(session, article_id, shown, day, gifts=1 if arm == HOLD_BACK else gifts[arm] + n % 2)
    session.commit()
    pass_to(session, TOMORROW + timedelta(days=days + 1), hour=1)
    concluding.conclude_all(session)
    return public_id


def page(browser, public_id, ending=""):
    return browser.get(f"/staff/appeals/trials/{public_id}{ending}")


def test_an_editor_sets_up_a_trial_and_all_staff_may_read_it(session, as_, ada, ben):
    appeals = two_appeals(session)
    answer = as_(ada).post(NEW, data=filled(appeals))

    (trial,) = session.scalars(select(Trial))
    assert (answer.status_code, answer.location) == (303, f"/staff/appeals/trials/{trial.public_id}")
    assert (trial.language, str(trial.first_day), trial.hold_back) == ("en", "2026-11-23", 10)
    read = words(page(as_(ben), trial.public_id))
    assert "Not begun yet" in read
    assert "End it now" not in read
    assert as_(ben).get(NEW).status_code == 403


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"name": ""}, "Give it a name"),
        ({"others": []}, "Choose at least one appeal"),
        ({"first_day": "2026-11-22"}, "begin tomorrow at the earliest"),
        ({"last_day": "2026-11-24"}, "7 days at least"),
        ({"last_day": "2027-12-24"}, "180 at most"),
        ({"hold_back": "60"}, "Not a valid choice"),
        ({"first": "nothing"}, "Not a valid choice"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_set_up(session, as_, ada, wrong, told):
    answer = as_(ada).post(NEW, data=filled(two_appeals(session), **wrong))

    assert answer.status_code == 422
    assert told in words(answer)
    assert session.scalars(select(Trial)).all() == []


def test_an_appeal_is_not_tried_out_against_itself_and_one_trial_is_open_at_a_time(session, as_, ada):
    appeals = two_appeals(session)
    browser: Any = as_(ada)
    itself = browser.post(NEW, data=filled(appeals, others=[appeals[0].public_id]))
    assert "cannot be tried out against itself" in words(itself)
    a_trial(session, appeals)

    answer = browser.post(NEW, data=filled(appeals))
    assert answer.status_code == 422
    assert "Another trial of this language has not ended" in words(answer)


def test_while_it_runs_only_sums_over_all_appeals_are_shown(session, as_, ben):
    appeals = two_appeals(session)
    article_id = a_story(session).id
    public_id = a_trial(session, appeals).public_id
    count(session, article_id, appeals[0], TOMORROW, shown=40)
    count(session, article_id, appeals[1], TOMORROW, shown=2)
    give(session, article_id, appeals[1], TOMORROW, gifts=3)
    session.commit()
    pass_to(session, TOMORROW)
    browser = as_(ben)

    shown = words(page(browser, public_id))
    assert re.findall(r'class="figure-value"> (\S+) <', shown) == ["42", "0", "3", "1"]
    assert "Nothing is said before the end" in shown
    assert "100 are needed" in shown
    for ending in ("/results.csv", "/days.csv"):
        assert page(browser, public_id, ending).status_code == 404


def test_after_the_last_day_it_waits_a_day_for_payments_and_is_concluded_once(session, as_, ben):
    public_id = a_trial(session, two_appeals(session), days=7).public_id
    pass_to(session, TOMORROW + timedelta(days=7), hour=23)
    concluding.conclude_all(session)
    assert the_trial(session, public_id).concluded_at is None
    assert "Waits for its figures" in words(page(as_(ben), public_id))

    pass_to(session, TOMORROW + timedelta(days=8), hour=1)
    assert concluding.conclude_all(session) == 1
    assert concluding.conclude_all(session) == 0
    assert the_trial(session, public_id).concluded_at is not None


def test_a_better_appeal_is_said_to_be_better_with_interval_and_method(session, as_, ben):
    public_id = lived(session)
    shown = words(page(as_(ben), public_id))

    assert "“Warm” brings more gifts" in shown
    assert re.search(r"lies between \+\d+% and \+\d+%", shown)
    assert "drawing the lots again, 4,000 times" in shown
    assert "Readers without scripts are not counted" in shown
    (result,) = [
        one for one in the_trial(session, public_id).result["comparisons"] if one["measure"] == "gifts"
    ]
    assert result["low"] < 9.5 / 6.5 < result["high"]


def test_alike_appeals_are_said_not_to_differ(session, as_, ben):
    alike = lived(session, gifts=(5, 5))

    assert "“Warm”: no difference found" in words(page(as_(ben), alike))


def test_with_few_gifts_it_says_not_enough_yet(session, as_, ben):
    public_id = lived(session, gifts=(0, 1), days=14)
    shown = words(page(as_(ben), public_id))

    assert "“Warm”: not enough yet" in shown
    assert "with fewer than 100 nothing can be said" in shown
    assert "brings more" not in shown


def test_the_hold_back_is_compared_by_the_same_rule(session, as_, ben):
    public_id = lived(session, gifts=(8, 8), hold_back=50)
    shown = words(page(as_(ben), public_id))

    assert "Days without an appeal bring fewer gifts" in shown
    assert "“Warm”: no difference found" in shown


def test_the_files_beside_it_add_up_to_the_page(session, as_, ben):
    public_id = lived(session)
    browser = as_(ben)
    results = list(
        csv.DictReader(io.StringIO(page(browser, public_id, "/results.csv").text.lstrip("\ufeff")))
    )
    days = list(csv.DictReader(io.StringIO(page(browser, public_id, "/days.csv").text.lstrip("\ufeff"))))

    assert [row["variant"] for row in results] == ["Plain", "Warm"]
    for row in results:
        own = [day for day in days if day["variant"] == row["variant"]]
        assert int(row["article_days"]) == len(own)
        assert int(row["gifts"]) == sum(int(day["gifts"]) for day in own)
        assert row["amount_eur"] == f"{sum(int(day['gifts']) for day in own) * 5}.00"


def test_what_changes_later_does_not_change_what_was_concluded(session, as_, ben):
    public_id = lived(session)
    before = page(as_(ben), public_id, "/results.csv").text
    for row in session.scalars(select(DailyGifts)):
        row.gifts, row.amount = 0, 0
    session.commit()

    assert page(as_(ben), public_id, "/results.csv").text == before


def test_ended_by_hand_it_keeps_its_sums_and_concludes_nothing(session, as_, ada):
    appeals = two_appeals(session)
    public_id = a_trial(session, appeals).public_id
    pass_to(session, TOMORROW)
    browser = as_(ada)
    assert "nothing is concluded" in words(page(browser, public_id, "/end"))

    assert page(browser, public_id, "/end").status_code == 200
    answer = browser.post(f"/staff/appeals/trials/{public_id}/end")
    assert answer.status_code == 303
    shown = words(page(browser, public_id))
    assert "Ended early" in shown
    assert "brings more" not in shown
    pass_to(session, TOMORROW + timedelta(days=60))
    assert concluding.conclude_all(session) == 0


def test_an_appeal_on_trial_cannot_be_changed_on_its_page(session, as_, ada):
    appeals = two_appeals(session)
    a_trial(session, appeals)
    address = f"/staff/appeals/{appeals[1].public_id}"
    told = {
        name: getattr(appeals[1], name)
        for name in ("name", "language", "heading", "body", "highlight", "priority")
    } | {"heading": "Warmer", "is_on": "y", "asks_month": "y"}

    answer = as_(ada).post(address, data=told)
    assert answer.status_code == 409
    assert "stays as it is until the trial is over" in words(answer)
    assert 'value="Warmer"' in words(answer)
    session.expire_all()
    assert appeals[1].heading == "Warm"

    pass_to(session, TOMORROW + timedelta(days=60))
    assert as_(ada).post(address, data=told).status_code == 303
    session.expire_all()
    assert appeals[1].heading == "Warmer"
