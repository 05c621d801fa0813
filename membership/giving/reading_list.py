"""Objects at Stripe that must be read, since events alone do not tell them for certain."""

from typing import cast

from sqlalchemy import Table, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from membership import clock, jobs
from membership.giving.facts import Customer, Fact, Invoice, ToRead
from membership.giving.models import ObjectToRead, ReadingState

TABLE = cast("Table", ObjectToRead.__table__)
CONFLICT, FRAUD_WARNING = "conflict", "fraud_warning"
_TELLING = frozenset({CONFLICT, FRAUD_WARNING})
"""Reasons on which depends what is made of the answer; an object may be read for both, with a blank between."""
_KINDS = {
    "BalanceTransaction": "balance_transaction",
    "CheckoutSession": "checkout.session",
    "Customer": "customer",
    "Dispute": "dispute",
    "FailedCharge": "charge",
    "Invoice": "invoice",
    "InvoicePayment": "invoice_payment",
    "Payment": "charge",
    "Refund": "refund",
    "Subscription": "subscription",
}


def kind_of(fact: Fact) -> str:
    """Stripe's own word for the object that a fact is about."""
    return _KINDS[type(fact).__name__]


def check(session: Session, fact: Fact) -> None:
    """Ask for what a kept fact leaves open: which of two snapshots of one second holds, which charge failed."""
    if fact.is_stale and not (isinstance(fact, Customer) and fact.state_rank == 0):
        add(session, ToRead(type=kind_of(fact), id=fact.id, reason="stale"))
    if (
        isinstance(fact, Invoice)
        and fact.is_ours
        and fact.first_failed_at is not None
        and fact.status == "open"
    ):
        add(session, ToRead(type="invoice_payments_of", id=fact.id, reason="failed"))


def add(session: Session, wanted: ToRead) -> None:
    """Let an object be read by the worker. One that waits already is left as it is, but for reasons that tell more.

    The caller commits.
    """
    now, connection = clock.now(), session.connection()
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    added = connection.execute(
        insert(TABLE).on_conflict_do_nothing().returning(TABLE.c.id),
        {
            "type": wanted.type,
            "id": wanted.id,
            "reason": wanted.reason,
            "asked_at": now,
            "next_try_at": now,
            "tries": 0,
            "state": ReadingState.WAITING,
        },
    )
    if added.first() is not None:
        jobs.wake(session, "readings")
    elif wanted.reason in _TELLING:
        _add_reason(session, wanted)


def _add_reason(session: Session, wanted: ToRead) -> None:
    """Let an object that waits, or was given up, be read for one more reason, and now."""
    this = (TABLE.c.type == wanted.type, TABLE.c.id == wanted.id)
    known = session.scalars(select(TABLE.c.reason).where(*this).with_for_update()).one_or_none() or ""
    reasons = {*known.split()} & _TELLING | {wanted.reason}
    values = {
        "reason": " ".join(sorted(reasons)),
        "state": ReadingState.WAITING,
        "next_try_at": clock.now(),
    }
    session.execute(update(TABLE).where(*this).values(values))
    jobs.wake(session, "readings")
