"""Which patron a customer at Stripe is: made when the first payment of ours has settled, never two for one address."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Select, Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from membership.giving import reading_list, storing
from membership.giving.facts import Customer, ToRead
from membership.giving.models import Checkout, Owner, Receipt, StripeCustomer
from membership.giving.movements import Movement
from membership.giving.story import PatronFacts
from membership.patrons import enrolling
from membership.patrons.models import Coverage, Patron

CUSTOMERS = cast("Table", StripeCustomer.__table__)
COVERAGE = cast("Table", Coverage.__table__)
MOVEMENTS = cast("Table", Movement.__table__)
RECEIPTS = cast("Table", Receipt.__table__)
_MOST_IDS = 500
_PATRONS_OF = select(CUSTOMERS.c.id, CUSTOMERS.c.patron_id).where(
    CUSTOMERS.c.id.in_(bindparam("ids", expanding=True))
)
_CUSTOMERS_OF_ALL = select(CUSTOMERS.c.patron_id, CUSTOMERS.c.id).where(
    CUSTOMERS.c.patron_id.in_(bindparam("ids", expanding=True))
)
_CUSTOMERS_OF = select(CUSTOMERS.c.id).where(CUSTOMERS.c.patron_id == bindparam("patron"))


@dataclass(frozen=True)
class Group:
    """A patron, if there is one yet, with all customers that are the same person."""

    patron_id: int | None
    customer_ids: tuple[str, ...]


def groups_of(session: Session, customer_ids: Collection[str]) -> list[Group]:
    """The people that customers are, each once, with all of their customers; patrons are locked."""
    connection = session.connection()
    ids = sorted(customer_ids)
    found = {row.id: row.patron_id for row in _in_parts(connection, _PATRONS_OF, ids)}
    patron_ids = sorted({patron_id for patron_id in found.values() if patron_id is not None})
    storing.lock(session, [f"patron:{patron_id}" for patron_id in patron_ids])
    customers: dict[int, list[str]] = defaultdict(list)
    for row in _in_parts(connection, _CUSTOMERS_OF_ALL, patron_ids):
        customers[row.patron_id].append(row.id)
    strangers = [Group(None, (customer,)) for customer in ids if found.get(customer) is None]
    return [*strangers, *(Group(patron_id, tuple(sorted(customers[patron_id]))) for patron_id in patron_ids)]


def _in_parts(connection: Connection, query: Select[Any], ids: Sequence[object]) -> Iterator[Any]:
    for start in range(0, len(ids), _MOST_IDS):
        yield from connection.execute(query, {"ids": ids[start : start + _MOST_IDS]})


def group_of_patron(session: Session, patron_id: int) -> Group:
    """A patron, locked until the transaction ends, with all customers."""
    storing.lock(session, [f"patron:{patron_id}"])
    ids = session.connection().execute(_CUSTOMERS_OF, {"patron": patron_id}).scalars()
    return Group(patron_id, tuple(sorted(ids)))


def enrol(session: Session, customer_id: str, facts: PatronFacts) -> Group | None:
    """Tie a customer to a patron once a payment of ours has settled; None while there is none."""
    first = min(
        (p for p in facts.payments if facts.owner_of(p) is Owner.OURS),
        key=lambda p: (facts.settled_at(p), p.id),
        default=None,
    )
    if first is None:
        return None
    known = storing.get(session, Customer, customer_id)
    if customer_id.startswith("cus_") and (known is None or not known.email):
        reading_list.add(session, ToRead(type="customer", id=customer_id, reason="address"))
    checkout = _checkout(session, facts)
    patron_id = _patron(session, checkout, known, facts.settled_at(first))
    if known is None:
        email, name = (checkout.email, checkout.name) if checkout is not None else (None, None)
        values = storing.row_of(Customer(id=customer_id, as_of=storing.EPOCH, email=email, name=name or None))
        session.connection().execute(insert(CUSTOMERS), {**values, "patron_id": patron_id})
    else:
        _bind(session, customer_id, patron_id)
    return group_of_patron(session, patron_id)


def _bind(session: Session, customer_id: str, patron_id: int) -> None:
    session.connection().execute(
        update(CUSTOMERS).where(CUSTOMERS.c.id == customer_id).values(patron_id=patron_id)
    )


def checkouts_of(facts: PatronFacts) -> list[str]:
    """The public ids of the checkouts that led to these facts, by Stripe's metadata."""
    told = {payment.checkout_public_id for payment in facts.payments}
    told |= {subscription.checkout_public_id for subscription in facts.subscriptions}
    told |= {invoice.checkout_public_id for invoice in facts.invoices}
    told |= {session.checkout_public_id for session in facts.sessions}
    return sorted(told - {""})


def _checkout(session: Session, facts: PatronFacts) -> Checkout | None:
    """The first checkout that led to these facts, by Stripe's metadata."""
    ids = checkouts_of(facts)
    if not ids:
        return None
    return session.scalars(
        select(Checkout)
        .where(Checkout.public_id.in_(ids))
        .order_by(Checkout.created_at, Checkout.id)
        .limit(1)
    ).one_or_none()


def _patron(session: Session, checkout: Checkout | None, known: Customer | None, at: datetime) -> int:
    if checkout is not None and checkout.patron_id is not None:
        return checkout.patron_id
    email, name = (checkout.email, checkout.name) if checkout is not None else (None, "")
    if known is not None:
        email, name = email or known.email, name or known.name or ""
    if email:
        storing.lock(session, [f"address:{email.strip().lower()}"])
    language = checkout.language if checkout is not None else "en"
    note = checkout.note if checkout is not None else ""
    newcomer = enrolling.Newcomer(email=email, name=name, language=language, at=at, note=note)
    return enrolling.make_many(session, [newcomer])[0]


def learn_address(session: Session, customer: Customer) -> None:
    """Give a patron without account the address that has become known.

    If that address has a patron already, they are one person: what was the nameless one's is then the other's.
    """
    row = session.execute(
        select(Patron, CUSTOMERS.c.id)
        .join(CUSTOMERS, CUSTOMERS.c.patron_id == Patron.id)
        .where(CUSTOMERS.c.id == customer.id, Patron.account_id.is_(None))
    ).first()
    if row is None or not customer.email:
        return
    patron: Patron = row[0]
    owner = enrolling.adopt_address(
        session, patron, email=customer.email, name=customer.name or "", language=patron.language
    )
    if owner is patron:
        return
    for table in (CUSTOMERS, COVERAGE, MOVEMENTS, RECEIPTS):
        session.connection().execute(
            update(table).where(table.c.patron_id == patron.id).values(patron_id=owner.id)
        )
    session.delete(patron)
    session.flush()
