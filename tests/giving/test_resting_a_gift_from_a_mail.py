"""Care links that pause a gift or skip a payment: one mail for each use, and an undo that restores exactly what was."""

from typing import Any

import pytest

from membership.giving.models import CareActKind
from tests.giving.caring import LINK, Carer, carer, carer_of
from tests.giving.sandboxed import Account, account, hear

__all__ = ["account", "carer", "hear"]
REST = ("pause_collection", "trial_end", "cancel_at", "cancel_at_period_end")


@pytest.fixture
def yearly(account: Account, client, session, hear) -> Carer:
    """Olena, who gives 60.00 EUR a year."""
    return carer_of(account, client, session, hear, amount="60", interval="year")


def state(carer: Carer) -> tuple[Any, ...]:
    """All that decides when and how much is charged."""
    at_stripe = carer.at_stripe()
    item = at_stripe["items"]["data"][0]
    return (*(at_stripe[name] for name in REST), item["current_period_end"], item["price"]["unit_amount"])


def mailed(carer: Carer, hear, path: str, act: CareActKind | str, **typed: str) -> str:
    """Use a link; gives the kind of the one mail that tells of it."""
    before = len(carer.mails())
    answer = carer.do(path, act, **typed)
    assert answer.status_code == 303, answer.text
    hear()
    new = carer.mails()[before:]
    assert len(new) == 1
    assert "Put it back exactly as it was" in new[0].text
    assert LINK.findall(new[0].text) == LINK.findall(new[0].html)
    return new[0].kind


@pytest.mark.parametrize(
    ("act", "typed", "told"),
    [("pause", {"months": "3"}, "gift_paused"), ("skip", {}, "payment_skipped")],
)
def test_a_rest_is_mailed_once_with_its_undo_and_the_undo_restores_what_was(
    carer: Carer, hear, act: str, typed: dict[str, str], told: str
):
    before = state(carer)

    path = carer.links("welcome")[0]
    assert mailed(carer, hear, path, act, **typed) == f"giving/{told}"
    rested = state(carer)
    assert rested[0]["behavior"] == "void"
    assert "until" in carer.browser.get(path).text or "next charge is on" in carer.browser.get(path).text

    assert mailed(carer, hear, carer.links(told)[0], "undo") == "giving/gift_resumed"
    assert state(carer) == before

    assert mailed(carer, hear, carer.links("gift_resumed")[0], "undo") == f"giving/{told}"
    assert state(carer) == rested
    assert len(carer.account.sandbox.all("charge")) == 1


def test_a_yearly_gift_that_was_paused_is_charged_on_its_old_day_again(yearly: Carer, hear):
    page = yearly.browser.get(yearly.links("welcome")[0]).text
    due_at = state(yearly)[4]
    assert 'value="skip"' not in page

    mailed(yearly, hear, yearly.links("welcome")[0], "pause", months="6")
    assert state(yearly)[4] > due_at
    mailed(yearly, hear, yearly.links("gift_paused")[0], "undo")

    assert state(yearly)[4] == due_at
    assert len(yearly.account.sandbox.all("charge")) == 1


def test_once_a_pause_has_begun_no_link_from_a_mail_makes_a_charge(carer: Carer, hear):
    mailed(carer, hear, carer.links("welcome")[0], "pause", months="3")
    undo, care = carer.links("gift_paused")
    carer.account.sandbox.advance("40 days")
    hear()

    page = carer.browser.get(care).text
    assert "sign in, since it is charged at once" in page
    assert 'value="resume"' not in page
    assert "nothing left to do" in carer.browser.get(undo).text
    for path, act in ((undo, "undo"), (care, "resume")):
        assert carer.browser.post(path, data={"act": act}).status_code == 422
    assert len(carer.account.sandbox.all("charge")) == 1


@pytest.mark.parametrize("months", ["0", "7", "-1", "abc"])
def test_a_pause_takes_one_to_six_months(carer: Carer, months: str):
    (path,) = carer.links("welcome")

    assert carer.do(path, "pause", months=months).status_code == 422
    assert state(carer)[0] is None
    assert carer.browser.get(path).status_code == 200  # not used up


def test_before_a_pause_begins_the_newest_mail_lets_the_gift_go_on(carer: Carer, hear):
    before = state(carer)
    mailed(carer, hear, carer.links("welcome")[0], "pause", months="2")
    mailed(carer, hear, carer.links("gift_paused")[1], "resume")

    assert state(carer) == before
    mailed(carer, hear, carer.links("gift_resumed")[0], "undo")
    assert state(carer)[0] is not None


def test_a_pause_whose_answer_was_lost_is_mailed_once_with_its_undo(carer: Carer, hear):
    before = len(carer.mails())
    carer.account.sandbox.faults.add("cut_after", path="/v1/subscriptions", method="POST", times=3)
    assert carer.do(carer.links("welcome")[0], "pause", months="1").status_code == 503
    carer.account.sandbox.faults.clear()
    hear()

    (told,) = carer.mails()[before:]
    assert (told.kind, "Put it back exactly as it was" in told.text) == ("giving/gift_paused", True)


def test_a_pause_that_has_since_been_set_to_end_is_not_taken_back(carer: Carer, hear):
    mailed(carer, hear, carer.links("welcome")[0], "pause", months="3")
    undo, care = carer.links("gift_paused")
    mailed(carer, hear, care, "cancel")

    assert carer.browser.post(undo, data={"act": "undo"}).status_code == 422
    mailed(carer, hear, carer.links("gift_canceled")[0], "undo")
    assert state(carer)[0] is not None
    mailed(carer, hear, undo, "undo")
    assert state(carer)[0] is None
