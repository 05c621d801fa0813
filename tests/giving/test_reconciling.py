"""Reconciling: after whatever was lost, the books are those of full delivery, and each difference has been named."""

import json

import pytest
from sqlalchemy import func, select

from membership import clock
from membership.gateway import client
from membership.giving import checking, offline_gifts, reconciling, stating
from membership.giving.ledger import LedgerEntry
from membership.giving.models import Event, EventState, Owner, Payment
from membership.giving.offline_gifts import Wish
from membership.money import Money
from membership.newsroom import settings_rows
from membership.patrons.models import Coverage, Patron, Source
from tests.giving.sandboxed import Account, account, empty, hear, work

__all__ = ["account", "hear"]


def _lively(account: Account) -> None:
    """A few months at an account: gifts, renewals, a failure that mends, a refund, a dispute, somebody else's money."""
    cleo = account.customer("cleo@example.org")
    account.subscribe(cleo)
    dov = account.customer("dov@example.org")
    intent = account.pay(dov, 1500)
    account.pay(account.customer("shop@example.org"), 9900, ours=False)
    leaving = account.subscribe(account.customer("eve@example.org"), 700)
    account.sandbox.advance("40 days")
    account.client.v1.subscriptions.update(leaving, {"cancel_at_period_end": True})
    account.sandbox.refund(intent)
    disputed = account.pay(cleo, 2000)
    account.sandbox.advance("2 days")
    dispute = account.sandbox.open_dispute(disputed)
    account.sandbox.advance("33 days")
    account.sandbox.close_dispute(dispute, "won")
    account.sandbox.advance("2 hours")


def _books(session) -> str:
    told = stating.state(session, clock.now())
    told.pop("at")
    session.rollback()
    return json.dumps(told, sort_keys=True, indent=1)


def test_full_delivery_leaves_nothing_to_reconcile(account, session, hear):
    _lively(account)
    hear()

    found = reconciling.reconcile(session, client.current(), since=None)

    assert [d.sentence for d in found.differences] == []
    assert found.read > 30


@pytest.mark.parametrize(
    "kind", ["charge.", "invoice", "customer.subscription", "refund.", "charge.dispute", ""]
)
def test_what_was_never_delivered_is_named_and_the_books_end_as_by_full_delivery(
    account, session, hear, kind
):
    _lively(account)
    hear()
    reconciling.reconcile(session, client.current(), since=None)  # tells whose the money without a mark is
    wanted = _books(session)
    account.sent = 0
    empty(session)
    hear(but=lambda event: event["type"].startswith(kind))

    found = reconciling.reconcile(session, client.current(), since=None)
    work(session)

    assert found.count > 0
    assert _books(session) == wanted
    assert reconciling.reconcile(session, client.current(), since=None).count == 0


def test_gifts_that_came_outside_of_stripe_are_left_alone(account, session, hear, pia):
    account.subscribe(account.customer("cleo@example.org"))
    account.sandbox.advance("2 days")
    given = Wish(
        form_key="one",
        received_on=clock.today(settings_rows.current(session).zone),
        money=Money(2500, "eur"),
        fee=35,
        payer="Cleo Marsh",
        reference="FT26324-0417",
        email="cleo@example.org",
    )
    offline_gifts.enter(session, given, entered_by_id=pia.id)
    session.commit()
    entry, covered = _offline(session)

    found = reconciling.reconcile(session, client.current(), since=None)  # nothing of Stripe's was delivered
    work(session)

    assert found.count > 0
    assert not [d.sentence for d in found.differences if "FT26324" in d.sentence or "offline" in d.sentence]
    assert _offline(session) == (entry, covered)
    assert session.scalars(select(Patron.public_id)).one()  # both gifts are one patron's
    assert session.scalar(select(func.count()).select_from(Coverage).filter_by(source=Source.PAID)) == 1
    assert reconciling.reconcile(session, client.current(), since=None).count == 0
    assert [f.sentence for check in checking.CHECKS for f in check(session)] == []


def _offline(session) -> tuple[list[object], list[object]]:
    session.rollback()
    entries = select(LedgerEntry.stripe_id, LedgerEntry.at, LedgerEntry.effective_on).filter_by(
        kind="offline"
    )
    covered = select(Coverage.source_key, Coverage.starts_at, Coverage.ends_at).filter_by(
        source=Source.OFFLINE
    )
    return list(session.execute(entries)), list(session.execute(covered))


def test_w18_an_event_of_the_other_mode_in_stripes_list_is_never_applied(account, session, hear):
    account.pay(account.customer("cleo@example.org"), 500)
    charged = next(event for event in account.sandbox.events() if event["type"] == "charge.succeeded")
    account.sandbox.account.store.put(charged | {"livemode": True})

    reconciling.reconcile(session, client.current(), since=None)

    session.rollback()
    assert session.get_one(Event, charged["id"]).state is EventState.WRONG_MODE


def test_money_of_others_ends_as_foreign(account, session, hear):
    _lively(account)
    hear()
    clock_moved = account.sandbox.advance("3 hours")

    reconciling.reconcile(session, client.current(), since=None)

    owners = set(session.scalars(select(Payment.owner).where(Payment.amount == 9900)))
    assert owners == {Owner.FOREIGN}
    assert clock_moved


def test_every_event_is_settled(account, session, hear):
    _lively(account)
    hear()

    states = set(session.scalars(select(Event.state)))

    assert states <= {EventState.APPLIED, EventState.IGNORED, EventState.FOREIGN}
