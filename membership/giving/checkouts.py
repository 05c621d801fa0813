"""A try to give: our row of it, before Stripe is asked (`opening`). A form that was sent is one row, however often."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.gateway import checkouts as sessions
from membership.giving.models import Checkout, CheckoutState, Interval
from membership.money import Money

PAYABLE = frozenset({CheckoutState.STARTED, CheckoutState.OPEN})
"""The states of what can be paid, or is about to be."""

TROUBLE_AFTER = timedelta(minutes=30)
"""Stripe refuses a session that could be paid for less than half an hour; later it is a new one."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a reader has decided to give, checked, and where it came from."""

    form_key: str
    gift: Money  # without covered fee
    total: Money  # what is charged
    interval: Interval
    smallest_monthly: int
    email: str  # canonical
    language: str
    name: str = ""
    note: str = ""
    patron_id: int | None = None
    article_id: int | None = None
    article: str = ""  # its slug
    slot: str = ""
    campaign: str = ""
    browser_hash: str = ""
    gift_months: int = 0  # of a membership for somebody else

    @property
    def covered_fee(self) -> int:
        """What is added for the card fee, in minor units."""
        return self.total.amount - self.gift.amount


def by_form_key(session: Session, form_key: str) -> Checkout | None:
    """The checkout that a form was sent for before. Of the form's key only the hash is kept."""
    return session.scalars(select(Checkout).filter_by(form_key=_hash(form_key))).one_or_none()


def is_same(checkout: Checkout, wish: Wish) -> bool:
    """Whether a form sent again asks Stripe for what it asked before."""
    return (
        checkout.amount == wish.total.amount
        and checkout.covered_fee == wish.covered_fee
        and checkout.currency == wish.total.currency
        and checkout.interval == wish.interval
        and checkout.email == wish.email
        and checkout.patron_id == wish.patron_id
        and checkout.gift_months == wish.gift_months
    )


def amend(checkout: Checkout, wish: Wish) -> None:
    """Take over what was corrected of what only we keep: the name and the note. The caller commits."""
    checkout.name, checkout.note = wish.name, wish.note


def is_payable(checkout: Checkout) -> bool:
    """Whether its session can still be paid, or still has to be opened."""
    lives = checkout.created_at + sessions.LIFE - TROUBLE_AFTER > clock.now()
    return lives and checkout.state in PAYABLE


def begin(session: Session, wish: Wish) -> Checkout:
    """The row of a wish; of two forms sent at the same time with the same key, one makes it. The caller commits."""
    checkout = Checkout(
        public_id=secrets.new_public_id(),
        form_key=_hash(wish.form_key),
        created_at=clock.now(),
        amount=wish.total.amount,
        covered_fee=wish.covered_fee,
        currency=wish.total.currency,
        interval=wish.interval,
        smallest_monthly=wish.smallest_monthly,
        email=wish.email,
        email_index=secrets.blind_index(wish.email),
        language=wish.language,
        name=wish.name,
        note=wish.note,
        patron_id=wish.patron_id,
        article_id=wish.article_id,
        slot=wish.slot,
        campaign=wish.campaign,
        browser_hash=wish.browser_hash,
        gift_months=wish.gift_months,
    )
    try:
        with session.begin_nested():
            session.add(checkout)
    except IntegrityError:
        return session.scalars(select(Checkout).filter_by(form_key=_hash(wish.form_key))).one()
    return checkout


def close(checkout: Checkout) -> None:
    """Note that it can no longer be paid, and free its form's key for another one. The caller commits."""
    if checkout.state is not CheckoutState.FAILED:
        checkout.state = CheckoutState.EXPIRED
    checkout.form_key = _hash(f"{checkout.form_key}:{checkout.public_id}")


def _hash(form_key: str) -> str:
    return secrets.hash_token(form_key, "form")
