"""Twenty random orders of each of the lives, with repetitions, through the database: one state."""

import json
import random
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from membership import clock
from membership.giving import applying, receiving, stating
from membership.giving.ledger import LedgerLine
from membership.newsroom import due
from tests.giving.lives import LIVES
from tests.giving.sandboxed import empty

ORDERS = 20
LATER = datetime(2027, 9, 1, tzinfo=UTC)


@pytest.mark.parametrize("name", LIVES)
def test_twenty_orders_of_a_life_end_in_the_same_books(session, name):
    chance = random.Random(name)  # noqa: S311 - an order, no secret
    clock.set_now(LATER)
    events = LIVES[name]().life.events
    wanted = _state_after(session, events)

    for _ in range(ORDERS):
        order = [*events, *chance.sample(events, 3)]
        chance.shuffle(order)
        assert _state_after(session, order) == wanted

    assert json.loads(wanted)["payments"]


def _state_after(session, events) -> str:
    empty(session)
    for event in events:
        event_id, _, _ = receiving.store(session, event, at=clock.now(), is_live=False)
        session.commit()
        assert applying.apply_one(session, event_id)
    due.apply_all(session)
    for currency, total in _sums(session).items():
        assert total == 0, currency
    return json.dumps(stating.state(session, LATER), sort_keys=True)


def _sums(session) -> dict[str, int]:
    sums: dict[str, int] = {}
    for amount, currency in session.execute(select(LedgerLine.amount, LedgerLine.currency)):
        sums[currency] = sums.get(currency, 0) + amount
    return sums
