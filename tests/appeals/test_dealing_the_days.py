"""Which variant an article shows on which day: balanced, the same everywhere, bound to no weekday and no article."""

import subprocess
import sys
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from membership.appeals.assigning import HOLD_BACK, Plan

MONDAY = date(2026, 11, 2)


def days(count, plan, article=7):
    return [plan.arm(article, MONDAY + timedelta(days=n)) for n in range(count)]


def test_in_each_block_of_an_article_every_variant_comes_as_often_as_its_share_says():
    plan = Plan("s", MONDAY, 2, 20)

    dealt = days(50, plan)
    assert {tuple(sorted(dealt[n : n + 5])) for n in range(0, 50, 5)} == {(HOLD_BACK, 0, 0, 1, 1)}
    assert len({tuple(dealt[n : n + 5]) for n in range(0, 50, 5)}) > 3  # and in changing order


@pytest.mark.parametrize(
    ("variants", "hold_back", "length"), [(2, 0, 2), (3, 0, 3), (2, 10, 20), (3, 10, 10), (3, 25, 4)]
)
def test_a_block_is_as_short_as_the_shares_allow(variants, hold_back, length):
    block = Plan("s", MONDAY, variants, hold_back).block

    assert len(block) == length
    assert block.count(HOLD_BACK) * 100 == hold_back * length
    assert len({block.count(arm) for arm in range(variants)}) == 1


def test_over_many_articles_every_day_and_weekday_is_shared_alike():
    plan = Plan("any", MONDAY, 2, 0)

    by_day = [
        Counter(plan.arm(article, MONDAY + timedelta(days=n)) for article in range(2_000)) for n in range(7)
    ]
    assert all(abs(counted[0] - 1_000) < 112 for counted in by_day)  # five deviations of a fair coin
    together = Counter((plan.arm(a, MONDAY), plan.arm(a + 1, MONDAY)) for a in range(4_000))
    assert all(
        abs(count - 1_000) < 140 for count in together.values()
    )  # neighbors tell nothing of each other


def test_the_same_deal_comes_out_on_every_machine():
    plan = Plan("k3v9", MONDAY, 3, 10)
    told = "".join("-012"[arm + 1] for arm in days(30, plan, article=42))

    asked = (
        "from datetime import date, timedelta; from membership.appeals.assigning import Plan;"
        "p = Plan('k3v9', date(2026, 11, 2), 3, 10);"
        "print(''.join('-012'[p.arm(42, p.first_day + timedelta(days=n)) + 1] for n in range(30)))"
    )
    other = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == told == DEALT


DEALT = "0-02112021221100-201112-020021"
"""Written down once: a release that dealt otherwise would turn the pages of a running trial."""


@given(
    st.text(max_size=8),
    st.integers(1, 10**12),
    st.integers(2, 4),
    st.sampled_from([0, 10, 20, 25, 50]),
    st.integers(0, 400),
)
def test_any_deal_gives_one_of_the_variants_or_the_hold_back(seed, article, variants, hold_back, day):
    arm = Plan(seed, MONDAY, variants, hold_back).arm(article, MONDAY + timedelta(days=day))

    assert arm in range(variants) or (arm == HOLD_BACK and hold_back)


def test_another_seed_deals_anew():
    assert days(40, Plan("one", MONDAY, 2, 0)) != days(40, Plan("two", MONDAY, 2, 0))
