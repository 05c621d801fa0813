"""A try to give: our row before Stripe is asked, one session at Stripe for it, and never two to pay.

begin       the row of a form that was sent, the same row however often it is sent
open_at_stripe   its session; the same one when asked again, read back when the answer was lost for long
retire      closes what was opened before the reader chose otherwise

The last two commit around the call to Stripe.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.gateway import checkouts as sessions
from membership.gateway import products
from membership.gateway.client import Answer, Gateway
from membership.gateway.errors import GatewayRefused
from membership.giving import measuring, outgoing
from membership.giving.models import Checkout, CheckoutState, Interval, OutgoingCall, StripeCustomer
from membership.money import Money

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


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where Stripe leads the reader afterwards, built from the configured address, and what it calls the gift."""

    success_url: str
    cancel_url: str
    product_name: str


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
    return lives and checkout.state in {CheckoutState.STARTED, CheckoutState.OPEN}


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


def _hash(form_key: str) -> str:
    return secrets.hash_token(form_key, "form")


def metadata_of(checkout: Checkout, article: str) -> dict[str, str]:
    """What stands in Stripe's metadata on the session, the subscription and the payment: no address, no name."""
    told = {
        "app": products.APP,
        "checkout": checkout.public_id,
        "article": article,
        "slot": checkout.slot,
        "campaign": checkout.campaign,
        "covered_fee": str(checkout.covered_fee) if checkout.covered_fee else "",
        "months": _months(checkout),
        "gift_months": str(checkout.gift_months)
        if checkout.gift_months
        else "",  # so that the books can be rebuilt from Stripe alone
    }
    return {key: value for key, value in told.items() if value}


def _months(checkout: Checkout) -> str:
    if checkout.interval is not Interval.ONCE or checkout.gift_months:
        return ""
    return str(measuring.months_for(checkout.amount - checkout.covered_fee, checkout.smallest_monthly))


def open_at_stripe(
    session: Session, gateway: Gateway, checkout: Checkout, places: Places, *, article: str = ""
) -> str:
    """The address of the page on which to pay. Commits before and after the call.

    Everything sent follows from rows written before, so that a repeated call is the same to the letter.

    Raises:
        GatewayUnavailable: no usable answer; the same form may be sent again.
        GatewayRefused: Stripe does not take it.
    """
    if checkout.session_url:
        return checkout.session_url
    order, call = _order(session, checkout, places, article)
    checkout_id, product_name = checkout.id, places.product_name

    def ask(key: str) -> Answer:
        products.ensure(gateway, order.interval, product_name)
        return sessions.open_session(gateway, order, key=key)

    try:
        answer = outgoing.perform(session, call, ask)
    except GatewayRefused as refused:
        if not refused.is_ours:
            session.get_one(Checkout, checkout_id).state = CheckoutState.FAILED
            session.commit()
        raise
    return _note_open(session, checkout_id, answer)


def _note_open(session: Session, checkout_id: int, answer: Answer) -> str:
    checkout = session.get_one(Checkout, checkout_id)
    checkout.stripe_session_id = answer.id
    checkout.session_url = str(answer.body.get("url") or "")
    if checkout.state is CheckoutState.STARTED:
        checkout.state = CheckoutState.OPEN
    session.commit()
    return checkout.session_url


def _order(
    session: Session, checkout: Checkout, places: Places, article: str
) -> tuple[sessions.Order, OutgoingCall]:
    """What Stripe is asked for, and the row of the call, which fixes what could differ the second time."""
    order = sessions.Order(
        public_id=checkout.public_id,
        money=Money(checkout.amount, checkout.currency),
        interval=checkout.interval,
        product_id=products.IDS[checkout.interval],
        language=checkout.language,
        success_url=places.success_url,
        cancel_url=places.cancel_url,
        expires_at=checkout.created_at + sessions.LIFE,
        email=checkout.email,
        customer_id=_customer_of(session, checkout.patron_id),
        metadata=metadata_of(checkout, article),
    )
    fixed = {"cancel_url": order.cancel_url, "metadata": order.metadata, "customer_id": order.customer_id}
    call = outgoing.find_or_add(
        session,
        key=f"checkout:{checkout.public_id}:1",
        kind="checkout.open",
        subject=f"checkout:{checkout.public_id}",
        details=fixed,
    )
    return replace(order, **call.details), call


def _customer_of(session: Session, patron_id: int | None) -> str:
    """The Stripe customer of a patron who has signed in, so that one person stays one customer; "" if none."""
    if patron_id is None:
        return ""
    known = select(StripeCustomer.id).filter_by(patron_id=patron_id, is_deleted=False)
    found = session.scalars(
        known.where(StripeCustomer.id.startswith("cus_")).order_by(StripeCustomer.id).limit(1)
    )
    return found.one_or_none() or ""


def retire(session: Session, gateway: Gateway, checkout: Checkout) -> bool:
    """Close a checkout whose form now says something else, and free its form key; False if it was paid meanwhile.

    Commits before and after the call.

    Raises:
        GatewayUnavailable: Stripe cannot be asked; it may still be payable, so nothing new may be opened.
    """
    checkout_id = checkout.id
    session_id = _session_to_close(session, gateway, checkout)
    if session_id:
        call = outgoing.find_or_add(
            session,
            key=f"checkout:{session.get_one(Checkout, checkout_id).public_id}:expire",
            kind="checkout.expire",
            subject=session_id,
            details={},
        )
        try:
            outgoing.perform(session, call, lambda key: sessions.expire(gateway, session_id, key=key))
        except GatewayRefused:
            # Not open any more: paid in another tab, or run out by itself.
            if _is_complete(gateway, session_id):
                return False
    checkout = session.get_one(Checkout, checkout_id)
    checkout.state = CheckoutState.EXPIRED
    checkout.form_key = _hash(f"{checkout.form_key}:{checkout.public_id}")
    session.commit()
    return True


def _session_to_close(session: Session, gateway: Gateway, checkout: Checkout) -> str:
    """The id of the session at Stripe, also where its answer was lost; "" if there is none to be paid."""
    if checkout.state not in {CheckoutState.STARTED, CheckoutState.OPEN}:
        return ""
    if checkout.stripe_session_id:
        return checkout.stripe_session_id
    public_id, created_at = checkout.public_id, checkout.created_at
    session.commit()
    found = sessions.find(
        gateway,
        public_id,
        made_after=created_at - timedelta(minutes=2),
        made_before=clock.now() + timedelta(minutes=2),
    )
    return found.id if found else ""


def _is_complete(gateway: Gateway, session_id: str) -> bool:
    return bool(sessions.read(gateway, session_id).body["status"] == "complete")
