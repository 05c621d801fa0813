"""Movements of the recurring sum, from the facts alone, each dated at its own instant. No I/O.

A subscription counts from its first settled payment until it ends, its grace runs out, or what is paid runs out
while it is paused. The rules are those of docs/money.md, "Movements".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from membership.giving import coverage, renewing
from membership.giving.facts import Invoice
from membership.giving.models import Interval
from membership.giving.movements import MovementKind
from membership.giving.parsing_gifts import interval_of
from membership.giving.story import Story
from membership.patrons.models import EndedBy

TWELFTHS = {Interval.MONTH: 12, Interval.YEAR: 1, Interval.ONCE: 0}
"""How many twelfths of a minor unit a month one minor unit each interval is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A row of giving.Movement to be."""

    subscription_id: str
    kind: MovementKind
    at: datetime
    currency: str
    twelfths: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What a subscription gives a month, from an instant on."""

    since: datetime
    currency: str
    twelfths: int


class _Why(Enum):
    BEGINS = 1
    AGAIN = 2  # after its grace had run out
    RESUMED = 3
    CHANGED = 4
    PAUSED = 5
    LOST = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class _Turn:
    """One subscription beginning, changing or ceasing to count."""

    at: datetime
    why: _Why
    story: Story
    before: Terms | None
    after: Terms | None
    by: EndedBy | None = None


@dataclass(frozen=True, slots=True)
class _Off:
    """A stretch in which a subscription does not count; `until` None: for good."""

    since: datetime
    until: datetime | None
    why: _Why
    by: EndedBy | None = None

    def holds(self, instant: datetime) -> bool:
        return self.since <= instant and (self.until is None or instant < self.until)


def movements(told: list[Story], grace_days: int) -> list[Change]:
    """All movements of a patron's subscriptions, in order."""
    turns = [turn for story in told for turn in _turns(story, grace_days)]
    # What begins stands before what ends in the same second: a replacement is no loss.
    turns.sort(key=lambda turn: (turn.at, turn.why.value, turn.story.id))
    counted: set[str] = set()
    has_counted = False
    found: list[Change] = []
    for turn in turns:
        others = bool(counted - {turn.story.id})
        found += _changes(turn, others=others, has_counted=has_counted)
        if turn.after is None:
            counted.discard(turn.story.id)
        else:
            counted.add(turn.story.id)
        has_counted = True
    return found


def _changes(turn: _Turn, *, others: bool, has_counted: bool) -> Iterable[Change]:
    before, after = turn.before, turn.after
    if before is None and after is not None:
        yield _change(
            turn, _beginning(turn.why, others=others, has_counted=has_counted), after, after.twelfths
        )
    elif before is not None and after is None:
        yield _change(turn, _ending(turn, others=others), before, -before.twelfths)
    elif before is not None and after is not None:
        if before.currency != after.currency:
            yield _change(turn, MovementKind.LOST_VOLUNTARY, before, -before.twelfths)
            yield _change(turn, MovementKind.RETURNED, after, after.twelfths)
        elif before.twelfths != after.twelfths:
            by = after.twelfths - before.twelfths
            yield _change(turn, MovementKind.UP if by > 0 else MovementKind.DOWN, after, by)


def _change(turn: _Turn, kind: MovementKind, terms: Terms, twelfths: int) -> Change:
    return Change(
        subscription_id=turn.story.id, kind=kind, at=turn.at, currency=terms.currency, twelfths=twelfths
    )


def _beginning(why: _Why, *, others: bool, has_counted: bool) -> MovementKind:
    if why is _Why.RESUMED:
        return MovementKind.RESUMED
    if others:
        return MovementKind.UP
    return MovementKind.RETURNED if has_counted else MovementKind.NEW


def _ending(turn: _Turn, *, others: bool) -> MovementKind:
    if turn.why is _Why.PAUSED:
        return MovementKind.PAUSED
    if others:
        return MovementKind.DOWN
    kinds = {
        EndedBy.FAILURE: MovementKind.LOST_FAILED,
        EndedBy.STAFF: MovementKind.LOST_BY_STAFF,
        EndedBy.DISPUTE: MovementKind.LOST_BY_STAFF,
    }
    return kinds.get(turn.by or EndedBy.CANCEL, MovementKind.LOST_VOLUNTARY)


def _turns(story: Story, grace_days: int) -> list[_Turn]:
    """The instants at which one subscription begins, changes or ceases to count."""
    begins_at = min((period.settled_at for period in story.periods), default=None)
    if begins_at is None:
        return []
    terms, offs = terms_of(story), _offs(story, grace_days)
    edges = {begins_at, *(t.since for t in terms), *(o.since for o in offs)}
    edges |= {off.until for off in offs if off.until is not None}
    turns: list[_Turn] = []
    before: Terms | None = None
    was_off: _Off | None = None
    for at in sorted(edge for edge in edges if edge >= begins_at):
        off = next((off for off in offs if off.holds(at)), None)
        after = None if off is not None else _at(terms, at)
        if before != after:
            why = _why(before, after, off=off, was_off=was_off)
            turns.append(
                _Turn(at=at, why=why, story=story, before=before, after=after, by=off.by if off else None)
            )
        before, was_off = after, off or was_off
    return [turn for turn in turns if turn.before or turn.after]


def _why(before: Terms | None, after: Terms | None, *, off: _Off | None, was_off: _Off | None) -> _Why:
    if after is None:
        return off.why if off is not None else _Why.LOST
    if before is not None:
        return _Why.CHANGED
    if was_off is None:
        return _Why.BEGINS
    return _Why.RESUMED if was_off.why is _Why.PAUSED else _Why.AGAIN


def terms_of(story: Story) -> list[Terms]:
    """What a subscription gave a month and since when: as events told, else as its invoices show."""
    told = [
        (invoice.created, 0, invoice.id, invoice.currency, _twelfths_of_invoice(invoice))
        for invoice in story.invoices
        if invoice.period_starts_at is not None and invoice.amount_renewing > 0
    ]
    told += [
        (state.as_of, 1, f"{number:09d}", state.currency, state.amount * TWELFTHS[state.interval])
        for number, state in enumerate(story.states)
    ]
    return [Terms(at, currency, twelfths) for at, _, _, currency, twelfths in sorted(told)]


def _twelfths_of_invoice(invoice: Invoice) -> int:
    if invoice.period_starts_at is None or invoice.period_ends_at is None:
        return 0
    return invoice.amount_renewing * TWELFTHS[interval_of(invoice.period_starts_at, invoice.period_ends_at)]


def _at(terms: list[Terms], instant: datetime) -> Terms | None:
    """The terms at an instant; before the first that was told, the first. Equal terms are one."""
    held = [t for t in terms if t.since <= instant]
    now = held[-1] if held else next(iter(terms), None)
    return (
        None
        if now is None
        else Terms(datetime.min.replace(tzinfo=instant.tzinfo), now.currency, now.twelfths)
    )


def _offs(story: Story, grace_days: int) -> list[_Off]:
    """When a subscription does not count: ended (first, since it outlasts all), lapsed, paused."""
    lapses = _lapses(story, grace_days)
    offs: list[_Off] = []
    if story.ended_at is not None:
        by = coverage.cause(story.subscription)
        if by is EndedBy.CANCEL and coverage.is_failing_at(story, story.ended_at, grace_days):
            by = EndedBy.FAILURE
        offs.append(_Off(story.ended_at, None, _Why.LOST, by))
    return [*offs, *lapses, *_pauses(story)]


def _lapses(story: Story, grace_days: int) -> list[_Off]:
    found = []
    for period in story.periods:
        due_at = renewing.due_after(story, period.ends_at).at
        grace = story.grace_of(due_at, grace_days) if due_at is not None else None
        if grace is None:
            continue
        mended_at = story.mended_after(grace[0])
        if mended_at is None or mended_at > grace[1]:
            found.append(_Off(grace[1], mended_at, _Why.LOST, EndedBy.FAILURE))
    return found


def _pauses(story: Story) -> list[_Off]:
    """Pauses, each from the end of what was paid when it began."""
    found = []
    since: datetime | None = None
    for state in story.states:
        if state.is_paused and since is None:
            paid_until = story.paid_until(state.as_of) or state.as_of
            # A read says that it is paused, not since when: since what was paid ran out, at the latest.
            since = paid_until if state.event_id == "" else max(state.as_of, paid_until)
        elif not state.is_paused and since is not None:
            if state.as_of > since:
                found.append(_Off(since, state.as_of, _Why.PAUSED))
            since = None
    if since is not None:
        found.append(_Off(since, None, _Why.PAUSED))
    return found
