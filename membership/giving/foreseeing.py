"""What the totals would be after adopting some subscriptions: worked out by the same pure core, nothing written."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock
from membership.accounts import enrolling as accounts
from membership.gateway.client import Gateway
from membership.giving import adopting, deriving, facts, totals
from membership.giving.adopting import Ready
from membership.giving.candidates import Candidate, Progress
from membership.giving.deriving import Derived
from membership.giving.facts import Observed
from membership.giving.models import StripeCustomer
from membership.giving.sources.members import Left
from membership.giving.story import PatronFacts
from membership.giving.totals import Totals
from membership.newsroom import settings_rows
from membership.patrons import queries, standing
from membership.patrons.models import Patron
from membership.web.emails import AddressError

_PLACES: dict[type[Any], str] = {
    facts.Subscription: "subscriptions",
    facts.SubscriptionState: "states",
    facts.Invoice: "invoices",
    facts.InvoicePayment: "invoice_payments",
    facts.Payment: "payments",
    facts.FailedCharge: "failed_charges",
    facts.Refund: "refunds",
    facts.Dispute: "disputes",
    facts.BalanceTransaction: "transactions",
}


def after_adopting(
    session: Session,
    gateway: Gateway,
    candidates: Sequence[Candidate],
    left: list[Left],
    progress: Progress,
) -> Totals:
    """The totals as they would be; reads the past of each candidate at Stripe, and adds to `left` what cannot be.

    Raises:
        GatewayUnavailable, GatewayRefused: Stripe cannot be read.
    """
    before, now = totals.current(session), clock.now()
    grace_days = settings_rows.current(session).grace_days
    session.rollback()  # no transaction is open while Stripe is asked
    recurring, covered = dict(before.recurring), set[str]()
    for batch in adopting.read(gateway, candidates, left, progress):
        for ready in batch:
            derived = deriving.derive(_facts(ready), grace_days=grace_days)
            _add(recurring, derived, now)
            if _covers(derived, now) and not _is_active(session, ready, now):
                covered.add(_person(ready))
        session.rollback()
    return replace(before, patrons=before.patrons + len(covered), recurring=dict(sorted(recurring.items())))


def _facts(ready: Ready) -> PatronFacts:
    """The facts of a customer as they will be once their subscriptions bear our mark."""
    found: dict[str, list[Observed]] = {name: [] for name in _PLACES.values()}
    for fact in (*(fact for one in ready.candidates for fact in one.told), *ready.past):
        if type(fact) in _PLACES:
            found[_PLACES[type(fact)]].append(
                replace(fact, is_ours=True) if isinstance(fact, facts.Subscription) else fact
            )
    return PatronFacts(**{name: tuple(those) for name, those in found.items()})  # type: ignore[arg-type]  # by type above


def _add(recurring: dict[str, int], derived: Derived, now: datetime) -> None:
    for change in derived.movements:
        if change.at <= now:
            recurring[change.currency] = recurring.get(change.currency, 0) + change.twelfths


def _covers(derived: Derived, now: datetime) -> bool:
    return any(stretch.starts_at <= now < stretch.ends_at for stretch in derived.coverage)


def _customers(ready: Ready) -> Iterable[facts.Customer]:
    return (fact for one in ready.candidates for fact in one.told if isinstance(fact, facts.Customer))


def _person(ready: Ready) -> str:
    """Who it is: two customers of one address are one."""
    return next((c.email.strip().lower() for c in _customers(ready) if c.email), ready.customer_id)


def _is_active(session: Session, ready: Ready, now: datetime) -> bool:
    """Whether somebody is an active patron already, by the customer or the address."""
    known = select(Patron.id).join(StripeCustomer, StripeCustomer.patron_id == Patron.id)
    patron_ids = set(session.scalars(known.where(StripeCustomer.id == ready.customer_id)))
    for customer in _customers(ready):
        try:
            account = accounts.by_email(session, customer.email) if customer.email else None
        except AddressError:
            continue
        patron = queries.of_account(session, account.id) if account is not None else None
        patron_ids |= {patron.id} if patron is not None else set()
    return any(standing.of(session, patron_id, now) is standing.Standing.ACTIVE for patron_id in patron_ids)
