"""What follows from all facts, worked out anew in bulk: for a history just loaded, or when books are rebuilt.

The pure core is the same as for single events; only reading and writing go by the hundred customers. Writes into
derived tables that are empty for these customers.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from membership import clock
from membership.giving import belonging, deriving, facts, following, gathering, posting, recording, storing
from membership.giving.booking import Entry
from membership.giving.deriving import Derived
from membership.giving.posting import ENTRIES, LINES, Calendar
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
    _write_payments(session, people)
    write_entries(
        session,
        [
            entry
            for person in people
            for payment in person.facts.payments
            for entry in following.entries_of(person.facts, payment, person.derived)
        ],
        days,
    )
    enrolled = _enrol(session, people)
    shared = _shared(session, enrolled)
    _write_derived(session, {key: found[0] for key, found in enrolled.items() if key not in shared}, days)
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
    """The patrons among these with other customers: with them everything is worked out together."""
    table = belonging.CUSTOMERS
    query = select(table.c.patron_id, table.c.id).where(table.c.patron_id.in_(list(enrolled)))
    return {
        row.patron_id
        for row in session.connection().execute(query)
        if len(enrolled[row.patron_id]) > 1 or row.id not in enrolled[row.patron_id][0].customer_ids
    }


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


def _write_payments(session: Session, people: Iterable[_Person]) -> None:
    rows = [
        {"payment": key, "whose": owner, "at": person.derived.settled_at[key]}
        for person in people
        for key, owner in person.derived.owners.items()
    ]
    if rows:
        table = recording.PAYMENTS
        change = update(table).where(table.c.id == bindparam("payment"))
        change = change.values(owner=bindparam("whose"), settled_at=bindparam("at"))
        session.connection().execute(change, rows)


def write_entries(session: Session, entries: list[Entry], days: Calendar) -> None:
    """Add many entries with their lines."""
    if not entries:
        return
    rows = []
    for entry in entries:
        day = entry.on or days.day_of(entry.at)
        rows.append(
            {
                "kind": entry.kind,
                "stripe_id": entry.stripe_id,
                "at": entry.at,
                "effective_on": day,
                "booked_on": days.booked_on(day),
                "payment_id": entry.payment_id,
            }
        )
    connection = session.connection()
    ids = connection.execute(
        insert(ENTRIES).returning(ENTRIES.c.id, sort_by_parameter_order=True), rows
    ).scalars()
    lines = [
        line
        for entry, entry_id in zip(entries, ids, strict=True)
        for line in posting.lines_of(entry, entry_id)
    ]
    connection.execute(insert(LINES), lines)


def _write_derived(session: Session, enrolled: dict[int, _Person], days: Calendar) -> None:
    now = clock.now()
    coverage, movements = [], []
    for patron_id, person in enrolled.items():
        coverage += [recording.coverage_row(patron_id, stretch) for stretch in person.derived.coverage]
        for change in person.derived.movements:
            if change.at <= now:
                key = (change.subscription_id, change.kind, change.at, change.currency)
                movements.append(recording.movement_row(patron_id, key, change.twelfths, days))
        ahead = min((change.at for change in person.derived.movements if change.at > now), default=None)
        if ahead is not None:
            due.at(session, ahead, kind="giving.patron", key=str(patron_id))
    if coverage:
        session.connection().execute(insert(recording.COVERAGE), coverage)
    if movements:
        session.connection().execute(insert(recording.MOVEMENTS), movements)
