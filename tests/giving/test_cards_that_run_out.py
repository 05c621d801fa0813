"""A card that runs out within sixty days is told of once, unless Stripe knows a newer one."""

import pytest
from sqlalchemy import select

from membership.giving import cards
from membership.giving.models import CardNotice, CardNoticeState
from tests.giving.caring import Carer
from tests.giving.giver import choose, pay, send
from tests.giving.sandboxed import account, hear
from tests.giving.test_mending_a_failed_renewal import give_card

__all__ = ["account", "hear"]


@pytest.fixture
def carer(account, client, session, hear) -> Carer:
    """Olena, whose card is good until the end of next March."""
    begun = send(client, choose(client, amount="5", interval="month"))
    pay(begun.headers["Location"], expiry="03/27")
    hear()
    (subscription,) = account.sandbox.all("subscription")
    return Carer(client, account, session, subscription["id"])


def work(carer: Carer, hear) -> None:
    """Let the worker do what is due, cards included."""
    hear()
    cards.look_all(carer.session)
    hear()


def test_sixty_days_before_the_patron_is_told_once_with_a_link(carer: Carer, hear):
    carer.account.sandbox.advance("60 days")
    work(carer, hear)
    assert carer.mails("card_expiring") == []

    carer.account.sandbox.advance("20 days")
    for _day in range(3):
        work(carer, hear)
        carer.account.sandbox.advance("1 days")

    (told,) = carer.mails("card_expiring")
    assert "03/2027" in told.text
    assert carer.do(carer.links("card_expiring")[0], "card").status_code == 303


def test_who_has_given_a_newer_card_is_not_bothered(carer: Carer, hear):
    give_card(carer, "pm_card_mastercard")
    carer.account.sandbox.advance("80 days")
    work(carer, hear)

    assert carer.mails("card_expiring") == []
    assert {row.state for row in carer.session.scalars(select(CardNotice))} <= {CardNoticeState.REPLACED}


def test_who_leaves_anyway_is_not_bothered(carer: Carer, hear):
    carer.account.client.v1.subscriptions.update(carer.subscription_id, {"cancel_at_period_end": True})
    carer.account.sandbox.advance("80 days")
    work(carer, hear)

    assert carer.mails("card_expiring") == []


def test_while_stripe_is_out_of_reach_the_card_is_looked_up_later(carer: Carer, hear):
    carer.account.sandbox.advance("80 days")
    hear()
    carer.account.sandbox.faults.add("error", path="/v1/subscriptions", method="GET", times=3)
    cards.look_all(carer.session)
    assert carer.mails("card_expiring") == []
    carer.account.sandbox.faults.clear()
    work(carer, hear)

    assert len(carer.mails("card_expiring")) == 1


@pytest.mark.parametrize(
    ("expires", "end"), [("2026-12", "2027-01-01"), ("2027-01", "2027-02-01"), ("2028-02", "2028-03-01")]
)
def test_a_card_is_good_to_the_end_of_its_month(expires: str, end: str):
    assert cards.end_of(expires).date().isoformat() == end
