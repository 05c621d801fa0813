"""The facts about the customers of one patron, each table read once."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar, cast

from sqlalchemy import Select, Table, bindparam, select
from sqlalchemy.orm import Session

from membership.giving import facts, models, storing
from membership.giving.facts import Fact, SubscriptionState
from membership.giving.story import PatronFacts

FactT = TypeVar("FactT", bound=Fact)
TABLES = {kind.__name__: storing.table_of(kind) for kind in storing.TABLES}
_SELECTIONS = {kind.__name__: storing.selection(kind) for kind in storing.TABLES}
STATES = cast("Table", models.SubscriptionState.__table__)
_STATES = select(*(STATES.c[field.name] for field in fields(SubscriptionState))).where(
    STATES.c.subscription_id.in_(bindparam("values", expanding=True))
)


def of_customers(session: Session, customer_ids: Collection[str]) -> PatronFacts:
    """All facts about some customers; about ten queries, fewer where there is no subscription or no payment."""
    ids = sorted(customer_ids)
    payments = _where(session, facts.Payment, "customer_id", ids)
    if not payments:
        return PatronFacts()  # nothing follows from what nobody has paid for
    invoices = _where(session, facts.Invoice, "customer_id", ids)
    subscriptions = _where(session, facts.Subscription, "customer_id", ids)
    charges = [payment.id for payment in payments]
    refunds = _where(session, facts.Refund, "charge_id", charges)
    disputes = _where(session, facts.Dispute, "charge_id", charges)
    joints = _where(session, facts.InvoicePayment, "invoice_id", [invoice.id for invoice in invoices])
    failed = _where(session, facts.FailedCharge, "payment_intent_id", [j.payment_intent_id for j in joints])
    return PatronFacts(
        subscriptions=subscriptions,
        states=_states(session, [subscription.id for subscription in subscriptions]),
        invoices=invoices,
        invoice_payments=joints,
        payments=payments,
        failed_charges=failed,
        refunds=refunds,
        disputes=disputes,
        transactions=_transactions(session, payments, refunds, disputes),
        sessions=_sessions(session, ids, payments, joints),
    )


def by_customer(session: Session, customer_ids: Collection[str]) -> dict[str, PatronFacts]:
    """The facts of many customers at once, apart by customer."""
    whole = of_customers(session, customer_ids)
    owner = {payment.id: payment.customer_id for payment in whole.payments}
    owner |= {invoice.id: invoice.customer_id for invoice in whole.invoices}
    owner |= {subscription.id: subscription.customer_id for subscription in whole.subscriptions}
    by_intent = {joint.payment_intent_id: owner[joint.invoice_id] for joint in whole.invoice_payments}
    moved = {payment.id: payment.id for payment in whole.payments}
    moved |= {refund.id: refund.charge_id for refund in whole.refunds}
    moved |= {dispute.id: dispute.charge_id for dispute in whole.disputes}
    named = {payment.balance_transaction_id: payment.id for payment in whole.payments}
    named |= {refund.balance_transaction_id: refund.charge_id for refund in whole.refunds}
    named |= {refund.failure_transaction_id: refund.charge_id for refund in whole.refunds}
    parts: dict[str, dict[str, list[Any]]] = {key: defaultdict(list) for key in customer_ids}
    places: list[tuple[str, Iterable[Any], Callable[[Any], str]]] = [
        ("subscriptions", whole.subscriptions, lambda fact: fact.customer_id),
        ("states", whole.states, lambda fact: owner[fact.subscription_id]),
        ("invoices", whole.invoices, lambda fact: fact.customer_id),
        ("invoice_payments", whole.invoice_payments, lambda fact: owner[fact.invoice_id]),
        ("payments", whole.payments, lambda fact: fact.customer_id),
        ("failed_charges", whole.failed_charges, lambda fact: by_intent[fact.payment_intent_id]),
        ("refunds", whole.refunds, lambda fact: owner[fact.charge_id]),
        ("disputes", whole.disputes, lambda fact: owner[fact.charge_id]),
        ("transactions", whole.transactions, lambda fact: owner[named.get(fact.id) or moved[fact.source_id]]),
        ("sessions", whole.sessions, lambda fact: fact.customer_id),
    ]
    for name, found, customer_of in places:
        for fact in found:
            parts[customer_of(fact)][name].append(fact)
    return {
        key: PatronFacts(**{name: tuple(found) for name, found in part.items()})
        for key, part in parts.items()
    }


def together(parts: Collection[PatronFacts]) -> PatronFacts:
    """The facts of several customers as those of one person, as `of_customers` gives them."""
    names = [field.name for field in fields(PatronFacts)]
    found = {name: tuple(fact for part in parts for fact in getattr(part, name)) for name in names}
    if not found["payments"]:
        return PatronFacts()  # nothing follows from what nobody has paid for
    if not _need_sessions(found["payments"], found["invoice_payments"]):
        found["sessions"] = ()
    return PatronFacts(**found)


@cache
def _query(kind: str, column: str) -> Select[Any]:
    """Built once: building a statement costs more than running it."""
    table = TABLES[kind]
    return _SELECTIONS[kind].where(table.c[column].in_(bindparam("values", expanding=True)))


def _where(session: Session, kind: type[FactT], column: str, values: list[str]) -> tuple[FactT, ...]:
    if not values:
        return ()
    return tuple(storing.read(session, kind, _query(kind.__name__, column), {"values": values}))


def _states(session: Session, subscription_ids: list[str]) -> tuple[SubscriptionState, ...]:
    if not subscription_ids:
        return ()
    rows = session.connection().execute(_STATES, {"values": subscription_ids}).mappings()
    return tuple(SubscriptionState(**row) for row in rows)


def _sessions(
    session: Session,
    customer_ids: list[str],
    payments: tuple[facts.Payment, ...],
    joints: tuple[facts.InvoicePayment, ...],
) -> tuple[facts.CheckoutSession, ...]:
    """The Checkout sessions, if some payment is told to be ours by nothing else."""
    if not _need_sessions(payments, joints):
        return ()
    return _where(session, facts.CheckoutSession, "customer_id", customer_ids)


def _need_sessions(payments: Collection[facts.Payment], joints: Collection[facts.InvoicePayment]) -> bool:
    """Whether some payment is told to be ours by neither its mark nor its invoice."""
    joined = {joint.payment_intent_id for joint in joints}
    return not all(payment.marked_ours or payment.payment_intent_id in joined for payment in payments)


def _transactions(
    session: Session,
    payments: tuple[facts.Payment, ...],
    refunds: tuple[facts.Refund, ...],
    disputes: tuple[facts.Dispute, ...],
) -> tuple[facts.BalanceTransaction, ...]:
    """The balance transactions of payments, refunds and disputes: those that they name, and those that name them.

    Which one a charge names is told by an event that may be missed; that it names the charge is its own word.
    """
    named = {p.balance_transaction_id for p in payments} | {r.balance_transaction_id for r in refunds}
    named |= {r.failure_transaction_id for r in refunds}
    found = _where(session, facts.BalanceTransaction, "id", sorted(name for name in named if name))
    known = {transaction.id for transaction in found}
    sources = [payment.id for payment in payments if payment.balance_transaction_id not in known]
    sources += [refund.id for refund in refunds] + [dispute.id for dispute in disputes]
    by_source = _where(session, facts.BalanceTransaction, "source_id", sources)
    return tuple({transaction.id: transaction for transaction in (*found, *by_source)}.values())
