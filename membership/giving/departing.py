"""A patron leaves for good: gifts that renew are ended at Stripe first, each by a row before the call, then forgotten.

Payments, ledger and movements stay, without a person. While Stripe cannot be reached the wish waits, and the worker
tries again. Commits around each call.
"""

from functools import partial

import structlog
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from membership import secrets
from membership.accounts.models import Account
from membership.db import run_unit
from membership.gateway import client, reading
from membership.gateway.client import Gateway
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving import applying, ending, gifts, parsing
from membership.giving.models import (
    Checkout,
    CheckoutSession,
    GiftMembership,
    OfflineGift,
    Payment,
    Receipt,
    StripeCustomer,
    Subscription,
)
from membership.patrons import forgetting
from membership.patrons.models import Patron

log = structlog.get_logger(__name__)


def settle_all(session: Session, gateway: Gateway | None = None) -> int:
    """Delete what is waiting to be deleted; how many patrons were. Commits for each."""
    ids = forgetting.waiting(session)
    session.rollback()
    done = 0
    for patron_id in ids:
        try:
            done += settle(session, gateway or client.current(), patron_id)
        except GatewayUnavailable:
            session.rollback()
            log.warning("deletions_wait", left=len(ids) - done)
            break
    return done


def settle(session: Session, gateway: Gateway, patron_id: int) -> bool:
    """End a patron's gifts and forget the patron; whether it is done. Commits around each call.

    Raises:
        GatewayUnavailable: no usable answer; asking again is safe.
    """
    for gift in gifts.live(session, patron_id):
        try:
            ending.end_now(session, gateway, gift.id)
        except GatewayRefused as refused:
            log.warning("gift_not_ended", code=refused.code)
            session.rollback()
            _look_again(session, gateway, gift.id)
    if gifts.live(session, patron_id):
        return False
    session.rollback()
    run_unit(session, partial(_forget, session, patron_id))
    return True


def _look_again(session: Session, gateway: Gateway, subscription_id: str) -> None:
    answer = reading.get(gateway, "subscription", subscription_id)
    applying.apply_facts(session, parsing.from_object(answer.body, answer.as_of))
    session.commit()


def _forget(session: Session, patron_id: int) -> None:
    patron = session.scalars(select(Patron).filter_by(id=patron_id).with_for_update()).one()
    forgetting.forget(session, patron)


@forgetting.forgets
def forget_gifts(session: Session, patron: Patron) -> None:
    """Take names, addresses and words out of everything that belongs to a patron's gifts. The caller commits."""
    checkouts = checkouts_of(session, patron)
    session.execute(
        update(GiftMembership)
        .where(GiftMembership.checkout_id.in_(checkouts))
        .values(giver_name="", message="")
    )
    session.execute(
        update(GiftMembership)
        .where(GiftMembership.claimed_by_id == patron.id)
        .values(recipient_name="", recipient_email="", message="")
    )
    session.execute(
        update(Checkout)
        .where(Checkout.id.in_(checkouts))
        .values(email="", email_index="", name="", note="", browser_hash="", patron_id=patron.id)
    )
    session.execute(
        update(StripeCustomer)
        .where(StripeCustomer.patron_id == patron.id)
        .values(email=None, email_index="", name=None)
    )
    session.execute(update(Receipt).where(Receipt.patron_id == patron.id).values(name=""))
    session.execute(
        update(OfflineGift)
        .where(OfflineGift.patron_id == patron.id)
        .values(
            payer="", payer_index=secrets.blind_index(f"deleted:{patron.public_id}"), reference="", note=""
        )
    )


def checkouts_of(session: Session, patron: Patron) -> list[int]:
    """The forms that were sent by a patron, that led to what the patron gave, or that bear the patron's address."""
    customers = select(StripeCustomer.id).where(StripeCustomer.patron_id == patron.id)
    account = session.get(Account, patron.account_id) if patron.account_id is not None else None
    addresses = secrets.blind_indexes(account.email) if account is not None else []
    found = select(Checkout.id).where(
        or_(
            Checkout.patron_id == patron.id,
            Checkout.email_index.in_(addresses),
            *(
                Checkout.public_id.in_(
                    select(table.checkout_public_id).where(table.customer_id.in_(customers))
                )
                for table in (Payment, Subscription, CheckoutSession)
            ),
        )
    )
    return list(session.scalars(found))
