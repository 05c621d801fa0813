"""Of others' money on a shared account amounts, currency and ids are kept, and nothing of who paid it or how."""

import pytest
from sqlalchemy import select

from membership.gateway import client
from membership.giving import applying, checking_money, comparing, facts, loading, reconciling, storing
from membership.giving.models import Owner, Payment, StripeCustomer
from tests.giving.sandboxed import account, hear
from tests.giving.stripe_words import Life, once

__all__ = ["account", "hear"]


def _told(session) -> list[tuple[Owner, str, str, str, str]]:
    session.rollback()
    found = session.scalars(select(Payment)).all()
    return [(p.owner, p.method, p.card_country, p.card_last4, p.card_fingerprint) for p in found]


def _declare_foreign(session, charge_id: str) -> None:
    known = storing.get(session, facts.Payment, charge_id)
    assert known is not None
    applying.apply_facts(session, [comparing.without_invoice(known)])
    session.commit()


BARE = (Owner.FOREIGN, "", "", "", "")


def test_once_it_is_known_to_be_a_strangers_address_name_and_card_are_forgotten_for_good(session, take):
    life = Life("stranger", ours=False)
    charge = life.charge(2500, intent="pi_stranger")
    life.tell("charge.succeeded", charge)
    take(life.events)

    _declare_foreign(session, charge["id"])
    assert _told(session) == [BARE]
    assert session.scalars(select(StripeCustomer)).all() == []
    session.rollback()

    life.wait(60)
    take([life.tell("charge.updated", charge | {"balance_transaction": "txn_1"})])
    assert _told(session) == [BARE]
    assert session.scalars(select(StripeCustomer)).all() == []
    assert checking_money.strangers_are_unknown(session) == []


def test_a_stranger_who_is_also_a_patron_stays_one(session, take):
    life = Life("both")
    once(life)
    other = life.charge(9900, intent="pi_other")
    life.tell("charge.succeeded", other)
    take(life.events)

    _declare_foreign(session, other["id"])

    assert BARE in _told(session)
    assert session.scalars(select(StripeCustomer.email)).all() == ["both@example.org"]


def test_reconciling_forgets_strangers_and_finds_nothing_missing_afterwards(account, session, hear):
    account.pay(account.customer("shop@example.org"), 9900, ours=False)
    hear()
    account.sandbox.advance("3 hours")

    reconciling.reconcile(session, client.current(), since=None)
    again = reconciling.reconcile(session, client.current(), since=None)

    assert [d.sentence for d in again.differences] == []
    assert _told(session) == [BARE]
    assert session.scalars(select(StripeCustomer)).all() == []


@pytest.mark.parametrize("is_known", [True, False])
def test_a_loaded_history_keeps_as_little(session, is_known):
    life = Life("loaded", ours=False)
    life.charge(2500, intent="pi_1")
    things = [*life.objects.values()]
    if is_known:
        invoice = life.invoice(life.subscription(2500))
        things = [*life.objects.values(), life.joint(invoice, "pi_1")]

    loading.load(session, things)

    kept = _told(session)
    assert (kept == [BARE]) is is_known
