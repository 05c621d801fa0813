"""Gifts credited to the appeal's slot that brought them: the daily totals of appeals, kept current by the applier.

What a checkout has brought follows from all facts of a person, and only the difference to what was credited before is
added, in the same transaction: any order and repetition of events ends in the same totals. A payment is credited to
the checkout that began it (giving.origins); renewals are, refunds and disputes are taken off.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from membership.appeals.models import Showing
from membership.appeals.totals import DailyGifts
from membership.giving import deriving, origins
from membership.giving.deriving import Derived
from membership.giving.facts import Payment
from membership.giving.ledger import Book
from membership.giving.models import Checkout, Owner
from membership.giving.slot_credits import SlotCredit
from membership.giving.story import PatronFacts

CREDITS = cast("Table", SlotCredit.__table__)
TOTALS = cast("Table", DailyGifts.__table__)
AT_ONCE = 500
KEPT = frozenset({Book.GIFTS, Book.REFUNDED, Book.DISPUTED})
_OF_CUSTOMERS = select(CREDITS).where(CREDITS.c.customer_id.in_(bindparam("ids", expanding=True)))
_PLACES = (
    select(Checkout.public_id, Checkout.created_at, Showing.id)
    .join(Showing, Showing.public_id == Checkout.slot)
    .where(Checkout.public_id.in_(bindparam("ids", expanding=True)), Checkout.slot != "")
)
_ADD = (
    update(TOTALS)
    .where(
        TOTALS.c.showing_id == bindparam("slot"),
        TOTALS.c.day == bindparam("on"),
        TOTALS.c.currency == bindparam("in_"),
    )
    .values(gifts=TOTALS.c.gifts + bindparam("more"), amount=TOTALS.c.amount + bindparam("money"))
)
Key = tuple[str, str, str]
"""Checkout, customer and currency: what is kept of one never depends on another person's facts."""
Total = tuple[int, date, str]
"""Slot, day and currency."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a checkout is credited."""

    showing_id: int
    day: date


def brought(known: PatronFacts, derived: Derived) -> dict[Key, int]:
    """What is kept, in minor units, of the payments of ours that checkouts have led to."""
    found: dict[Key, int] = defaultdict(int)
    began = origins.by_facts(known)
    for payment in known.payments:
        if derived.owners[payment.id] is Owner.OURS and payment.id in began:
            key = began[payment.id], payment.customer_id, payment.currency
            found[key] += _kept(known, derived, payment)
    return found


def credit(session: Session, people: Iterable[tuple[PatronFacts, Derived]], zone: ZoneInfo) -> None:
    """Bring the daily totals up to date for some people, all of whose facts are given. The caller commits."""
    customers: set[str] = set()
    wanted: dict[Key, int] = {}
    for known, derived in people:
        if any(payment.checkout_public_id for payment in known.payments) or any(
            subscription.checkout_public_id for subscription in known.subscriptions
        ):
            customers |= {payment.customer_id for payment in known.payments}
            wanted |= brought(known, derived)
    if not customers:
        return
    standing = {
        (row.checkout_public_id, row.customer_id, row.currency): row
        for part in _parts(customers)
        for row in session.connection().execute(_OF_CUSTOMERS, {"ids": part})
    }
    places = {key[0]: _Place(row.showing_id, row.day) for key, row in standing.items()}
    places |= _places(session, {key[0] for key in wanted} - places.keys(), zone)
    rows: list[dict[str, Any]] = []
    differences: dict[Total, list[int]] = defaultdict(lambda: [0, 0])
    for key in sorted(wanted.keys() | standing.keys()):
        before, place = standing.get(key), places.get(key[0])
        amount = wanted.get(key, 0)
        gifts = int(amount > 0)
        had = (before.gifts, before.amount) if before is not None else (0, 0)
        if place is None or had == (gifts, amount):
            continue
        rows.append(_row(key, place, gifts, amount))
        difference = differences[place.showing_id, place.day, key[2]]
        difference[0] += gifts - had[0]
        difference[1] += amount - had[1]
    _write(session, rows, differences)


def _kept(known: PatronFacts, derived: Derived, payment: Payment) -> int:
    """What the ledger keeps of a payment after refunds and disputes, in its own minor units."""
    lines = [line for entry in deriving.entries_of(known, payment, derived) for line in entry.lines]
    return sum(-line.amount for line in lines if line.book in KEPT and line.currency == payment.currency)


def _places(session: Session, checkouts: set[str], zone: ZoneInfo) -> dict[str, _Place]:
    """Slot and day of those checkouts that came by a slot."""
    return {
        row.public_id: _Place(row.id, row.created_at.astimezone(zone).date())
        for part in _parts(checkouts)
        for row in session.connection().execute(_PLACES, {"ids": part})
    }


def _row(key: Key, place: _Place, gifts: int, amount: int) -> dict[str, Any]:
    checkout, customer, currency = key
    named = {"checkout_public_id": checkout, "customer_id": customer, "currency": currency}
    return {**named, "showing_id": place.showing_id, "day": place.day, "gifts": gifts, "amount": amount}


def _write(session: Session, rows: list[dict[str, Any]], differences: dict[Total, list[int]]) -> None:
    connection = session.connection()
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    if rows:
        kept = insert(CREDITS)
        changed = {name: kept.excluded[name] for name in ("gifts", "amount")}
        keys = ["checkout_public_id", "customer_id", "currency"]
        connection.execute(kept.on_conflict_do_update(index_elements=keys, set_=changed), rows)
    # In one order everywhere, so that no two transactions wait for each other.
    totals = [
        {"slot": showing_id, "on": day, "in_": currency, "more": gifts, "money": amount}
        for (showing_id, day, currency), (gifts, amount) in sorted(differences.items())
        if gifts or amount
    ]
    if totals:
        begun = [
            {"showing_id": one["slot"], "day": one["on"], "currency": one["in_"], "gifts": 0, "amount": 0}
            for one in totals
        ]
        connection.execute(insert(TOTALS).on_conflict_do_nothing(), begun)
        connection.execute(_ADD, totals)


def _parts(ids: Iterable[str]) -> Iterator[list[str]]:
    in_order = sorted(ids)
    for start in range(0, len(in_order), AT_ONCE):
        yield in_order[start : start + AT_ONCE]
