"""Ledger entries that are missing, added: what facts ask for less what is booked. Nothing is ever changed.

Money booked before it was known whose it is stands in `unassigned`; once that is known, one more entry moves it. What
was booked on a day that turns out to be another's is taken from there and given to its own by a pair of entries.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Table, bindparam, insert, select
from sqlalchemy.orm import Session

from membership import clock
from membership.giving import sealing, storing
from membership.giving.booking import Entry, Line, entry_without_source
from membership.giving.facts import BalanceTransaction, Fact
from membership.giving.ledger import Book, EntryKind, LedgerEntry, LedgerLine, SealedMonth
from membership.giving.models import Owner
from membership.newsroom import settings_rows
from membership.newsroom.settings_rows import NewsroomSettings

ENTRIES = cast("Table", LedgerEntry.__table__)
LINES = cast("Table", LedgerLine.__table__)
_WITH_LINES = select(
    ENTRIES.c.kind,
    ENTRIES.c.stripe_id,
    ENTRIES.c.at,
    ENTRIES.c.effective_on,
    LINES.c.book,
    LINES.c.amount,
    LINES.c.currency,
).join(LINES, LINES.c.entry_id == ENTRIES.c.id)
_OF_PAYMENTS = _WITH_LINES.where(ENTRIES.c.payment_id.in_(bindparam("ids", expanding=True)))
_OF_OTHERS = _WITH_LINES.where(ENTRIES.c.stripe_id.in_(bindparam("ids", expanding=True)))
_ADD_ENTRIES = insert(ENTRIES).returning(ENTRIES.c.id, sort_by_parameter_order=True)
_UNSURE = frozenset({Book.UNASSIGNED, Book.FOREIGN})


@dataclass
class Calendar:
    """Days in the newsroom's time zone, and which of them are open to be booked on."""

    zone: ZoneInfo
    today: date
    read_sealed: Callable[[], set[date]]  # first days of sealed months

    @cached_property
    def sealed(self) -> set[date]:
        """The first days of sealed months; read only once somebody asks for an old day."""
        return self.read_sealed()

    def day_of(self, at: datetime) -> date:
        """The newsroom's day of an instant."""
        return at.astimezone(self.zone).date()

    def booked_on(self, day: date) -> date:
        """The day itself, or the first open day after it if its month is sealed."""
        if day > self.today - timedelta(days=sealing.OPEN_DAYS):
            return day  # no month seals so soon
        while day.replace(day=1) in self.sealed:
            day = sealing.next_month(day)
        return day


def calendar(session: Session, zone: ZoneInfo) -> Calendar:
    """The newsroom's calendar as it is now."""
    return Calendar(zone, clock.today(zone), lambda: _sealed(session))


def _sealed(session: Session) -> set[date]:
    """The sealed months; none is sealed before this transaction ends."""
    storing.lock_shared(session, sealing.LOCK)
    return set(session.scalars(select(SealedMonth.first_day)))


def post(session: Session, entries: Collection[Entry], days: Calendar) -> int:
    """Add what is not booked of these entries, and move what is now known to be somebody's; how many were added.

    The caller commits.
    """
    if not entries:
        return 0
    booked = _booked(session, entries)
    missing: list[Entry] = []
    for entry in entries:
        if (entry.kind, entry.stripe_id) not in booked:
            missing.append(entry)
            continue
        missing += _redated(entry, booked, days)
        if (moved := _assigned(entry, booked)) is not None:
            missing.append(moved)
    add(session, missing, days)
    return len(missing)


def post_without_source(session: Session, kept: Iterable[Fact], newsroom: NewsroomSettings | None) -> int:
    """Add the entries of balance transactions that are about no payment: payouts, Stripe's own fees."""
    transactions = [fact for fact in kept if isinstance(fact, BalanceTransaction)]
    entries = [entry for t in transactions if (entry := entry_without_source(t)) is not None]
    if not entries:
        return 0
    zone = (newsroom or settings_rows.current(session)).zone
    return post(session, entries, calendar(session, zone))


@dataclass
class _Booked:
    """An entry that is booked."""

    at: datetime
    on: date
    lines: list[Line] = field(default_factory=list)


_Books = dict[tuple[EntryKind, str], _Booked]


def _booked(session: Session, entries: Collection[Entry]) -> _Books:
    payments = sorted({entry.payment_id for entry in entries if entry.payment_id})
    others = sorted(entry.stripe_id for entry in entries if not entry.payment_id)
    found: _Books = {}
    connection = session.connection()
    for query, ids in ((_OF_PAYMENTS, payments), (_OF_OTHERS, others)):
        if ids:
            for kind, stripe_id, at, on, book, amount, currency in connection.execute(query, {"ids": ids}):
                entry = found.setdefault((kind, stripe_id), _Booked(at, on))
                entry.lines.append(Line(book, amount, currency))
    return found


def _redated(entry: Entry, booked: _Books, days: Calendar) -> list[Entry]:
    """The pair that moves what stands on one day to the day that is now known to be its own, if it is another.

    The instant of a charge is refined by seconds for nearly every payment, so only another day moves it; everything
    else is moved to its instant.
    """
    now, moves = booked[entry.kind, entry.stripe_id], 0
    while (later := booked.get((EntryKind.REDATED, _redated_id(entry, moves + 1, "to")))) is not None:
        now, moves = later, moves + 1
    is_there = entry.at == now.at or (
        entry.kind is EntryKind.CHARGE and days.day_of(entry.at) == days.day_of(now.at)
    )
    if is_there:
        return []
    sums = _sums(_standing(entry, booked))
    lines = [Line(book, amount, currency) for (book, currency), amount in sums.items()]
    back = [Line(line.book, -line.amount, line.currency) for line in lines]
    return [
        Entry(
            kind=EntryKind.REDATED,
            stripe_id=_redated_id(entry, moves + 1, end),
            at=at,
            payment_id=entry.payment_id,
            lines=tuple(moved),
            on=on,
        )
        for end, at, on, moved in (("from", now.at, now.on, back), ("to", entry.at, None, lines))
    ]


def _redated_id(entry: Entry, number: int, end: str) -> str:
    return f"{entry.kind}:{entry.stripe_id}:{number}:{end}"


def _standing(entry: Entry, booked: _Books) -> list[Line]:
    """The lines of an entry and of what has moved it between books since."""
    lines = list(booked[entry.kind, entry.stripe_id].lines)
    for owner in (Owner.FOREIGN, Owner.OURS):
        moved = booked.get((EntryKind.ASSIGNED, _moved_id(entry, owner)))
        lines += moved.lines if moved is not None else []
    return lines


def _assigned(entry: Entry, booked: _Books) -> Entry | None:
    """The entry that moves what was booked as unassigned or foreign to where it is now known to belong."""
    have = {key: amount for key, amount in _sums(_standing(entry, booked)).items() if key[0] in _UNSURE}
    want = {key: amount for key, amount in _sums(entry.lines).items() if key[0] in _UNSURE}
    if not have or have == want or any(book is Book.UNASSIGNED for book, _ in want):
        return None  # as it should be, or less is known now than was then: what is ours stays ours
    owner = Owner.FOREIGN if any(book is Book.FOREIGN for book, _ in want) else Owner.OURS
    if (EntryKind.ASSIGNED, _moved_id(entry, owner)) in booked:
        return None
    taken = [Line(book, -amount, currency) for (book, currency), amount in have.items()]
    given = [line for line in entry.lines if _is_side(line, entry)]
    return Entry(
        kind=EntryKind.ASSIGNED,
        stripe_id=_moved_id(entry, owner),
        at=entry.at,
        payment_id=entry.payment_id,
        lines=(*taken, *given),
    )


def _moved_id(entry: Entry, owner: Owner) -> str:
    return f"{entry.kind}:{entry.stripe_id}:{owner}"


def _sums(lines: Iterable[Line]) -> dict[tuple[Book, str], int]:
    sums: dict[tuple[Book, str], int] = defaultdict(int)
    for line in lines:
        sums[line.book, line.currency] += line.amount
    return {key: amount for key, amount in sums.items() if amount}


def _is_side(line: Line, entry: Entry) -> bool:
    """Whether a line is the one whose book depends on whose the money is."""
    if entry.kind is EntryKind.BALANCE:
        return line.book in {Book.FEES, Book.FOREIGN}
    return line.book not in {Book.CLEARING, Book.CONVERSION}


def add(session: Session, entries: Sequence[Entry], days: Calendar) -> None:
    """Add entries with their lines, one or thousands."""
    if not entries:
        return
    connection = session.connection()
    ids = connection.execute(_ADD_ENTRIES, [_row_of(entry, days) for entry in entries]).scalars()
    lines = [line for entry, entry_id in zip(entries, ids, strict=True) for line in lines_of(entry, entry_id)]
    connection.execute(insert(LINES), lines)


def _row_of(entry: Entry, days: Calendar) -> dict[str, Any]:
    day = entry.on or days.day_of(entry.at)
    return {
        "kind": entry.kind,
        "stripe_id": entry.stripe_id,
        "at": entry.at,
        "effective_on": day,
        "booked_on": days.booked_on(day),
        "payment_id": entry.payment_id,
    }


def lines_of(entry: Entry, entry_id: int) -> list[dict[str, Any]]:
    """The rows of an entry's lines."""
    return [
        {
            "entry_id": entry_id,
            "number": number,
            "book": line.book,
            "amount": line.amount,
            "currency": line.currency,
        }
        for number, line in enumerate(entry.lines, start=1)
    ]
