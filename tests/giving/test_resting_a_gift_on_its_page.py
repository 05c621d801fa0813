"""Pause, skip, step down, switch on a patron's page: each says first what is charged and when, and does just that."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from membership import clock
from membership.giving import resting
from membership.giving.models import OutgoingCall, Subscription
from membership.mail.models import OutgoingMail
from membership.newsroom.models import DueRow
from membership.web import filters
from tests.giving.sandboxed import account, hear
from tests.giving.signed_in import Giver, giver, yearly_giver

__all__ = ["account", "giver", "hear", "yearly_giver"]


def due_at(giver: Giver):
    """When the gift's next charge falls due, as our books have it."""
    giver.session.rollback()
    row = giver.session.scalars(select(Subscription)).one()
    assert row.period_ends_at is not None
    return row.period_ends_at


def day(giver: Giver, months: int = 0) -> str:
    """The day of the charge so many months after the one that is due, as pages write it."""
    return filters.day(resting.charge_after(due_at(giver), months))


def text(giver: Giver, kind: str) -> str:
    """The text of the only mail of a kind."""
    giver.session.rollback()
    return giver.session.scalars(select(OutgoingMail).filter_by(kind=f"giving/{kind}")).one().text


def notices(giver: Giver) -> list[tuple[str, timedelta]]:
    """The notices that wait: their kind, and how long from now."""
    giver.session.rollback()
    rows = giver.session.scalars(
        select(DueRow).where(DueRow.kind.like("giving.%_charge")).order_by(DueRow.at)
    )
    return [(row.kind, row.at - clock.now()) for row in rows]


def test_the_page_offers_each_thing_that_can_be_done(giver: Giver):
    page = giver.page()

    for what in ("amount", "interval", "pause", "skip", "card", "cancellation"):
        assert giver.path(what) in page


def test_a_pause_says_the_day_of_the_next_charge_for_each_length(giver: Giver):
    page = giver.browser.get(giver.path("pause")).text

    for months in range(1, 7):
        assert f"next charge €5.00 on {day(giver, months)}" in page
    assert "Nothing is charged today." in page


def test_a_paused_gift_says_so_is_mailed_and_announced(giver: Giver, hear):
    ends = day(giver, 3)
    answer = giver.do("pause", months="3")
    hear()

    page = giver.page()
    assert answer.status_code == 303
    assert f"Nothing is charged until {ends}" in page
    assert "paused" in page
    assert giver.path("pause") not in page
    assert giver.mails("gift_paused") == ["Your gift is paused"]
    assert ends in text(giver, "gift_paused")
    ((kind, wait),) = notices(giver)
    assert kind == "giving.resumed_charge"
    assert timedelta(days=108) < wait < timedelta(days=117)


def test_seven_days_before_it_goes_on_a_paused_patron_is_told_and_nothing_else(giver: Giver, hear):
    giver.do("pause", months="2")
    hear()
    before = len(giver.session.scalars(select(OutgoingMail)).all())
    for _step in range(25):
        giver.account.sandbox.advance("4 days")
        hear()

    giver.session.rollback()
    later = giver.session.scalars(select(OutgoingMail.kind).order_by(OutgoingMail.id)).all()[before:]
    assert later[:2] == ["giving/gift_resumes", "giving/receipt"]
    assert "giving/gift_resumed" not in later
    assert "giving/membership_ended" not in later


@pytest.mark.parametrize("months", ["0", "7", "-1", "many", "1.5"])
def test_a_pause_of_another_length_is_not_taken(giver: Giver, months: str):
    assert giver.do("pause", months=months).status_code == 422
    assert giver.session.scalars(select(OutgoingCall).filter_by(kind="subscription.pause")).all() == []


def test_a_double_click_pauses_once_and_mails_once(giver: Giver, hear):
    page = giver.browser.get(giver.path("pause")).text
    fields = dict(re.findall(r'name="(csrf_token|request)"[^>]*value="([^"]+)"', page))
    assert set(fields) == {"csrf_token", "request"}
    giver.account.sandbox.advance(2)
    for _click in range(2):
        answer = giver.browser.post(giver.path("pause"), data={**fields, "months": "2"})
        assert answer.status_code == 303
    hear()

    assert len(giver.session.scalars(select(OutgoingCall).filter_by(kind="subscription.pause")).all()) == 1
    assert len(giver.mails("gift_paused")) == 1


def test_going_on_before_the_pause_begins_charges_on_the_old_day(giver: Giver, hear):
    first = day(giver)
    giver.do("pause", months="3")
    hear()
    page = giver.browser.get(giver.path("resumption")).text
    giver.do("resumption")
    hear()

    assert f"On {first}" in page
    assert f"Next charge: €5.00 on {first}." in giver.page()
    assert giver.mails("gift_resumed") == ["Your gift goes on"]
    assert len(giver.account.sandbox.all("charge")) == 1


def test_going_on_in_the_midst_of_a_pause_names_the_amount_on_the_button(giver: Giver, hear):
    giver.do("pause", months="4")
    hear()
    giver.account.sandbox.advance("50 days")
    hear()
    page = giver.browser.get(giver.path("resumption")).text
    answer = giver.do("resumption")
    hear()

    assert "Pay €5.00 now and let it go on" in page
    assert answer.status_code == 303
    assert len(giver.account.sandbox.all("charge")) == 2
    assert "You are a patron." in giver.page()


def _press_twice(giver: Giver, hear, **typed: str) -> list[int]:
    """Open the form once and send it twice, a day apart; gives the statuses."""
    page = giver.browser.get(giver.path("resumption")).text
    fields = dict(re.findall(r'name="(csrf_token|request|undoes)"[^>]*value="([^"]+)"', page))
    assert set(fields) == {"csrf_token", "request", "undoes"}
    statuses = []
    for _press in range(2):
        giver.account.sandbox.advance("1 day")
        statuses.append(giver.browser.post(giver.path("resumption"), data=fields | typed).status_code)
        hear()
    return statuses


def test_s04_taking_back_the_end_of_a_paused_gift_twice_never_ends_its_pause(giver: Giver, hear):
    giver.do("pause", months="4")
    hear()
    giver.account.sandbox.advance("50 days")  # what is paid has run out: to go on would be charged at once
    hear()
    giver.do("cancellation")
    hear()

    assert "Nothing is charged today." in giver.browser.get(giver.path("resumption")).text
    assert _press_twice(giver, hear) == [303, 303]

    stripes = giver.at_stripe()
    assert (stripes["cancel_at_period_end"], stripes["cancel_at"]) == (False, None)
    assert stripes["pause_collection"] is not None
    assert "Nothing is charged until" in giver.page()
    assert len(giver.account.sandbox.all("charge")) == 1
    assert len(giver.mails("gift_resumed")) == 1


def test_s04_taking_back_an_end_twice_leaves_the_skipped_payment_skipped(giver: Giver, hear):
    second = day(giver, 1)
    giver.do("skip")
    hear()
    giver.do("cancellation")
    hear()

    assert _press_twice(giver, hear) == [303, 303]

    assert f"Next charge: €5.00 on {second}." in giver.page()
    assert len(giver.mails("gift_resumed")) == 1


def test_s04_going_on_twice_after_an_end_is_once(giver: Giver, hear):
    giver.do("cancellation")
    hear()

    assert _press_twice(giver, hear) == [303, 303]

    assert "Next charge: €5.00 on" in giver.page()
    assert len(giver.account.sandbox.all("charge")) == 1
    assert len(giver.mails("gift_resumed")) == 1


def test_s04_a_form_that_undoes_what_nobody_knows_is_refused(giver: Giver, hear):
    giver.do("cancellation")
    hear()

    assert giver.do("resumption", undoes="everything").status_code == 422
    assert giver.at_stripe()["cancel_at_period_end"] is True


def test_s04_a_form_about_a_pause_takes_back_no_end_that_came_since(giver: Giver, hear):
    giver.do("pause", months="4")
    hear()
    giver.do("cancellation")
    hear()

    answer = giver.do("resumption", undoes="pause")

    assert answer.status_code == 422
    assert "It is paused again, as it was before you ended it." in answer.text
    assert giver.at_stripe()["cancel_at_period_end"] is True


def test_a_card_that_is_declined_then_is_told_with_the_way_to_mend_it(giver: Giver, hear):
    giver.do("pause", months="4")
    hear()
    giver.account.sandbox.advance("50 days")
    hear()
    giver.account.use_card(giver.at_stripe()["customer"], "pm_card_chargeCustomerFail")
    card = giver.account.sandbox.all("payment_method")[0]["id"]
    giver.account.client.v1.subscriptions.update(giver.subscription_id, {"default_payment_method": card})
    hear()
    answer = giver.do("resumption")

    assert answer.status_code == 422
    assert "The bank has said no" in answer.text
    assert giver.path("card") in answer.text
    assert giver.at_stripe()["pause_collection"] is not None


def test_a_skipped_payment_says_both_days_and_keeps_the_patron_one(giver: Giver, hear):
    first, second = day(giver), day(giver, 1)
    page = giver.browser.get(giver.path("skip")).text
    answer = giver.do("skip")
    hear()

    assert first in page
    assert second in page
    assert "After this one there is one more." in page
    assert answer.status_code == 303
    shown = giver.page()
    assert f"The payment of {first} is skipped." in shown
    assert f"Next charge: €5.00 on {second}." in shown
    assert giver.mails("payment_skipped") == ["One payment is skipped"]
    assert first in text(giver, "payment_skipped")
    assert second in text(giver, "payment_skipped")
    giver.account.sandbox.advance("45 days")
    hear()
    assert "You are a patron." in giver.page()
    assert len(giver.account.sandbox.all("charge")) == 1


def test_a_skip_can_be_taken_back_until_it_was_due(giver: Giver, hear):
    first = day(giver)
    giver.do("skip")
    hear()
    giver.do("resumption")
    hear()

    assert f"Next charge: €5.00 on {first}." in giver.page()
    assert giver.mails("gift_resumed") == ["Your gift goes on"]


def test_a_yearly_gift_is_paused_rather_than_skipped(yearly_giver: Giver, hear):
    refused = yearly_giver.browser.get(yearly_giver.path("skip")).text
    later = day(yearly_giver, 5)
    yearly_giver.do("pause", months="5")
    hear()

    assert "A yearly payment is not skipped whole" in refused
    assert f"Nothing is charged until {later}" in yearly_giver.page()


def test_a_step_down_names_the_amount_on_its_button(giver: Giver, hear):
    page = giver.browser.get(giver.path("step-down")).text
    answer = giver.do("step-down")
    hear()

    assert "Give €3.00 every month" in page
    assert answer.status_code == 303
    assert f"Next charge: €3.00 on {day(giver)}." in giver.page()
    assert giver.mails("amount_changed") == ["Your gift is now €3.00 every month"]


def test_from_monthly_to_yearly_nothing_is_charged_before_what_is_paid_ends(giver: Giver, hear):
    first = day(giver)
    page = giver.browser.get(giver.path("interval")).text
    answer = giver.do("interval", amount="60")
    hear()

    assert 'value="60.00"' in page
    assert f"What you have paid reaches until {first}." in page
    assert answer.status_code == 303
    assert f"Next charge: €60.00 on {first}." in giver.page()
    assert len(giver.account.sandbox.all("charge")) == 1
    assert giver.mails("interval_changed") == ["Your gift is now €60.00 every year"]
    assert "from €5.00 every month to €60.00 every year" in text(giver, "interval_changed")


def test_an_amount_too_small_for_the_other_interval_changes_nothing(giver: Giver):
    answer = giver.do("interval", amount="5")

    assert answer.status_code == 422
    assert "The smallest yearly gift is €10.00." in answer.text
    assert giver.session.scalars(select(OutgoingCall).filter_by(kind="subscription.switch")).all() == []


def test_two_weeks_before_a_yearly_charge_its_giver_is_told(yearly_giver: Giver, hear):
    charged = day(yearly_giver)
    ((kind, wait),) = notices(yearly_giver)
    assert kind == "giving.yearly_charge"
    assert timedelta(days=350) < wait < timedelta(days=353)
    yearly_giver.account.sandbox.advance("350 days")
    hear()
    assert yearly_giver.mails("yearly_charge_ahead") == []

    yearly_giver.account.sandbox.advance("2 days")
    hear()

    assert yearly_giver.mails("yearly_charge_ahead") == [f"Your yearly gift is charged on {charged}"]
    assert "€60.00" in text(yearly_giver, "yearly_charge_ahead")


def test_whoever_has_canceled_gets_no_notice(yearly_giver: Giver, hear):
    yearly_giver.do("cancellation")
    hear()
    yearly_giver.account.sandbox.advance("360 days")
    hear()

    assert yearly_giver.mails("yearly_charge_ahead") == []


def test_ending_offers_pause_skip_and_less_once_beside_each_other(giver: Giver):
    page = giver.browser.get(giver.path("cancellation")).text

    ways = page.partition("Or one of these instead")[2]
    assert [way for way in ("pause", "skip", "step-down") if giver.path(way) in ways] == [
        "pause",
        "skip",
        "step-down",
    ]
    assert "End my gift" in page.partition("Or one of these instead")[0]


def test_ended_from_a_pause_and_back_it_is_paused_as_before(yearly_giver: Giver, hear):
    first, later = day(yearly_giver), day(yearly_giver, 2)
    yearly_giver.do("pause", months="2")
    hear()
    yearly_giver.do("cancellation")
    hear()
    assert f"It ends on {first}." in yearly_giver.page()

    page = yearly_giver.browser.get(yearly_giver.path("resumption")).text
    yearly_giver.do("resumption")
    hear()

    assert "It is paused again, as it was before you ended it." in page
    assert f"Nothing is charged until {later}" in yearly_giver.page()


def test_what_rests_already_cannot_be_moved_again(giver: Giver, hear):
    giver.do("skip")
    hear()

    for what in ("pause", "interval"):
        assert "is being skipped already" in giver.browser.get(giver.path(what)).text
        assert giver.browser.post(giver.path(what), data={"months": "2", "amount": "60"}).status_code == 422
