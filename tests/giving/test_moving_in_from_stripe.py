"""An account in use moves in: what was chosen is ours from then on, with its past and its dates; nobody is mailed."""

import json
from typing import Any, cast

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select

from membership import clock
from membership.cli import membership
from membership.db import Base
from membership.gateway import client, subscriptions
from membership.giving import chaining, changing, checking, gifts, reconciling, stating, totals
from membership.giving.models import Invoice, Owner, Payment, StripeCustomer, Subscription
from membership.giving.movements import Movement, MovementKind
from membership.mail.models import OutgoingMail
from membership.money import Money
from membership.patrons.models import Patron
from tests.giving.sandboxed import Account, account, hear, work

__all__ = ["account", "hear"]


@pytest.fixture
def run(app: Flask, session):
    """Run the command; gives its result."""

    def run_import(*words: str, source: str = "stripe") -> Result:
        session.rollback()
        return app.test_cli_runner().invoke(membership, ["import", "patrons", source, *words])

    return run_import


def _subscribe(account: Account, email: str, product: str, amount: int = 500, **how: Any) -> str:
    """A subscription that somebody else's program made, begun now."""
    price = {
        "currency": how.pop("currency", "eur"),
        "product": product,
        "unit_amount": amount,
        "recurring": {"interval": how.pop("interval", "month")},
    }
    params = {"customer": account.customer(email), "items": [{"price_data": price, **how}]}
    return account.client.v1.subscriptions.create(cast("Any", params)).id


class Newsroom:
    """A newsroom on Stripe for some months: gifts of one product in every state, a shop beside them."""

    def __init__(self, account: Account) -> None:
        gifts_at_stripe = account.client.v1.subscriptions
        self.product = account.client.v1.products.create({"name": "Membership"}).id
        self.shop = account.client.v1.products.create({"name": "Mugs"}).id
        self.plain = _subscribe(account, "cleo@example.org", self.product)
        self.yearly = _subscribe(account, "yara@example.org", self.product, 6000, interval="year")
        self.dollars = _subscribe(account, "dan@example.org", self.product, 700, currency="usd")
        self.twice = _subscribe(account, "twice@example.org", self.product, 250, quantity=2)
        self.paused = _subscribe(account, "pavlo@example.org", self.product, 900)
        self.failing = _subscribe(account, "fay@example.org", self.product, 800)
        self.over = _subscribe(account, "olha@example.org", self.product, 400)
        self.mugs = _subscribe(account, "shop@example.org", self.shop, 9900)
        account.sandbox.advance("40 days")
        gifts_at_stripe.cancel(self.over)
        self.ending = _subscribe(account, "eve@example.org", self.product, 300)
        self.gone = _subscribe(account, "gone@example.org", self.product, 600)
        gifts_at_stripe.update(self.paused, {"pause_collection": {"behavior": "void"}})
        account.use_card(str(account.sandbox.get(self.failing)["customer"]), "pm_card_chargeCustomerFail")
        account.sandbox.advance("22 days")
        gifts_at_stripe.update(self.ending, {"cancel_at_period_end": True})
        gifts_at_stripe.cancel(self.gone)
        account.sandbox.advance("2 days")

    @property
    def adoptable(self) -> set[str]:
        """Those of the product that live, or are paid for beyond now."""
        return {
            self.plain,
            self.yearly,
            self.dollars,
            self.twice,
            self.paused,
            self.failing,
            self.ending,
            self.gone,
        }


def _state(session) -> str:
    told = stating.state(session, clock.now())
    told.pop("at")
    session.rollback()
    return json.dumps(told, sort_keys=True, indent=1)


def _totals(output: str) -> list[str]:
    """The lines with the totals before and after."""
    return [line for line in output.splitlines() if line.startswith(("active", "of them", "recurring"))]


def _counts(session) -> dict[str, int]:
    found = {
        table.name: session.scalar(select(func.count()).select_from(table)) or 0
        for table in Base.metadata.sorted_tables
    }
    session.rollback()
    return found


def test_nothing_is_adopted_that_was_not_chosen_and_a_dry_run_changes_nothing(account, run, session):
    newsroom = Newsroom(account)
    account.new_events()
    counts, state = _counts(session), _state(session)

    unasked, foretold = run(), run("--product", newsroom.product, "--dry-run")

    assert unasked.exit_code == 1
    assert f"{newsroom.product}  Membership: 7 gifts" in unasked.output
    assert f"{newsroom.shop}  Mugs: 1 gift, 99.00 EUR a month" in unasked.output
    assert "--all" in unasked.output
    assert foretold.exit_code == 0, foretold.output
    assert f"it is of {newsroom.shop}, which was not chosen: {newsroom.mugs}" in foretold.output
    assert f"what was paid has run out: {newsroom.over}" in foretold.output
    assert (_counts(session), _state(session)) == (counts, state)
    assert account.new_events() == []
    done = run("--product", newsroom.product)
    assert _totals(done.output) == _totals(foretold.output)
    now = totals.current(session)
    assert now.patrons == 7  # all but whoever has paused and whose paid time has run out
    assert now.recurring == {"eur": 12 * (500 + 500 + 800 + 300) + 6000, "usd": 12 * 700}


def test_run_again_or_after_a_cut_it_ends_the_same(account, run, session, hear):
    newsroom = Newsroom(account)
    account.pay(str(account.sandbox.get(newsroom.plain)["customer"]), 1500)  # she is a patron by now
    hear()
    mails = session.scalars(select(OutgoingMail.kind)).all()
    subscriptions.adopt(
        client.current(), newsroom.plain, at=clock.now(), key="of a run that was killed after this"
    )
    hear()  # the worker is quicker than the next run

    first = run("--product", newsroom.product)

    assert "8 subscriptions adopted, 0 are ours already" in first.output
    assert totals.current(session).patrons == 7
    work(session)
    assert session.scalars(select(OutgoingMail.kind)).all() == mails
    counts, state = _counts(session), _state(session)
    account.new_events()
    again = run("--product", newsroom.product)
    assert "0 subscriptions adopted, 8 are ours already" in again.output
    assert (_counts(session), _state(session)) == (counts, state)
    assert account.new_events() == []
    patron_id = session.scalars(
        select(StripeCustomer.patron_id)
        .join(Subscription, Subscription.customer_id == StripeCustomer.id)
        .where(Subscription.id == newsroom.twice)
    ).one()
    gift = gifts.live(session, patron_id)[0]
    assert gift.money == Money(500, "eur")  # two of 2.50
    assert gift.next_charge_at is not None
    assert gift.next_charge_at == gift.period_ends_at
    assert gift.next_charge_at > clock.now()
    changing.change_amount(session, client.current(), gift, Money(700, "eur"), covered_fee=0)
    item = account.sandbox.get(newsroom.twice)["items"]["data"][0]
    assert (item["quantity"], item["price"]["unit_amount"]) == (1, 700)


def test_what_was_chosen_is_ours_with_its_past_and_future_and_nobody_is_mailed(account, run, session, hear):
    newsroom = Newsroom(account)
    today = clock.now().date()

    result = run("--product", newsroom.product)
    hear()  # the events of the last weeks, and those of the marks themselves

    assert "8 subscriptions adopted" in result.output
    assert session.scalars(select(OutgoingMail.kind)).all() == []
    assert set(session.scalars(select(Subscription.id).where(Subscription.is_ours))) == newsroom.adoptable
    bills = select(Invoice.is_ours).where(Invoice.subscription_id.in_(newsroom.adoptable))
    assert set(session.scalars(bills)) == {True}
    new = session.scalars(select(Movement).where(Movement.kind == MovementKind.NEW)).all()
    assert len(new) == 8
    assert all(movement.effective_on < today for movement in new)
    renewed = session.get_one(Subscription, newsroom.plain).period_ends_at
    session.rollback()

    account.sandbox.advance("31 days")
    hear()

    session.rollback()
    assert session.get_one(Subscription, newsroom.plain).period_ends_at > renewed
    kinds = set(session.scalars(select(OutgoingMail.kind)))
    assert {"giving/receipt", "giving/payment_failed"} <= kinds
    assert "giving/welcome" not in kinds
    session.rollback()
    found = reconciling.reconcile(session, client.current(), since=None)
    assert [difference.sentence for difference in found.differences] == []
    assert session.get(Subscription, newsroom.mugs) is None


def test_what_was_booked_as_foreign_becomes_ours_with_cards_and_addresses(account, run, session, hear):
    newsroom = Newsroom(account)
    hear()
    reconciling.reconcile(session, client.current(), since=None)
    foreign = set(session.scalars(select(Payment.owner)))
    session.rollback()

    run("--product", newsroom.product)
    hear()

    assert foreign == {Owner.FOREIGN}
    ours = session.scalars(select(Payment).where(Payment.owner == Owner.OURS)).all()
    assert {payment.method for payment in ours} == {"card"}
    assert None not in set(session.scalars(select(Patron.account_id)))
    session.rollback()
    assert totals.current(session).patrons == 7
    assert reconciling.reconcile(session, client.current(), since=None).count == 0
    chaining.extend(session)
    assert [finding for check in checking.CHECKS for finding in check(session)] == []


def test_ghosts_members_bring_their_gifts_names_and_wishes(account, app, session, tmp_path):
    product = account.client.v1.products.create({"name": "Gold"}).id
    customer = account.client.v1.customers.create({"email": "ada@example.org"}).id
    account.use_card(customer, "pm_card_visa")
    price = {"currency": "eur", "product": product, "unit_amount": 500, "recurring": {"interval": "month"}}
    wanted = {"customer": customer, "items": [{"price_data": price}]}
    paying = account.client.v1.subscriptions.create(cast("Any", wanted)).id
    _subscribe(account, "else@example.org", product)
    file = tmp_path / "members.csv"
    file.write_text(
        "email,name,subscribed_to_emails,complimentary_plan,stripe_customer_id\n"
        f"ada@example.org,Ada Ghost,false,false,{customer}\n"
        "ben@example.org,Ben,true,true,\n"
        "free@example.org,,true,false,\n"
        "lost@example.org,,true,false,cus_elsewhere\n"
    )
    words = ["import", "patrons", "ghost", str(file), "--complimentary-until", "2027-06-30"]
    session.rollback()

    foretold = app.test_cli_runner().invoke(membership, [*words, "--dry-run"])
    done = app.test_cli_runner().invoke(membership, words)
    again = app.test_cli_runner().invoke(membership, words)

    assert "it is a free member's: nothing is paid: row 4" in done.output
    assert "its customer has no subscription on this Stripe account: row 5" in done.output
    assert "1 subscriptions adopted" in done.output
    assert "1 complimentary members were granted a membership, 0 have one." in done.output
    assert _totals(foretold.output) == _totals(done.output)
    assert "0 subscriptions adopted, 1 are ours already" in again.output
    assert "0 complimentary members were granted a membership, 1 have one." in again.output
    patrons = {patron.name: patron for patron in session.scalars(select(Patron))}
    assert set(patrons) == {"Ada Ghost", "Ben"}
    assert not patrons["Ada Ghost"].wants_topic_mail
    assert session.scalars(select(Subscription.id)).all() == [paying]
    assert session.scalars(select(OutgoingMail.kind)).all() == []
