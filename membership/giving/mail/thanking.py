"""Mails that follow a payment: the welcome, the receipt, and the news that a bank did not confirm it."""

from datetime import timedelta

from sqlalchemy.orm import Session

from membership import clock
from membership.accounts import signing_in
from membership.giving.mail.addressing import account_of, gift_context, prefix, queue
from membership.giving.models import Checkout, Payment, Subscription
from membership.mail import outbox
from membership.money import Money
from membership.patrons.models import Patron


def welcome(
    session: Session,
    *,
    patron: Patron,
    payment: Payment,
    subscription: Subscription | None = None,
    browser_hash: str = "",
    again: str = "",
) -> None:
    """Thank a new patron, with a sign-in link and a six-digit code for the browser that paid.

    `subscription` is None for a one-time gift; `browser_hash` is the paying browser's (Checkout.browser_hash).
    `again` tells a second sending (to a corrected address) from the first.
    """
    account = account_of(session, patron)
    if account is None:
        return
    ballot = f"{prefix(session, patron.language)}/topics"
    issued = signing_in.issue(session, account, browser_hash=browser_hash, next_path=ballot)
    queue(
        session,
        patron,
        kind="welcome",
        cause=f"{payment.id}:{again}" if again else payment.id,
        context={
            **gift_context(session, payment, subscription),
            "sign_in_path": f"/sign-in/{issued.token}",
            "code": issued.code,
            "minutes": int(signing_in.LIFE.total_seconds() // 60),
        },
        about=f"patron:{patron.public_id}",
        gift=subscription,
    )


def receipt(
    session: Session,
    *,
    patron: Patron,
    payment: Payment,
    subscription: Subscription | None = None,
    is_renewal: bool = False,
) -> None:
    """Say that a payment has settled: how much, how often, what comes next and how to stop.

    What is no renewal was begun at a form, where anybody can type this address; it also says what to do about that.
    """
    queue(
        session,
        patron,
        kind="receipt",
        cause=payment.id,
        context={**gift_context(session, payment, subscription), "is_renewal": is_renewal},
        gift=subscription,
    )


def payment_not_made(session: Session, *, checkout: Checkout) -> None:
    """Say that a bank did not confirm a delayed payment; nothing was charged, and a fresh link if it is wanted."""
    path = f"/support?amount={Money(checkout.amount - checkout.covered_fee, checkout.currency).plain()}"
    outbox.queue(
        session,
        kind="giving/payment_not_made",
        to=checkout.email,
        language=checkout.language,
        dedupe_key=f"payment_not_made:{checkout.public_id}",
        context={
            "amount": Money(checkout.amount, checkout.currency),
            "interval": checkout.interval,
            "prefix": prefix(session, checkout.language),
            "support_path": f"{path}&interval={checkout.interval}&currency={checkout.currency}",
        },
        expires_at=clock.now() + timedelta(days=14),
    )
