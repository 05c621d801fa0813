"""What a campaign raised: renewals count, what goes back does not, and any order of events gives the same sum."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from membership import clock
from membership.appeals import campaigning
from membership.appeals.campaigning import By, Plan
from membership.appeals.models import Campaign
from membership.giving import applying, checking_campaigns, crediting, receiving
from membership.giving.ledger import Book, LedgerLine
from membership.giving.models import CampaignCredit, Checkout, Interval
from membership.money import Money
from membership.newsroom import due
from membership.newsroom.models import PageChange
from tests.giving.lives import LIVES
from tests.giving.sandboxed import empty
from tests.giving.stripe_words import Life, monthly, once

LATER = datetime(2027, 9, 1, tzinfo=UTC)
ORDERS = 2
STAFF = By(1, "ada")
WORDS = {"en": {"title": "Winter", "text": "", "thanks": "Thank you."}}


def plan(goal=100_000, starts_at=datetime(2020, 1, 1, tzinfo=UTC), ends_at=LATER, currency="eur"):
    return Plan(name="Winter", goal=Money(goal, currency), starts_at=starts_at, ends_at=ends_at, words=WORDS)


def begun(session, name, **more):
    """A campaign, and the checkout of a life that it brought. Committed."""
    made = plan(**more)
    campaign = campaigning.begin(session, "winter", made, by=STAFF)
    session.add(
        Checkout(
            public_id=f"co{name}",
            form_key=f"co{name}",
            created_at=clock.now(),
            amount=500,
            covered_fee=0,
            currency="eur",
            interval=Interval.MONTH,
            smallest_monthly=100,
            email="cleo@example.org",
            email_index="0" * 64,
            language="en",
            campaign="winter",
        )
    )
    session.commit()
    return campaign


def tell(session, events):
    for event in events:
        event_id, _, _ = receiving.store(session, event, at=clock.now(), is_live=False)
        session.commit()
        assert applying.apply_one(session, event_id)
    due.apply_all(session)


def raised(session):
    return session.scalar(select(Campaign.raised))


def in_the_books(session):
    books = (Book.GIFTS, Book.REFUNDED, Book.DISPUTED)
    return -(session.scalar(select(func.sum(LedgerLine.amount)).where(LedgerLine.book.in_(books))) or 0)


@pytest.mark.parametrize("name", LIVES)
def test_in_any_order_and_however_often_a_campaign_raised_what_the_books_keep(session, name):
    chance = random.Random(name)  # noqa: S311 - an order, no secret
    clock.set_now(LATER - timedelta(days=1))
    told = LIVES[name]()

    for _ in range(ORDERS):
        empty(session)
        begun(session, told.life.name)
        order = [*told.life.events, *chance.sample(told.life.events, 3)]
        chance.shuffle(order)
        tell(session, order)

        assert raised(session) == in_the_books(session)
        assert list(checking_campaigns.campaigns_follow_from_books(session)) == []


def test_each_renewal_within_the_dates_counts_and_none_after_them(session):
    life = Life("renewal")
    subscription, _ = monthly(life, 700)
    begins = datetime.fromtimestamp(life.at, UTC)
    clock.set_now(begins)
    begun(session, "renewal", starts_at=begins - timedelta(days=1), ends_at=begins + timedelta(days=40))
    del subscription
    tell(session, life.events)

    assert raised(session) == 700


def test_a_campaign_that_begins_later_counts_what_its_links_brought_before(session):
    life = Life("early")
    once(life, 2500)
    clock.set_now(LATER - timedelta(days=30))
    campaign = begun(session, "early", starts_at=LATER - timedelta(days=60))
    tell(session, life.events)
    assert raised(session) == 0

    clock.move(timedelta(minutes=1))
    campaign = session.scalars(select(Campaign)).one()
    campaigning.change(session, campaign, plan(), by=STAFF)
    session.commit()
    due.apply_all(session)

    assert raised(session) == 2500


def test_gifts_in_another_currency_are_never_added(session):
    life = Life("other")
    once(life, 2500)
    clock.set_now(LATER - timedelta(days=30))
    begun(session, "other", currency="uah")
    tell(session, life.events)

    assert raised(session) == 0


def test_the_pages_follow_only_when_the_figure_that_readers_see_changes(session):
    clock.set_now(LATER - timedelta(days=30))
    campaign = begun(session, "figure", goal=1_000_000)
    due.apply_all(session)
    count = select(func.count()).select_from(PageChange)
    before = session.scalar(count)

    campaigning.raise_to(session, campaign, 4_999)
    session.commit()
    clock.move(timedelta(minutes=1))
    due.apply_all(session)
    assert session.scalar(count) == before


def test_a_sum_or_a_credit_that_was_tampered_with_is_found(session):
    clock.set_now(LATER - timedelta(days=1))
    life = Life("tampered")
    once(life, 2500)
    begun(session, "tampered")
    tell(session, life.events)
    session.scalars(select(Campaign)).one().raised = 99
    session.scalars(select(CampaignCredit)).one().kept = 98
    session.commit()

    assert [one.check for one in checking_campaigns.campaigns_follow_from_books(session)] == ["N19", "N19"]
    assert crediting.of_books(session, ["winter"]) != crediting.stored(session, ["winter"])
