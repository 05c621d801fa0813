"""Notices before a charge that a patron agreed on long ago: 14 days before a yearly one, 7 before a resumed one."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from membership import clock
from membership.giving import facts, mail
from membership.giving.models import Interval, StripeCustomer, Subscription
from membership.newsroom import due
from membership.newsroom.due import Appointment
from membership.patrons.models import Patron

YEARLY_AHEAD = timedelta(days=14)
RESUMED_AHEAD = timedelta(days=7)
_GOES_ON = frozenset({"active", "trialing"})


def appointments(subscriptions: Iterable[facts.Subscription], now: datetime) -> list[Appointment]:
    """The notices that these subscriptions owe after `now`.

    What is charged sooner than a notice would come was agreed on just now; the mail about that says so.
    """
    found = []
    for subscription in subscriptions:
        ahead = _ahead(subscription) if subscription.is_ours else None
        if ahead is not None and ahead[1] - ahead[2] > now:
            kind, charge_at, before = ahead
            key = f"{subscription.id}:{int(charge_at.timestamp())}"
            found.append(Appointment(at=charge_at - before, kind=kind, key=key))
    return found


def _ahead(gift: facts.Subscription | Subscription) -> tuple[str, datetime, timedelta] | None:
    """The charge to give notice of: the notice's kind, when it is charged, and how long before to tell."""
    if gift.status not in _GOES_ON or gift.cancel_at is not None or gift.ended_at is not None:
        return None
    if gift.is_paused:
        return ("giving.resumed_charge", gift.resumes_at, RESUMED_AHEAD) if gift.resumes_at else None
    if gift.interval is Interval.YEAR and gift.period_ends_at is not None:
        return "giving.yearly_charge", gift.period_ends_at, YEARLY_AHEAD
    return None


@due.handler("giving.yearly_charge")
def tell_of_yearly_charge(session: Session, key: str, _at: datetime) -> None:
    """Write to a patron whose yearly gift is charged in two weeks, if it still is. The caller commits."""
    found = _still_ahead(session, key, "giving.yearly_charge")
    if found is not None:
        patron, subscription, charge_at = found
        mail.yearly_charge_ahead(session, patron=patron, subscription=subscription, charge_at=charge_at)


@due.handler("giving.resumed_charge")
def tell_of_resumed_charge(session: Session, key: str, _at: datetime) -> None:
    """Write to a patron whose paused gift is charged again in a week, if it still is. The caller commits."""
    found = _still_ahead(session, key, "giving.resumed_charge")
    if found is not None:
        patron, subscription, charge_at = found
        mail.gift_resumes(session, patron=patron, subscription=subscription, charge_at=charge_at)


def _still_ahead(session: Session, key: str, kind: str) -> tuple[Patron, Subscription, datetime] | None:
    """Whose charge a notice is about, if it lies ahead and nothing has moved it since."""
    subscription_id, _, seconds = key.rpartition(":")
    subscription = session.get(Subscription, subscription_id)
    owner = session.get(StripeCustomer, subscription.customer_id) if subscription is not None else None
    if subscription is None or owner is None or owner.patron_id is None:
        return None
    ahead, charge_at = _ahead(subscription), datetime.fromtimestamp(int(seconds), UTC)
    if ahead is None or ahead[:2] != (kind, charge_at) or charge_at <= clock.now():
        return None
    return session.get_one(Patron, owner.patron_id), subscription, charge_at
