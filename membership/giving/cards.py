"""Cards that run out: sixty days before, the patron is mailed once for each card, with a link to change it.

When a payment settles, its card's end becomes a due row; then the card is looked up at Stripe, since patrons change
cards there and banks renew them by themselves: who has a newer one is not bothered. `look_all` commits for each.
"""

from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock, jobs
from membership.gateway import client, reading
from membership.gateway.client import Gateway
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving import mail
from membership.giving.facts import Payment
from membership.giving.models import CardNotice, CardNoticeState, StripeCustomer, Subscription
from membership.giving.stripe_states import LIVE
from membership.newsroom import due
from membership.patrons.models import Patron

log = structlog.get_logger(__name__)
AHEAD = timedelta(days=60)
KIND = "giving.card_expiring"


def end_of(expires: str) -> datetime:
    """The instant (UTC) from which a card with "2027-03" on it is good no longer."""
    year, month = (int(part) for part in expires.split("-"))
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def remember(
    session: Session, payment: Payment, subscription_id: str, *, not_before: datetime | None = None
) -> None:
    """Look at a card again sixty days before it runs out, unless it has run out by now. The caller commits.

    `not_before`: a gift moved in then; if that day was before, the next payment's card is looked at.
    """
    if not payment.card_expires or end_of(payment.card_expires) <= clock.now():
        return
    at = end_of(payment.card_expires) - AHEAD
    if not_before is not None and at <= not_before:
        return
    due.at(session, at, kind=KIND, key=_key(subscription_id, payment.card_fingerprint, payment.card_expires))


def _key(subscription_id: str, fingerprint: str, expires: str) -> str:
    return f"{subscription_id}:{fingerprint}:{expires}"


@due.handler(KIND)
def note(session: Session, key: str, at: datetime) -> None:
    """Write down that a card runs out, for the worker to look it up at Stripe. The caller commits."""
    subscription_id, fingerprint, expires = key.split(":")
    if session.get(CardNotice, (subscription_id, fingerprint, expires)) is None:
        session.add(
            CardNotice(subscription_id=subscription_id, fingerprint=fingerprint, expires=expires, found_at=at)
        )
    jobs.wake(session, "cards")


def look_all(session: Session, gateway: Gateway | None = None) -> int:
    """Look up every card that is about to run out, and mail who has no newer one; how many were mailed. Commits."""
    waiting = select(CardNotice).filter_by(state=CardNoticeState.WAITING)
    keys = [
        (row.subscription_id, row.fingerprint, row.expires)
        for row in session.scalars(waiting.order_by(CardNotice.found_at).limit(200))
    ]
    session.rollback()
    told = 0
    for key in keys:
        try:
            told += _look(session, gateway or client.current(), key)
        except GatewayUnavailable:
            session.rollback()
            log.warning("cards_wait", left=len(keys) - told)
            break
    return told


def _look(session: Session, gateway: Gateway, key: tuple[str, str, str]) -> bool:
    subscription_id, fingerprint, expires = key
    row = session.get(Subscription, subscription_id)
    renews = row is not None and row.status in LIVE and row.ended_at is None and row.cancel_at is None
    session.rollback()
    runs_out = renews and _is_still(gateway, subscription_id, fingerprint, expires)
    notice = session.get_one(CardNotice, key)
    notice.state = CardNoticeState.TOLD if runs_out else CardNoticeState.REPLACED
    notice.settled_at = clock.now()
    if runs_out:
        _tell(session, subscription_id, expires)
    session.commit()
    return runs_out


def _is_still(gateway: Gateway, subscription_id: str, fingerprint: str, expires: str) -> bool:
    """Whether Stripe would still charge this very card."""
    try:
        subscription = reading.get(gateway, "subscription", subscription_id).body
        method_id = subscription.get("default_payment_method")
        if not method_id:
            customer = reading.get(gateway, "customer", str(subscription["customer"])).body
            method_id = (customer.get("invoice_settings") or {}).get("default_payment_method")
        if not method_id:
            return False
        card = reading.get(gateway, "payment_method", str(method_id)).body.get("card") or {}
    except GatewayRefused as refused:
        log.warning("card_unread", code=refused.code)
        return False
    same = card.get("fingerprint") == fingerprint
    return same and f"{card.get('exp_year')}-{card.get('exp_month'):02d}" == expires


def _tell(session: Session, subscription_id: str, expires: str) -> None:
    subscription = session.get_one(Subscription, subscription_id)
    patron = session.scalars(
        select(Patron)
        .join(StripeCustomer, StripeCustomer.patron_id == Patron.id)
        .where(StripeCustomer.id == subscription.customer_id)
    ).one_or_none()
    if patron is not None:
        mail.card_expiring(session, patron=patron, subscription=subscription, expires=expires)
