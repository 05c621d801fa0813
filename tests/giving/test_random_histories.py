"""Three hundred events of chance, badly delivered and then reconciled, end in the books of a delivery without fault.

Twenty histories for each engine, five hundred by `make fuzz`. Reconciling runs every few weeks, as it does nightly in
earnest: what only an event tells (since when a gift was paused) can be learned for thirty days.
"""

import json
import os
from collections import defaultdict

import pytest
from sqlalchemy import func, select

from membership import clock
from membership.gateway import client as gateway
from membership.giving import receiving, reconciling, stating
from membership.giving.ledger import Book, LedgerEntry, LedgerLine
from membership.giving.models import Event, EventState
from tests.giving.histories import History, disturbed
from tests.giving.sandboxed import account, empty, work

__all__ = ["account"]
pytestmark = pytest.mark.hypothesis  # `make fuzz` runs what is so marked
HISTORIES = 500 if os.environ.get("MEMBERSHIP_TEST_FUZZ") == "1" else 20
LENGTH = 300
RECONCILED_EVERY = 26 * 86_400


def _books(session) -> str:
    told = stating.state(session, clock.now())
    told.pop("at")
    session.rollback()
    return json.dumps(told, sort_keys=True, indent=1)


def _take(session, events) -> None:
    for event in events:
        receiving.store(session, event, at=clock.now(), is_live=False)
    session.commit()
    work(session)


def _sums(session, book: Book) -> dict[str, int]:
    query = select(LedgerLine.currency, func.sum(LedgerLine.amount)).where(LedgerLine.book == book)
    found = {currency: int(total) for currency, total in session.execute(query.group_by(LedgerLine.currency))}
    session.rollback()
    return {currency: total for currency, total in found.items() if total}


def _balance_at_stripe(account) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for transaction in account.sandbox.all("balance_transaction"):
        sums[transaction["currency"]] += transaction["net"]
    return {currency: total for currency, total in sums.items() if total}


def _unbalanced(session) -> list[int]:
    query = select(LedgerLine.entry_id).group_by(LedgerLine.entry_id, LedgerLine.currency)
    found = list(session.scalars(query.having(func.sum(LedgerLine.amount) != 0)))
    session.rollback()
    return found


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_whatever_happens_and_however_it_is_delivered_the_books_are_stripes(account, app, session, seed):
    del app
    history = History(account, seed)
    reconciled_at = account.sandbox.now()
    while history.events() < LENGTH:
        for _ in range(5):
            history.act()
        if account.sandbox.now() - reconciled_at > RECONCILED_EVERY:
            _take(session, disturbed(account.new_events(), history.chance))
            reconciling.reconcile(session, gateway.current(), since=None)
            reconciled_at = account.sandbox.now()
    account.sandbox.advance("2 hours")
    _take(session, disturbed(account.new_events(), history.chance))
    reconciling.reconcile(session, gateway.current(), since=None)
    work(session)

    assert reconciling.reconcile(session, gateway.current(), since=None).count == 0
    assert _unbalanced(session) == []
    assert _sums(session, Book.CLEARING) == {}
    assert _sums(session, Book.STRIPE) == _balance_at_stripe(account)
    got = _books(session)

    empty(session)
    _take(session, account.sandbox.events())
    reconciling.reconcile(session, gateway.current(), since=None)

    states = set(session.scalars(select(Event.state)))
    session.rollback()
    assert states <= {EventState.APPLIED, EventState.IGNORED, EventState.FOREIGN}
    assert session.scalar(select(func.count()).select_from(LedgerEntry))
    session.rollback()
    assert got == _books(session)
