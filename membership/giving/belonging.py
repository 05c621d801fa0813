"""Which patron a customer at Stripe is: made when the first payment of ours has settled, never two for one address."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Select, Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from membership.giving import gathering_own, reading_list, storing
from membership.giving.facts import Customer, ToRead
from membership.giving.models import Checkout, Owner, Receipt, StripeCustomer
from membership.giving.movements import Movement
from membership.giving.story import PatronFacts
from membership.newsroom import settings_rows
from membership.patrons import enrolling
from membership.patrons.models import Coverage, Grant, Patron

CUSTOMERS = cast("Table", StripeCustomer.__table__)
COVERAGE = cast("Table", Coverage.__table__)
MOVEMENTS = cast("Table", Movement.__table__)
RECEIPTS = cast("Table", Receipt.__table__)
GRANTS = cast("Table", Grant.__table__)
_MOST_IDS = 500
_PATRONS_OF = select(CUSTOMERS.c.id, CUSTOMERS.c.patron_id).where(
    CUSTOMERS.c.id.in_(bindparam("ids", expanding=True))
)
_CUSTOMERS_OF_ALL = select(CUSTOMERS.c.patron_id, CUSTOMERS.c.id).where(
    CUSTOMERS.c.patron_id.in_(bindparam("ids", expanding=True))
)
_BIND = update(CUSTOMERS).where(CUSTOMERS.c.id == bindparam("customer")).values(patron_id=bindparam("patron"))
CHECKOUTS = cast("Table", Checkout.__table__)
_CHECKOUT = [
    CHECKOUTS.c[name]
    for name in ("public_id", "created_at", "email", "name", "note", "language", "patron_id")
]
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


@dataclass(frozen=True, kw_only=True)
class Enrollee:
    """The customers of one person whose first payment of ours settled at an instant."""

    customer_ids: Sequence[str]
    facts: PatronFacts
    since: datetime


def enrollee(customer_ids: Sequence[str], facts: PatronFacts) -> Enrollee | None:
    """Somebody to be enrolled; None while no payment of ours has settled."""
    settled = [facts.settled_at(p) for p in facts.payments if facts.owner_of(p) is Owner.OURS]
    return Enrollee(customer_ids=customer_ids, facts=facts, since=min(settled)) if settled else None


def enrol(session: Session, customer_id: str, facts: PatronFacts) -> Group | None:
    """Tie a customer to a patron once a payment of ours has settled; None while there is none."""
    person = enrollee((customer_id,), facts)
    return None if person is None else group_of_patron(session, enrol_many(session, [person])[0])


def enrol_many(session: Session, people: Sequence[Enrollee]) -> list[int]:
    """Find or make the patrons of many people and tie their customers to them; their ids, in the same order.

    Several people may turn out to be one patron. The caller commits.
    """
    checkouts = _checkouts(session, people)
    known = _known(session, [customer_id for person in people for customer_id in person.customer_ids])
    first = [_first(person, checkouts) for person in people]
    language = settings_rows.current(session).default_language
    strangers = [n for n, row in enumerate(first) if row is None or row.patron_id is None]
    newcomers = [_newcomer(people[n], first[n], known, language) for n in strangers]
    made = dict(zip(strangers, enrolling.make_many(session, newcomers), strict=True))
    patron_ids = [made[n] if n in made else first[n].patron_id for n in range(len(people))]
    missing, bound = [], []
    for person, checkout, patron_id in zip(people, first, patron_ids, strict=True):
        for customer_id in person.customer_ids:
            if customer_id in known:
                bound.append({"customer": customer_id, "patron": patron_id})
            else:
                missing.append(_customer_row(customer_id, checkout) | {"patron_id": patron_id})
            if customer_id.startswith("cus_") and (customer_id not in known or not known[customer_id].email):
                reading_list.add(session, ToRead(type="customer", id=customer_id, reason="address"))
    if missing:
        session.connection().execute(insert(CUSTOMERS), missing)
    if bound:
        session.connection().execute(_BIND, bound)
    return patron_ids


def _customer_row(customer_id: str, checkout: Any) -> dict[str, Any]:  # noqa: ANN401 - a row of _checkouts
    email, name = (checkout.email, checkout.name or None) if checkout is not None else (None, None)
    return storing.row_of(Customer(id=customer_id, as_of=storing.EPOCH, email=email, name=name))


def _known(session: Session, customer_ids: Sequence[str]) -> dict[str, Customer]:
    query = storing.selection(Customer).where(CUSTOMERS.c.id.in_(customer_ids))
    return {customer.id: customer for customer in storing.read(session, Customer, query)}


def _newcomer(
    person: Enrollee,
    checkout: Any,  # noqa: ANN401 - a row of _checkouts
    known: dict[str, Customer],
    language: str,
) -> enrolling.Newcomer:
    """Who somebody says to be: first in our own form, else to Stripe."""
    met = [known[key] for key in person.customer_ids if key in known]
    email = next((customer.email for customer in met if customer.email), None)
    name = next((customer.name for customer in met if customer.name), "")
    if checkout is not None:
        email, name, language = checkout.email or email, checkout.name or name, checkout.language
    note = checkout.note if checkout is not None else ""
    return enrolling.Newcomer(email=email, name=name or "", language=language, at=person.since, note=note)


def checkouts_of(facts: PatronFacts) -> list[str]:
    """The public ids of the checkouts that led to these facts, by Stripe's metadata."""
    told = {payment.checkout_public_id for payment in facts.payments}
    told |= {subscription.checkout_public_id for subscription in facts.subscriptions}
    told |= {invoice.checkout_public_id for invoice in facts.invoices}
    told |= {session.checkout_public_id for session in facts.sessions}
    return sorted(told - {""})


def _first(person: Enrollee, checkouts: dict[str, Any]) -> Any:  # noqa: ANN401 - a row of _checkouts
    """The first checkout that led to somebody's facts, by Stripe's metadata; None if there is no row."""
    rows = [checkouts[key] for key in checkouts_of(person.facts) if key in checkouts]
    return min(rows, key=lambda row: (row.created_at, row.public_id), default=None)


def _checkouts(session: Session, people: Sequence[Enrollee]) -> dict[str, Any]:
    ids = sorted({key for person in people for key in checkouts_of(person.facts)})
    found: dict[str, Any] = {}
    for start in range(0, len(ids), 500):
        query = select(*_CHECKOUT).where(CHECKOUTS.c.public_id.in_(ids[start : start + 500]))
        found |= {row.public_id: row for row in session.connection().execute(query)}
    return found


def learn_address(session: Session, customer: Customer) -> None:
    """Give a patron without account the address that has become known.

    If that address has a patron already, they are one person: what was the nameless one's is then the other's.
    """
    row = session.execute(
        select(Patron, CUSTOMERS.c.id)
        .join(CUSTOMERS, CUSTOMERS.c.patron_id == Patron.id)
        .where(CUSTOMERS.c.id == customer.id, Patron.account_id.is_(None), Patron.deleted_at.is_(None))
    ).first()
    if row is None or not customer.email:
        return
    patron: Patron = row[0]
    owner = enrolling.adopt_address(
        session, patron, email=customer.email, name=customer.name or "", language=patron.language
    )
    if owner is patron:
        return
    columns = [
        table.c.patron_id
        for table in (CUSTOMERS, COVERAGE, MOVEMENTS, RECEIPTS, GRANTS, gathering_own.OFFLINE)
    ]
    for column in (*columns, gathering_own.GIVEN.c.claimed_by_id):
        session.connection().execute(
            update(column.table).where(column == patron.id).values({column.name: owner.id})
        )
    session.delete(patron)
    session.flush()
