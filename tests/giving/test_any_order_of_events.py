"""Events of one life in any order, any number of times: the pure core ends with one state."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.giving import books
from tests.giving.lives import LIVES

ORDERS = 720


@pytest.mark.parametrize("name", LIVES)
def test_all_orders_of_six_events_give_one_state(name):
    told = LIVES[name]()
    opening = books.told_by(told.opening)
    six = [books.told_by([event]) for event in told.six]

    states = {
        books.state(books.fold([*opening, *(fact for facts in order for fact in facts)]))
        for order in permutations(six)
    }

    assert len(six) == 6
    assert len(list(permutations(six))) == ORDERS
    assert len(states) == 1


@given(
    st.sampled_from(sorted(LIVES)),
    st.randoms(use_true_random=False),
    st.lists(st.integers(0, 11), max_size=8),
)
def test_repeated_and_shuffled_events_change_nothing(name, chance, again):
    events = LIVES[name]().life.events
    wanted = books.state(books.fold(books.told_by(events)))
    shuffled = [*events, *(events[number % len(events)] for number in again)]
    chance.shuffle(shuffled)

    assert books.state(books.fold(books.told_by(shuffled))) == wanted


@pytest.mark.parametrize("name", LIVES)
def test_a_life_ends_as_it_should(name):
    told = LIVES[name]()
    found = books.derived(books.fold(books.told_by(told.life.events)))

    movements = [(change.kind.value, change.twelfths) for change in found.movements]
    coverage = [(s.source.value, s.ended_by.value if s.ended_by else "") for s in found.coverage]

    assert (movements, coverage) == EXPECTED[name]


NEW = ("new", 6000)
RENEWING = ("renewing", "")
EXPECTED = {
    "monthly_start": ([NEW], [("paid", ""), RENEWING]),
    "one_time_twice": ([], [("once", ""), ("once", "")]),
    "canceled_at_the_end": ([NEW, ("lost_voluntary", -6000)], [("paid", "cancel")]),
    "renewed": ([NEW], [("paid", ""), RENEWING, ("paid", ""), RENEWING]),
    "failed_then_paid": ([NEW], [("paid", ""), RENEWING, ("grace", ""), ("paid", ""), RENEWING]),
    "failed_for_good": ([NEW, ("lost_failed", -6000)], [("paid", ""), RENEWING, ("grace", "failure")]),
    "refunded": ([], [("once", "refund")]),
    "partly_refunded_in_vain": ([], [("once", "")]),
    "dispute_won": ([], [("once", "dispute"), ("once", "")]),
    "dispute_lost": ([], [("once", "dispute")]),
    "raised_and_switched": ([NEW, ("up", 2400), ("down", -400)], [("paid", ""), ("paid", ""), RENEWING]),
    "paused_and_resumed": (
        [NEW, ("paused", -6000), ("resumed", 6000)],
        [("paid", ""), RENEWING, ("paid", ""), RENEWING],
    ),
    "skipped_a_payment": ([NEW], [("paid", ""), RENEWING, RENEWING, ("paid", ""), RENEWING]),
    "paused_for_months_a_yearly_gift": (
        [NEW, ("paused", -6000), ("resumed", 6000)],
        [("paid", ""), RENEWING, ("paid", ""), RENEWING],
    ),
    "switched_where_the_paid_time_ends": (
        [NEW, ("up", 2000)],
        [("paid", ""), RENEWING, ("paid", ""), RENEWING],
    ),
}
