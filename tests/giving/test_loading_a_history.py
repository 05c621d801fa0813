"""A history loaded at once ends in the books that its events make, and leaves nothing to reconcile."""

import json

import pytest

from membership import clock
from membership.gateway import client
from membership.giving import checking, loading, receipts_of_payments, reconciling, stating
from tests.giving.sandboxed import account, empty, hear
from tests.giving.stripe_words import Json
from tests.giving.test_reconciling import _books, _lively

__all__ = ["account", "hear"]
KINDS = (
    "customer",
    "subscription",
    "invoice",
    "invoice_payment",
    "charge",
    "refund",
    "dispute",
    "balance_transaction",
)


def _objects(account) -> list[Json]:
    return [json.loads(json.dumps(dict(thing))) for kind in KINDS for thing in account.sandbox.all(kind)]


def test_loaded_objects_and_applied_events_give_equal_books(account, session, hear):
    _lively(account)
    hear()
    reconciling.reconcile(session, client.current(), since=None)
    wanted = _books(session)
    empty(session)

    counts = loading.load(session, _objects(account))
    found = reconciling.reconcile(session, client.current(), since=None)

    assert counts["patrons"] == 3
    assert [d.sentence for d in found.differences if d.kind != "event"] == []
    assert _books(session) == wanted


def test_what_happened_between_the_end_of_a_history_and_its_loading_holds(account, session, hear):
    account.subscribe(account.customer("cleo@example.org"))
    history, its_end = _objects(account), clock.now().replace(microsecond=0)
    account.sandbox.advance("32 days")

    loading.load(session, history, as_of=its_end)
    hear()
    found = reconciling.reconcile(session, client.current(), since=None)

    assert [d.sentence for d in found.differences] == []


def test_a_history_is_loaded_once(account, session):
    account.subscribe(account.customer("cleo@example.org"))
    objects = _objects(account)
    loading.load(session, objects)
    before = stating.state(session, clock.now())

    with pytest.raises(loading.AlreadyLoadedError):
        loading.load(session, objects)

    assert stating.state(session, clock.now()) | {"at": ""} == before | {"at": ""}


def test_loaded_books_pass_every_check(account, session):
    _lively(account)
    loading.load(session, _objects(account))
    receipts_of_payments.issue_missing(session)
    reconciling.reconcile(session, client.current(), since=None)

    assert [finding for check in checking.CHECKS for finding in check(session)] == []
