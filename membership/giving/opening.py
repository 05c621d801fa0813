"""A checkout's session at Stripe: one to pay, and never two.

open_at_stripe   the page to pay on; the same one when asked again, read back when the answer was lost
retire           closes what was opened before the reader chose otherwise
note_opened      keeps a session that was made, unless it must not be paid any more

The first two commit around each call to Stripe.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from membership import clock
from membership.gateway import checkouts as sessions
from membership.gateway import products
from membership.gateway.client import Answer, Gateway
from membership.gateway.errors import STRIPES_OWN, GatewayRefused, GatewayUnavailable
from membership.giving import checkouts, closing, measuring, outgoing
from membership.giving.models import (
    CallState,
    Checkout,
    CheckoutState,
    Interval,
    OutgoingCall,
    StripeCustomer,
)
from membership.money import Money

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where Stripe leads the reader afterwards, built from the configured address, and what it calls the gift."""

    success_url: str
    cancel_url: str
    product_name: str


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
    """The address of the page on which to pay. Commits before and after each call.

    Everything sent follows from rows written before, so that a repeated call is the same to the letter. Where the form
    was meanwhile sent with another choice, that one's page is the one to pay on.

    Raises:
        GatewayUnavailable: no usable answer; the same form may be sent again.
        GatewayRefused: Stripe does not take it.
    """
    form_key = checkout.form_key
    url = checkout.session_url or _read_back(session, gateway, checkout)
    if url:
        return url
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
    return _note_open(session, gateway, checkout_id, form_key, answer)


def _read_back(session: Session, gateway: Gateway, checkout: Checkout) -> str:
    """The address of a session whose making Stripe itself answered with an error; "" if there is none.

    Such an error is given again under the same key for a day. So Stripe is searched, and only what is not there may be
    asked for with another key (`_key_of`).
    """
    newest = _openings(checkout).order_by(OutgoingCall.id.desc()).limit(1)
    call = session.scalars(newest).one_or_none()
    if call is None or call.state is not CallState.UNKNOWN or call.error != STRIPES_OWN:
        return ""
    checkout_id, form_key, call_id = checkout.id, checkout.form_key, call.id
    found = _find(session, gateway, checkout)
    call = session.get_one(OutgoingCall, call_id)
    if found is not None:
        call.state, call.result_id, call.error = CallState.DONE, found.id, ""
        return _note_open(session, gateway, checkout_id, form_key, found)
    if call.state is CallState.UNKNOWN:  # and nobody has found it meanwhile
        call.state, call.error = CallState.REFUSED, outgoing.NEVER_REACHED
    session.commit()
    return ""


def _openings(checkout: Checkout) -> Select[OutgoingCall]:
    return select(OutgoingCall).filter_by(kind="checkout.open", subject=f"checkout:{checkout.public_id}")


def _key_of(session: Session, checkout: Checkout) -> str:
    """The key to open a session with: another one only after Stripe was searched for what the last one made."""
    never_made = _openings(checkout).filter_by(state=CallState.REFUSED, error=outgoing.NEVER_REACHED)
    return f"checkout:{checkout.public_id}:{1 + len(session.scalars(never_made).all())}"


def _note_open(session: Session, gateway: Gateway, checkout_id: int, form_key: str, answer: Answer) -> str:
    """The address to pay at: of the session that was made, or of the one that has taken its place. Commits.

    Raises:
        GatewayUnavailable: another choice has taken its place, and is not open yet.
    """
    # Whoever retires it at this moment waits, or has done so before.
    checkout = session.get_one(Checkout, checkout_id, with_for_update=True)
    ending = note_opened(session, checkout, answer)
    if ending is None:
        session.commit()
        return checkout.session_url
    try:
        closing.end(session, gateway, ending)
    except GatewayUnavailable as error:
        log.warning("session_is_closed_later", reason=error.reason)
    in_its_place = session.scalars(select(Checkout).filter_by(form_key=form_key)).one_or_none()
    if in_its_place is None or not checkouts.is_payable(in_its_place) or not in_its_place.session_url:
        raise GatewayUnavailable("retired", is_unknown=False)
    return in_its_place.session_url


def note_opened(session: Session, checkout: Checkout, answer: Answer) -> OutgoingCall | None:
    """Keep the session that was made for a checkout, which the caller has locked; the caller commits.

    Gives None; or the row of its end, where it must not be paid: the checkout has been closed while Stripe was asked,
    or has another session.
    """
    if checkout.state in checkouts.PAYABLE and checkout.stripe_session_id in {None, answer.id}:
        checkout.stripe_session_id = answer.id
        checkout.session_url = str(answer.body.get("url") or "")
        checkout.state = CheckoutState.OPEN
        return None
    return closing.let_end(session, answer.id) if answer.body.get("status") == "open" else None


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
        key=_key_of(session, checkout),
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
    while True:
        session_id = _session_to_close(session, gateway, checkout)
        if session_id and not _expire(session, gateway, checkout_id, session_id):
            return False
        checkout = session.get_one(Checkout, checkout_id, with_for_update=True)
        if checkout.state is CheckoutState.COMPLETE:
            return False
        if checkout.state not in checkouts.PAYABLE or checkout.stripe_session_id in {None, session_id}:
            break  # otherwise the same form, sent before, has opened one since it was looked for
    checkouts.close(checkout)
    session.commit()
    return True


def _expire(session: Session, gateway: Gateway, checkout_id: int, session_id: str) -> bool:
    """Close a checkout's session; False if it was paid meanwhile. Commits around the call."""
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
        return not _is_complete(gateway, session_id)
    return True


def _session_to_close(session: Session, gateway: Gateway, checkout: Checkout) -> str:
    """The id of the session at Stripe, also where its answer was lost; "" if there is none to be paid."""
    if checkout.state not in checkouts.PAYABLE:
        return ""
    if checkout.stripe_session_id:
        return checkout.stripe_session_id
    found = _find(session, gateway, checkout)
    return found.id if found else ""


def _find(session: Session, gateway: Gateway, checkout: Checkout) -> Answer | None:
    """The session that was made for a checkout, searched for at Stripe. Commits before."""
    public_id, created_at = checkout.public_id, checkout.created_at
    session.commit()
    return sessions.find(
        gateway,
        public_id,
        made_after=created_at - timedelta(minutes=2),
        made_before=clock.now() + timedelta(minutes=2),
    )


def _is_complete(gateway: Gateway, session_id: str) -> bool:
    return bool(sessions.read(gateway, session_id).body["status"] == "complete")
