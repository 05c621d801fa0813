"""Members of other platforms, row by row from their file: looked at as a whole first, taken some at a time after that.

Each batch is taken as a whole or not at all; the same file again changes nothing, so a run that was cut off is simply
run again. Nobody is mailed. Commits by batches.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from hashlib import blake2b
from itertools import islice
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock, db
from membership.giving import totals
from membership.giving.candidates import Progress
from membership.giving.sources.members import Left, Member, Told
from membership.giving.totals import Totals
from membership.newsroom import settings_rows
from membership.newsroom.settings_rows import NewsroomSettings
from membership.patrons import elsewhere, enrolling, granting, queries
from membership.patrons.elsewhere import Outcome, Supporter
from membership.patrons.granting import Award
from membership.patrons.models import Grant

AT_ONCE = 500
"""How many rows share a transaction."""
COMPLIMENTARY = "Complimentary in Ghost"
Read = Callable[[], Iterator[Told]]
"""Reads a file from its beginning."""
T = TypeVar("T")


@dataclass
class MovedIn:
    """What a file would bring or has brought."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    left: list[Left] = field(default_factory=list)

    def add(self, batch: list[tuple[int, Supporter]], outcomes: list[Outcome]) -> None:
        """Take what became of some rows."""
        self.outcomes.update(outcome for outcome in outcomes if outcome is not Outcome.REVOKED)
        self.left += [
            Left(row, "staff ended what was granted for it")
            for (row, _), outcome in zip(batch, outcomes, strict=True)
            if outcome is Outcome.REVOKED
        ]


def unique(told: Iterable[Told]) -> Iterator[Told]:
    """The same, but of an address or a customer that stands there twice only the first is taken."""
    seen: dict[bytes, int] = {}
    for one in told:
        if isinstance(one, Member):
            keys = [_digest(key) for key in (one.email, one.customer_id) if key]
            first = next((seen[key] for key in keys if key in seen), None)
            if first is not None:
                yield Left(one.row, f"it is of the same person as row {first}")
                continue
            seen |= dict.fromkeys(keys, one.row)
        yield one


def _digest(key: str) -> bytes:
    """A million of these fit into memory."""
    return blake2b(key.encode(), digest_size=8).digest()


def look(session: Session, read: Read, progress: Progress) -> tuple[MovedIn, Totals]:
    """What a file of people who pay elsewhere would bring, and the totals after it. Reads only.

    Raises:
        ImportFileError: the file cannot be read.
    """
    found, after = MovedIn(), totals.current(session)
    for batch in _batches(session, read, found, progress):
        foreseen = elsewhere.foresee(session, [supporter for _row, supporter in batch])
        session.rollback()
        found.add(batch, foreseen.outcomes)
        after = replace(
            after,
            patrons=after.patrons + foreseen.active,
            elsewhere=after.elsewhere + foreseen.elsewhere,
        )
    return found, after


def take(session: Session, read: Read, progress: Progress) -> MovedIn:
    """Mark and cover those of a file who pay elsewhere, to the day they are paid to. Commits by batches.

    Raises:
        ImportFileError: the file cannot be read to its end; nothing was taken.
    """
    count = _read_through(read, progress)
    done = MovedIn()
    for batch in _batches(session, read, done, progress, f"of {count:,} rows"):
        supporters = [supporter for _row, supporter in batch]
        done.add(batch, db.run_unit(session, partial(elsewhere.take, session, supporters)))
    return done


def _read_through(read: Read, progress: Progress) -> int:
    """How many rows there are; who gets the number knows that all of them can be read."""
    count = 0
    for part in _parts(read()):
        count += len(part)
        progress("rows read", len(part))
    return count


def _batches(
    session: Session, read: Read, found: MovedIn, progress: Progress, what: str = "rows"
) -> Iterator[list[tuple[int, Supporter]]]:
    """The supporters of a file with their rows, AT_ONCE at a time; what is not taken goes to `found`."""
    newsroom, now = settings_rows.current(session), clock.now()
    session.rollback()
    for part in _parts(unique(read())):
        judged = [_judged(one, newsroom, now) if isinstance(one, Member) else one for one in part]
        found.left += [one for one in judged if isinstance(one, Left)]
        yield [one for one in judged if not isinstance(one, Left)]
        progress(what, len(part))


def _parts(told: Iterator[T]) -> Iterator[list[T]]:
    while part := list(islice(told, AT_ONCE)):
        yield part


def _judged(member: Member, newsroom: NewsroomSettings, now: datetime) -> tuple[int, Supporter] | Left:
    ends_at = _ends_at(member, newsroom, now)
    if isinstance(ends_at, Left):
        return ends_at
    return member.row, Supporter(
        email=member.email,
        name=member.name,
        language=member.language or newsroom.default_language,
        platform=member.platform,
        paid_until=ends_at,
    )


def _ends_at(member: Member, newsroom: NewsroomSettings, now: datetime) -> datetime | Left:
    """The instant at which the last paid day ends, if it lies ahead and not too far."""
    day = member.paid_through
    if day is None or day.year > now.year + 10:
        return Left(member.row, "it is paid to a day more than five years ahead")
    ends_at = granting.ends_with(day, newsroom)
    if ends_at <= now:
        return Left(member.row, f"what was paid ran out on {day:%Y-%m-%d}")
    if ends_at > now + granting.MOST_AHEAD:
        return Left(member.row, "it is paid to a day more than five years ahead")
    return ends_at


def newly_active(session: Session, members: list[Member]) -> int:
    """How many members would be active patrons by a grant who are not yet. Reads only."""
    addresses = {member.email for member in members}
    active = queries.active_addresses(session, addresses, clock.now())
    session.rollback()
    return len(addresses - active)


def grant_complimentary(session: Session, members: list[Member]) -> Counter[Outcome]:
    """Grant complimentary members a membership, each once; what became of them. No mail. Commits by batches."""
    found: Counter[Outcome] = Counter()
    for part in _parts(iter(members)):
        found.update(db.run_unit(session, partial(_grant, session, part)))
    return found


def _grant(session: Session, members: list[Member]) -> Counter[Outcome]:
    now, newsroom = clock.now(), settings_rows.current(session)
    newcomers = [
        enrolling.Newcomer(
            email=m.email, name=m.name, language=m.language or newsroom.default_language, at=now
        )
        for m in members
    ]
    patron_ids = enrolling.make_many(session, newcomers)
    query = select(Grant.patron_id).where(Grant.patron_id.in_(patron_ids), Grant.reason == COMPLIMENTARY)
    known = set(session.scalars(query))
    ends = {
        patron_id: granting.ends_with(member.paid_through, newsroom)
        for patron_id, member in zip(patron_ids, members, strict=True)
        if patron_id not in known and member.paid_through is not None
    }
    awards = [
        Award(patron_id=patron_id, starts_at=now, ends_at=ends_at, reason=COMPLIMENTARY)
        for patron_id, ends_at in ends.items()
    ]
    granting.make_many(session, awards)
    return Counter({Outcome.MADE: len(awards), Outcome.UNCHANGED: len(members) - len(awards)})
