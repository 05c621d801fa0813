"""Which facts are kept on an account that others may share, and which customers a fact is about."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import BindParameter, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session

from membership.giving import facts, storing
from membership.giving.facts import Fact, SubscriptionState
from membership.giving.models import Checkout, Owner
from membership.patrons.models import Patron

PAYMENTS = storing.table_of(facts.Payment)
INVOICES = storing.table_of(facts.Invoice)
SUBSCRIPTIONS = storing.table_of(facts.Subscription)
REFUNDS = storing.table_of(facts.Refund)
DISPUTES = storing.table_of(facts.Dispute)
SESSIONS = storing.table_of(facts.CheckoutSession)
CUSTOMERS = storing.table_of(facts.Customer)


_WHO: BindParameter[str] = bindparam("customer")
_KNOWN = select(
    or_(
        exists().where(CUSTOMERS.c.id == _WHO),
        exists().where(SUBSCRIPTIONS.c.customer_id == _WHO),
        exists().where(SESSIONS.c.customer_id == _WHO),
        exists().where(PAYMENTS.c.customer_id == _WHO, PAYMENTS.c.owner != Owner.FOREIGN),
    )
)


def is_wanted(session: Session, fact: Fact | SubscriptionState) -> bool:
    """Whether a fact is ours or may turn out to be; of what is surely others' only money is kept."""
    match fact:
        case facts.Subscription():
            return fact.is_ours or _exists(session, SUBSCRIPTIONS.c.id == fact.id)
        case SubscriptionState():
            return False  # kept only together with its subscription
        case facts.CheckoutSession():
            return fact.is_ours or _is_our_checkout(session, fact.checkout_public_id)
        case facts.Customer():
            return _is_known(session, fact.id) and not _is_forgotten(session, fact.id)
        case _:
            return True


def kept_of(session: Session, before: facts.Payment | None, told: facts.Payment) -> facts.Payment:
    """What of a payment's snapshot is kept: of one that is known to be a stranger's no method and no card."""
    if before is None or before.method or not told.method:
        return told
    owner = (
        session.connection().execute(select(PAYMENTS.c.owner).where(PAYMENTS.c.id == told.id)).scalar_one()
    )
    return told.bare if owner is Owner.FOREIGN else told


def claimed(session: Session, invoice: facts.Invoice) -> facts.Invoice:
    """The invoice, ours where its subscription is: one that was adopted has bills from before it bore our mark."""
    if invoice.is_ours or not invoice.subscription_id:
        return invoice
    ours = (SUBSCRIPTIONS.c.id == invoice.subscription_id) & SUBSCRIPTIONS.c.is_ours
    return replace(invoice, is_ours=True) if _exists(session, ours) else invoice


def claim_invoices(session: Session, before: Fact | None, after: Fact) -> None:
    """Let the bills that are known of a subscription be ours as soon as it is."""
    if not isinstance(after, facts.Subscription):
        return
    was_ours = isinstance(before, facts.Subscription) and before.is_ours
    if after.is_ours and not was_ours:
        session.connection().execute(
            update(INVOICES)
            .where(INVOICES.c.subscription_id == after.id, INVOICES.c.is_ours.is_(False))
            .values(is_ours=True)
        )


def _exists(session: Session, where: Any) -> bool:  # noqa: ANN401 - any SQL condition
    return session.connection().execute(select(1).where(where).limit(1)).first() is not None


def _is_our_checkout(session: Session, public_id: str) -> bool:
    return bool(public_id) and _exists(session, Checkout.public_id == public_id)


def _is_known(session: Session, customer_id: str) -> bool:
    """Whether a customer has anything of ours, or money of which that is not told yet."""
    return bool(session.connection().execute(_KNOWN, {"customer": customer_id}).scalar_one())


def _is_forgotten(session: Session, customer_id: str) -> bool:
    """Whether a customer's patron has had all personal data deleted: names and addresses stay away."""
    is_theirs = (CUSTOMERS.c.id == customer_id, Patron.id == CUSTOMERS.c.patron_id)
    return _exists(session, exists().where(*is_theirs, Patron.deleted_at.is_not(None)))


def customers_of(session: Session, kept: Iterable[Fact]) -> set[str]:
    """The customers that facts are about, as far as it is known by now."""
    found: set[str] = set()
    for fact in kept:
        match fact:
            case facts.Payment() | facts.Subscription() | facts.Invoice() | facts.CheckoutSession():
                found.add(fact.customer_id)
            case facts.FailedCharge(customer_id=str(customer_id)):
                found.add(customer_id)
            case facts.Customer():
                found |= _customers(session, CUSTOMERS.c.id == fact.id, CUSTOMERS.c.id)
            case facts.InvoicePayment():
                found |= _customers(session, INVOICES.c.id == fact.invoice_id, INVOICES.c.customer_id)
            case facts.Refund(charge_id=charge_id) | facts.Dispute(charge_id=charge_id):
                found |= _customers(session, PAYMENTS.c.id == charge_id, PAYMENTS.c.customer_id)
            case facts.BalanceTransaction():
                found |= _of_transaction(session, fact)
    return found


def _customers(session: Session, where: Any, column: Any) -> set[str]:  # noqa: ANN401 - SQL
    return set(session.connection().execute(select(column).where(where)).scalars())


def _of_transaction(session: Session, fact: facts.BalanceTransaction) -> set[str]:
    """Whose payment, refund or dispute moved our balance: by what it names, or by what names it."""
    source = fact.source_id or ""
    found = _customers(
        session,
        or_(PAYMENTS.c.id == source, PAYMENTS.c.balance_transaction_id == fact.id),
        PAYMENTS.c.customer_id,
    )
    if found:
        return found
    moved_back = [
        (REFUNDS, or_(REFUNDS.c.id == source, REFUNDS.c.balance_transaction_id == fact.id)),
        (DISPUTES, DISPUTES.c.id == source),
    ]
    for table, where in moved_back:
        query = select(PAYMENTS.c.customer_id).join(table, table.c.charge_id == PAYMENTS.c.id).where(where)
        found |= set(session.connection().execute(query).scalars())
    return found
