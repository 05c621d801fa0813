"""A whole history of Stripe objects loaded at once: facts by the thousand, then what follows from them.

Takes the same objects, through the same parsers and the same pure core, as events do; it only writes in bulk. Meant for
a history that is not known yet (a demonstration, a bench); what is known already is giving.reconciling's.
Commits batch by batch.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from datetime import datetime
from itertools import islice
from typing import Any, cast

import structlog
from sqlalchemy import Table, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from membership import clock
from membership.giving import fees, measuring, ordering, parsing, posting, rederiving, storing
from membership.giving.facts import (
    BalanceTransaction,
    Customer,
    Fact,
    Observed,
    Payment,
    Subscription,
    SubscriptionState,
)
from membership.giving.fields import Json
from membership.giving.models import SubscriptionState as StateRow

log = structlog.get_logger(__name__)
AT_ONCE = 5_000
Progress = Callable[[str, int], None]
STATES = cast("Table", StateRow.__table__)


class AlreadyLoadedError(Exception):
    """An object is known already: a history is loaded once; giving.reconciling compares and repairs."""


def nothing(_what: str, _count: int) -> None:
    """Show no progress."""


def load(
    session: Session,
    objects: Iterable[Json],
    progress: Progress = nothing,
    *,
    as_of: datetime | None = None,
) -> dict[str, int]:
    """Load Stripe objects (sparse ones too) as facts, and derive all that follows; counts by what was written.

    `as_of` is the instant at which the objects were so (now unless given): what events tell of later ones holds
    against them. May be called for one part of a history after the other, each with all objects of its customers.
    `progress(what, count)` is told how many more objects were read and customers derived. Commits in steps.

    Raises:
        AlreadyLoadedError: an object is known already; what was committed before stays.
        UnreadableObjectError: an object lacks what must be there.
    """
    counts: dict[str, int] = defaultdict(int)
    customers: set[str] = set()
    transactions: list[BalanceTransaction] = []
    so_at = as_of or clock.now().replace(microsecond=0)
    for chunk in _chunks(objects):
        told = _merged(chunk, so_at)
        customers |= {fact.customer_id for fact in told if isinstance(fact, (Payment, Subscription))}
        transactions += [fact for fact in told if isinstance(fact, BalanceTransaction)]
        try:
            _write(session, told, counts)
        except IntegrityError:
            session.rollback()
            raise AlreadyLoadedError from None
        session.commit()
        progress("objects", len(chunk))
    counts["patrons"] = rederiving.rederive(session, customers, progress)
    posting.post_without_source(session, transactions, None)
    if transactions:
        fees.read_until(session, max(transaction.created for transaction in transactions))
    session.commit()
    return dict(counts)


def _chunks(objects: Iterable[Json]) -> Iterator[list[Json]]:
    iterator = iter(objects)
    while chunk := list(islice(iterator, AT_ONCE)):
        yield chunk


def _merged(chunk: list[Json], as_of: datetime) -> list[Observed]:
    """The facts of some objects, one for each object and each state."""
    facts: dict[tuple[type[Any], str], Fact] = {}
    states: dict[tuple[Any, ...], Observed] = {}
    for body in chunk:
        for fact in parsing.from_object(body, as_of):
            if isinstance(fact, SubscriptionState):
                states[fact.subscription_id, fact.as_of] = fact
            elif isinstance(fact, Fact):
                key = (type(fact), fact.id)
                facts[key] = ordering.merge(facts[key], fact) if key in facts else fact
    return [*facts.values(), *states.values()]


def _write(session: Session, told: list[Observed], counts: dict[str, int]) -> None:
    rows: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    ours = {fact.id for fact in told if isinstance(fact, Subscription) and fact.is_ours}
    for fact in told:
        if isinstance(fact, SubscriptionState):
            if fact.subscription_id in ours:
                rows[STATES].append({f.name: getattr(fact, f.name) for f in fields(fact)})
        elif isinstance(fact, Fact) and (not isinstance(fact, Subscription) or fact.is_ours):
            rows[storing.table_of(type(fact))].append(storing.row_of(fact))
    payments = rows.get(storing.table_of(Payment), [])
    measuring.measure_rows(session, payments)
    customers = storing.table_of(Customer)
    rows[customers] = _new_customers(session, rows.get(customers, []))
    for table, values in rows.items():
        if values:
            session.connection().execute(insert(table), values)
            counts[table.name] += len(values)


def _new_customers(session: Session, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Customers not written yet: a later charge may tell of one whom an earlier chunk told of."""
    table = storing.table_of(Customer)
    ids = [row["id"] for row in rows]
    known: set[str] = set()
    for start in range(0, len(ids), 500):
        known |= set(session.scalars(select(table.c.id).where(table.c.id.in_(ids[start : start + 500]))))
    return [row for row in rows if row["id"] not in known]
