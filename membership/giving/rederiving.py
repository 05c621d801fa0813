"""What follows from all facts, worked out anew in bulk: for a history just loaded, or when books are rebuilt.

The pure core and what writes are the same as for single events; they only go by the hundred customers. No payment of
these customers is in the ledger yet. Commits batch by batch.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock
from membership.giving import (
    belonging,
    crediting,
    crediting_slots,
    deriving,
    facts,
    following,
    gathering,
    gathering_own,
    noticing,
    posting,
    recording,
    storing,
)
from membership.giving.deriving import Derived
from membership.giving.posting import Calendar
from membership.giving.story import PatronFacts
from membership.newsroom import due, settings_rows
from membership.newsroom.settings_rows import NewsroomSettings

AT_ONCE = 200


@dataclass(frozen=True)
class _Person:
    """The customers of one patron to be, their facts, and what follows."""

    customer_ids: list[str]
    facts: PatronFacts
    derived: Derived


def rederive(session: Session, customer_ids: Iterable[str], progress: Callable[[str, int], None]) -> int:
    """Work out patrons, coverage, ledger and movements of new customers; how many patrons. Commits in steps."""
    newsroom = settings_rows.current(session)
    days = posting.calendar(session, newsroom.zone)
    patrons: set[int] = set()
    for part in _batches(session, set(customer_ids)):
        patrons |= _rederive(session, part, days, newsroom)
        session.commit()
        progress("customers", len(part))
    return len(patrons)


def _batches(session: Session, customer_ids: set[str]) -> list[list[str]]:
    """Customers in batches; those of one address are in one."""
    table = storing.table_of(facts.Customer)
    index_of: dict[str, str] = {}
    ids = sorted(customer_ids)
    for start in range(0, len(ids), 500):
        query = select(table.c.id, table.c.email_index).where(table.c.id.in_(ids[start : start + 500]))
        index_of |= {row.id: row.email_index for row in session.execute(query)}
    batches: list[list[str]] = []
    last = None
    for index, customer_id in sorted((index_of.get(customer_id) or "", customer_id) for customer_id in ids):
        is_full = not batches or len(batches[-1]) >= AT_ONCE
        if is_full and not (index and index == last):
            batches.append([])
        batches[-1].append(customer_id)
        last = index
    return batches


def _rederive(
    session: Session, customer_ids: list[str], days: Calendar, newsroom: NewsroomSettings
) -> set[int]:
    grouped = _by_patron(session, gathering.by_customer(session, customer_ids))
    people = [
        _Person(ids, known, deriving.derive(known, grace_days=newsroom.grace_days))
        for ids, known in grouped.values()
    ]
    recording.write_payments(session, [person.derived for person in people])
    posting.add(
        session,
        [
            entry
            for person in people
            for payment in person.facts.payments
            for entry in deriving.entries_of(person.facts, payment, person.derived)
        ],
        days,
    )
    enrolled = _enrol(session, people)
    shared = _shared(session, enrolled)
    told = [(person.facts, person.derived) for person in people]
    crediting.credit(session, told)
    crediting_slots.credit(session, told, newsroom.zone)
    alone = {key: found[0].derived for key, found in enrolled.items() if key not in shared}
    following.record(session, alone, days)
    subscriptions = [s for person in people for s in person.facts.subscriptions]
    due.at_many(session, noticing.appointments(subscriptions, clock.now()))
    for patron_id in sorted(shared):
        following.rederive_patron(session, patron_id, newsroom, mails=False)
    return set(enrolled)


def _enrol(session: Session, people: Iterable[_Person]) -> dict[int, list[_Person]]:
    """Make the patrons, tie their customers to them; those who turned out to be one patron together."""
    wanted = [(belonging.enrollee(person.customer_ids, person.facts), person) for person in people]
    ours = [(found, person) for found, person in wanted if found is not None]
    patron_ids = belonging.enrol_many(session, [found for found, _ in ours])
    enrolled: dict[int, list[_Person]] = defaultdict(list)
    for patron_id, (_, person) in zip(patron_ids, ours, strict=True):
        enrolled[patron_id].append(person)
    return enrolled


def _shared(session: Session, enrolled: dict[int, list[_Person]]) -> set[int]:
    """The patrons among these of whom more is known already: with it everything is worked out together."""
    table, ids = belonging.CUSTOMERS, list(enrolled)
    query = select(table.c.patron_id, table.c.id).where(table.c.patron_id.in_(ids))
    with_other_customers = {
        row.patron_id
        for row in session.connection().execute(query)
        if len(enrolled[row.patron_id]) > 1 or row.id not in enrolled[row.patron_id][0].customer_ids
    }
    return with_other_customers | gathering_own.of_patrons(session, ids).keys()


def _by_patron(
    session: Session, by_customer: dict[str, PatronFacts]
) -> dict[str, tuple[list[str], PatronFacts]]:
    """Facts of customers that have one address (or one patron) together."""
    table = storing.table_of(facts.Customer)
    query = select(table.c.id, table.c.email_index).where(table.c.id.in_(list(by_customer)))
    index_of = {row.id: row.email_index for row in session.execute(query)}
    groups: dict[str, list[str]] = defaultdict(list)
    for customer_id in by_customer:
        groups[index_of.get(customer_id) or customer_id].append(customer_id)
    return {
        key: (ids, gathering.together([by_customer[customer_id] for customer_id in ids]))
        for key, ids in groups.items()
    }
