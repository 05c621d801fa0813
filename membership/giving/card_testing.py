"""Against trying out stolen cards here (docs/trust.md, card testing): budgets, and what failures set off.

Payments may be begun so often per address of the network, per network, per e-mail address and over all. Patrons who
have signed in are known and have a budget of their own alone. When payments of strangers fail in a burst, or more are
begun than the site takes, protected mode begins by itself (newsroom.shield). A session in which one card after the
other fails is closed at Stripe, with all that its e-mail address has open, and the address rests for a day. A charge
for a gift that renews names no session; there its address alone is counted. Fails closed: without the database nothing
begins.
"""

from collections.abc import Iterable
from datetime import timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock, jobs, secrets
from membership.gateway import client as gateway
from membership.gateway.errors import STRIPES_OWN, GatewayUnavailable
from membership.giving import closing
from membership.giving.checkouts import PAYABLE
from membership.giving.facts import Fact, FailedCharge, Payment
from membership.giving.models import CallState, Checkout, OutgoingCall, StripeCustomer
from membership.giving.storing import Kept
from membership.newsroom import budgets, shield
from membership.newsroom.budgets import BudgetSpentError, Limit
from membership.newsroom.shield import Why
from membership.web.emails import AddressError, canonical

log = structlog.get_logger(__name__)

PER_CLIENT = Limit("checkouts_client", 5, 600)
PER_CLIENT_PROVEN = Limit("checkouts_client_proven", 40, 600)  # of those who share one way out
PER_NETWORK = Limit("checkouts_network", 40, 600)
PER_EMAIL = Limit("checkouts_email", 5, 600)
PER_PATRON = Limit("checkouts_patron", 20, 600)
OVERALL = Limit("checkouts_overall", 120, 60)
OVERALL_PROVEN = Limit("checkouts_overall_proven", 600, 60)
RESTING = Limit("checkouts_resting", 0, 86_400)

DEMO_TIMES = 100
"""A demonstration's cards are the sandbox's own: nothing to steal, and one person tries many."""

WINDOW_S = 600
SLOW_S = 3_600
MOST_FAILED = 5
"""So many cards that fail in one session, or for one e-mail address, within SLOW_S (twice that at most) close it."""
BURST_FAILED, BURST_PERCENT = 15, 30
"""Protected mode begins when so many have failed within WINDOW_S (twice that at most) that are so many of all tried."""
_NEWS = timedelta(hours=1)


def spend(
    session: Session,
    *,
    client: str,
    network: str,
    email_index: str,
    patron_id: int | None,
    times: int = 1,
    is_proven: bool = False,
) -> None:
    """Use one of each budget that applies. The caller commits, also when refused.

    `is_proven`: a person has been shown to sit there, so that a crowd of programs keeps nobody out.

    Raises:
        BudgetSpentError: one is used up.
    """
    if patron_id is not None:
        _spend(session, PER_PATRON, str(patron_id), times)
        return
    budgets.refuse_blocked(session, RESTING, email_index)
    try:
        _spend(session, OVERALL_PROVEN if is_proven else OVERALL, "all", times)
    except BudgetSpentError:
        shield.put_up(session, Why.CROWD)
        raise
    _spend(session, PER_NETWORK, network, times)
    _spend(session, PER_CLIENT_PROVEN if is_proven else PER_CLIENT, secrets.blind_index(client), times)
    _spend(session, PER_EMAIL, email_index, times)


def _spend(session: Session, limit: Limit, key: str, times: int) -> None:
    budgets.spend(session, Limit(limit.name, limit.most * times, limit.seconds), key)


def watch(session: Session, kept: Iterable[Kept[Fact]]) -> None:
    """Count payments of strangers that failed or came, and do what their number asks for. The caller commits."""
    since = clock.now() - _NEWS
    for fact in (one.after for one in kept if one.before is None):
        if isinstance(fact, Payment) and fact.charged_at > since and fact.marked_ours:
            budgets.count(session, "checkouts_paid", "all", seconds=WINDOW_S)
        elif isinstance(fact, FailedCharge) and fact.failed_at > since and _is_strangers(session, fact):
            _note_failure(session, fact)


def _is_strangers(session: Session, fact: FailedCharge) -> bool:
    """Whether a charge is of nobody whose money has come before: a renewal that fails is no card testing."""
    if fact.customer_id is None:
        return True
    known = select(StripeCustomer.patron_id).filter_by(id=fact.customer_id)
    return session.scalars(known).one_or_none() is None


def _note_failure(session: Session, fact: FailedCharge) -> None:
    failed = _count(session, "checkouts_failed", "all", seconds=WINDOW_S)
    tried = failed + budgets.counted(session, "checkouts_paid", "all", seconds=WINDOW_S)
    if failed >= BURST_FAILED and failed * 100 >= tried * BURST_PERCENT:
        shield.put_up(session, Why.FAILURES)
    named = session.scalars(select(Checkout).filter_by(public_id=fact.checkout_public_id)).one_or_none()
    address = _index_of(fact.email) if named is None else named.email_index
    of_its_address = _payable_of(session, address)
    if named is None and not of_its_address:
        return  # no try of ours
    of_session = 0 if named is None else _count(session, "session_failed", named.public_id, seconds=SLOW_S)
    of_address = _count(session, "address_failed", address, seconds=SLOW_S)
    if max(of_session, of_address) >= MOST_FAILED:
        _let_end(session, of_its_address if named is None else {named, *of_its_address})


def _index_of(email: str) -> str:
    """What an address that Stripe tells is found by; "" for none."""
    try:
        return secrets.blind_index(canonical(email))
    except AddressError:
        return ""


def _payable_of(session: Session, email_index: str) -> set[Checkout]:
    """What can be paid under an address, of nobody who has signed in."""
    found = select(Checkout).filter_by(email_index=email_index, patron_id=None)
    return set(session.scalars(found.where(Checkout.state.in_(PAYABLE)))) if email_index else set()


def _count(session: Session, name: str, key: str, *, seconds: int) -> int:
    """Count one more; how many within the last `seconds`, or somewhat longer."""
    budgets.count(session, name, key, seconds=seconds)
    return budgets.counted(session, name, key, seconds=seconds)


def _let_end(session: Session, found: Iterable[Checkout]) -> None:
    """Have the worker close sessions at Stripe, and let their address rest."""
    for checkout in sorted(found, key=lambda checkout: checkout.id):
        if checkout.stripe_session_id is None or checkout.patron_id is not None:
            continue
        budgets.block(session, RESTING, checkout.email_index)
        closing.let_end(session, checkout.stripe_session_id)
        jobs.wake(session, "sessions")


def end_all(session: Session) -> int:
    """Close at Stripe every session that must not be paid any more; how many. Commits for each.

    In it cards were tried out, or its form was sent with another choice while it was being opened.
    """
    waiting = select(OutgoingCall).where(
        OutgoingCall.kind == closing.KIND, OutgoingCall.state.in_((CallState.PENDING, CallState.UNKNOWN))
    )
    ended = 0
    for call in session.scalars(waiting.order_by(OutgoingCall.id).limit(100)).all():
        try:
            ended += closing.end(session, gateway.current(), call)
        except GatewayUnavailable as error:
            log.warning("session_is_closed_later", reason=error.reason)
            if error.reason != STRIPES_OWN:
                break  # Stripe cannot be reached, or wants to be asked less
    session.rollback()
    return ended
