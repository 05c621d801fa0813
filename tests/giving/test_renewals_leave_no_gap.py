"""A card's and a bank debit's renewal walked minute by minute: the patron is active at each."""

from datetime import UTC, datetime

from sqlalchemy import select

from membership.patrons import standing
from membership.patrons.models import Coverage
from membership.patrons.standing import Standing
from tests.giving.sandboxed import account, hear

__all__ = ["account", "hear"]


def _walk(account, session, hear, *, minutes: int) -> list[datetime]:
    """Advance minute by minute, hearing of what happens; the instants at which nobody was active."""
    gaps = []
    for _ in range(minutes):
        account.sandbox.advance(60)
        if len(account.sandbox.events()) != account.sent:
            hear()
        now = datetime.fromtimestamp(account.sandbox.now(), UTC)
        rows = session.scalars(select(Coverage)).all()
        if standing.at(rows, now) is not Standing.ACTIVE:
            gaps.append(now)
        session.rollback()
    return gaps


def _to_the_end_of_the_period(account, subscription: str) -> None:
    """Move to two minutes before the next period begins."""
    item = account.sandbox.get(subscription)["items"]["data"][0]
    account.sandbox.advance_to(item["current_period_end"] - 120)


def test_a_card_renewal_leaves_no_minute_uncovered(account, session, hear):
    subscription = account.subscribe(account.customer("cleo@example.org"))
    hear()
    _to_the_end_of_the_period(account, subscription)
    hear()

    assert _walk(account, session, hear, minutes=90) == []


def test_a_bank_debit_renewal_leaves_no_minute_uncovered_while_it_is_on_its_way(account, session, hear):
    subscription = account.subscribe(account.customer("dov@example.org", "pm_sepaDebit"))
    account.sandbox.advance("10 days")
    hear()
    _to_the_end_of_the_period(account, subscription)
    hear()
    gaps = _walk(account, session, hear, minutes=90)
    for _ in range(12 * 24):
        account.sandbox.advance(3600)
        hear()
        now = datetime.fromtimestamp(account.sandbox.now(), UTC)
        if standing.at(session.scalars(select(Coverage)).all(), now) is not Standing.ACTIVE:
            gaps.append(now)
        session.rollback()

    assert gaps == []
