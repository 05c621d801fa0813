"""When the next charge of a gift that rests falls: calendar months, on the anchor's day."""

import calendar
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from membership.giving import resting
from membership.giving.fields import Thing
from membership.giving.resting import Rest, Told

ANY_DAY = st.dates(date(2024, 1, 1), date(2032, 12, 31))
MONTH_ENDS = ANY_DAY.map(
    lambda day: day.replace(day=min(29 + day.day % 3, calendar.monthrange(day.year, day.month)[1]))
)
TIMES = st.times().map(lambda time: time.replace(microsecond=0))
ANCHORS = st.builds(datetime.combine, MONTH_ENDS | ANY_DAY, TIMES, st.just(UTC))
MONTHS = st.integers(1, 24)


def at(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T09:30:00+00:00")


@given(ANCHORS, MONTHS, MONTHS)
def test_two_moves_come_to_the_same_as_one(anchor, first, second):
    there = resting.charge_after(resting.charge_after(anchor, first, anchor), second, anchor)

    assert there == resting.charge_after(anchor, first + second, anchor)


@given(ANCHORS, MONTHS)
def test_the_day_is_the_anchors_or_the_last_of_a_shorter_month(anchor, months):
    moved = resting.charge_after(anchor, months)
    last = calendar.monthrange(moved.year, moved.month)[1]

    assert moved.day == min(anchor.day, last)
    assert moved.timetz() == anchor.timetz()
    assert (moved.year * 12 + moved.month) - (anchor.year * 12 + anchor.month) == months


@given(ANCHORS, MONTHS)
def test_a_month_is_never_shorter_than_28_days_or_longer_than_31(anchor, months):
    one = resting.charge_after(anchor, months, anchor)
    next_one = resting.charge_after(one, 1, anchor)

    assert timedelta(days=28) <= next_one - one <= timedelta(days=31)
    assert one < resting.collects_again_at(next_one) < next_one


@pytest.mark.parametrize(
    ("charge", "months", "anchor", "wanted"),
    [
        ("2027-01-31", 1, "2027-01-31", "2027-02-28"),
        ("2027-02-28", 1, "2027-01-31", "2027-03-31"),
        ("2028-01-31", 1, "2028-01-31", "2028-02-29"),
        ("2027-04-30", 2, "2027-01-31", "2027-06-30"),
        ("2026-11-30", 3, "2026-10-31", "2027-02-28"),
        ("2028-02-29", 12, "2028-02-29", "2029-02-28"),
        ("2026-12-10", 6, "2026-11-10", "2027-06-10"),
    ],
)
def test_charges_at_the_ends_of_months(charge, months, anchor, wanted):
    assert resting.charge_after(at(charge), months, at(anchor)) == at(wanted)


@given(ANCHORS, st.lists(st.integers(-30, -1), unique=True))
def test_two_payments_at_most_are_skipped_in_any_twelve_months(charge, before):
    skipped = [resting.charge_after(charge, months) for months in before]
    lately = [months for months in before if months > -12]

    assert resting.skips_left(skipped, charge) == max(0, 2 - len(lately))


@given(ANCHORS, st.sampled_from(list(Rest)))
def test_what_stripe_is_told_of_a_monthly_rest_is_what_it_tells_us(charge, rest):
    subscription = Thing(
        "subscription",
        {
            "pause_collection": {
                "behavior": "void",
                "resumes_at": int(resting.collects_again_at(charge).timestamp()),
            },
            "metadata": resting.metadata(rest, charge),
        },
    )

    wanted = Told(skips_to=charge) if rest is Rest.SKIP else Told(is_paused=True, resumes_at=charge)
    assert resting.told(subscription, "active") == wanted


@given(ANCHORS)
def test_a_pause_that_somebody_changed_at_stripe_is_theirs(charge):
    theirs = charge + timedelta(days=40)
    subscription = Thing(
        "subscription",
        {
            "pause_collection": {"behavior": "void", "resumes_at": int(theirs.timestamp())},
            "metadata": resting.metadata(Rest.SKIP, charge),
        },
    )

    assert resting.told(subscription, "active") == Told(is_paused=True, resumes_at=theirs)


@given(ANCHORS)
def test_a_yearly_pause_is_one_only_while_it_waits_for_the_charge_it_names(charge):
    body = {"metadata": resting.metadata(Rest.PAUSE, charge), "trial_end": int(charge.timestamp())}

    assert resting.told(Thing("subscription", body), "trialing") == Told(is_paused=True, resumes_at=charge)
    assert resting.told(Thing("subscription", body), "active") == Told()
    moved = body | {"trial_end": int(charge.timestamp()) - 86_400}
    assert resting.told(Thing("subscription", moved), "trialing") == Told()


@pytest.mark.parametrize("nonsense", ["", "soon", "-5", "9" * 12, "99999999999999999999"])
def test_nonsense_in_the_metadata_is_no_rest_of_ours(nonsense):
    body = {
        "pause_collection": {"behavior": "void", "resumes_at": None},
        "metadata": {"rest": "skip", "rest_until": nonsense},
    }

    assert resting.told(Thing("subscription", body), "active") == Told(is_paused=True)
