"""What covers a patron and when, from the facts alone: half-open stretches that time itself does not change. No I/O.

What is expected to come (a renewal that is under way, a grace that runs out) is a stretch with an end, so that
standing at any instant is read, never computed by a clock. The rules are those of docs/money.md, "Coverage".
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from membership.clock import add_months
from membership.giving import renewing
from membership.giving.facts import Subscription
from membership.giving.models import Owner
from membership.giving.story import DELAYED, Hole, PatronFacts, Period, Story
from membership.patrons.models import EndedBy, Source

RENEWAL_DAYS = 3
DELAYED_RENEWAL_DAYS = 14
MOST_MONTHS_AHEAD = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A row of patrons.Coverage to be."""

    source: Source
    source_key: str
    starts_at: datetime
    ends_at: datetime
    ended_by: EndedBy | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Failing:
    """A renewal that failed and is not mended: since when, and when its grace runs out."""

    subscription_id: str
    invoice_id: str
    failed_at: datetime
    ends_at: datetime


def of(facts: PatronFacts, told: list[Story], grace_days: int) -> list[Stretch]:
    """All stretches that the facts give a patron, by start."""
    found = [stretch for story in told for stretch in _of_subscription(story, grace_days)]
    found += _of_gifts(facts)
    found += _of_given(facts)
    return sorted(found, key=lambda s: (s.starts_at, s.source, s.source_key))


def cause(subscription: Subscription | None) -> EndedBy:
    """Who or what ended a subscription that has ended, or is set to."""
    if subscription is None:
        return EndedBy.CANCEL
    if subscription.ended_by == "staff":
        return EndedBy.STAFF
    by_reason = {"payment_failed": EndedBy.FAILURE, "payment_disputed": EndedBy.DISPUTE}
    return by_reason.get(subscription.cancel_reason, EndedBy.CANCEL)


def failing(story: Story, grace_days: int) -> Failing | None:
    """The renewal of a subscription that failed last, if it is neither mended nor ended."""
    paid_until = max((period.ends_at for period in story.periods), default=None)
    boundary = renewing.due_after(story, paid_until).at if paid_until is not None else None
    grace = story.grace_of(boundary, grace_days) if boundary is not None else None
    if boundary is None or grace is None or story.mended_after(grace[0]) is not None:
        return None
    if story.ended_at is not None and story.ended_at <= grace[0]:
        return None
    renewal = story.renewal_at(boundary)
    return Failing(
        subscription_id=story.id,
        invoice_id=renewal.id if renewal else "",
        failed_at=grace[0],
        ends_at=_first(grace[1], story.ended_at),
    )


def is_failing_at(story: Story, instant: datetime, grace_days: int) -> bool:
    """Whether a renewal had failed and was not mended at an instant."""
    for period in story.periods:
        due_at = renewing.due_after(story, period.ends_at).at
        grace = story.grace_of(due_at, grace_days) if due_at is not None else None
        if grace is not None and grace[0] <= instant:
            mended_at = story.mended_after(grace[0])
            if mended_at is None or mended_at > instant:
                return True
    return False


def _first(*instants: datetime | None) -> datetime:
    return min(instant for instant in instants if instant is not None)


def _of_subscription(story: Story, grace_days: int) -> list[Stretch]:
    found: list[Stretch] = []
    for period in story.periods:
        is_covered = _is_covered_at(story, period.ends_at)
        last_by = None if is_covered else _ended_by_at(story, period.ends_at)
        rows = [
            Stretch(
                source=Source.PAID,
                source_key=period.payment.id,
                starts_at=starts,
                ends_at=ends,
                ended_by=by or last_by,
            )
            for starts, ends, by in _without(period.holes, period.settled_at, period.ends_at)
        ]
        found += rows
        reaches_its_end = bool(rows) and rows[-1].ends_at == period.ends_at
        if reaches_its_end and not is_covered:
            found += _after(story, period, grace_days)
    return found


def _after(story: Story, period: Period, grace_days: int) -> list[Stretch]:
    """What follows a paid period that nothing cut short: the months of skipped payments, and the next renewal."""
    if not _goes_on_at(story, period.ends_at):
        return []
    due, found = renewing.due_after(story, period.ends_at), []
    for starts_at, to in due.skips:
        until = _first(to, story.ended_at, story.mended_after(starts_at))
        by = cause(story.subscription) if until == story.ended_at else None
        found.append(_stretch(Source.RENEWING, period.payment.id, starts_at, until, by))
    if due.at is not None and _goes_on_at(story, due.at) and not _is_covered_at(story, due.at):
        found += _awaiting(story, period, due.at, grace_days)
    return [stretch for stretch in found if stretch.starts_at < stretch.ends_at]


def _without(
    holes: list[Hole], starts_at: datetime, ends_at: datetime
) -> list[tuple[datetime, datetime, EndedBy | None]]:
    """A stretch less its holes: each rest with what ended it early."""
    rests: list[tuple[datetime, datetime, EndedBy | None]] = []
    at: datetime | None = starts_at
    for hole in sorted(holes, key=lambda h: (h.since, h.until is None)):
        if at is None or hole.since >= ends_at:
            break
        if hole.since > at:
            rests.append((at, hole.since, hole.by))
        at = None if hole.until is None else max(at, hole.until)
    if at is not None and at < ends_at:
        rests.append((at, ends_at, None))
    return rests


def _is_covered_at(story: Story, boundary: datetime) -> bool:
    """Whether another period, settled by then, reaches beyond a boundary."""
    return any(p.starts_at <= boundary < p.ends_at and p.settled_at <= boundary for p in story.periods)


def _goes_on_at(story: Story, boundary: datetime) -> bool:
    """Whether a subscription was to go on at a boundary: told, not ended, not set to end."""
    return story.subscription is not None and (story.ended_at is None or story.ended_at > boundary)


def _ended_by_at(story: Story, boundary: datetime) -> EndedBy | None:
    if story.ended_at is None or story.ended_at > boundary:
        return None
    return cause(story.subscription)


def _awaiting(story: Story, period: Period, boundary: datetime, grace_days: int) -> list[Stretch]:
    """The renewal that falls due at a boundary, and the grace if it failed, until either is settled or over."""
    key = period.payment.id
    days = DELAYED_RENEWAL_DAYS if period.payment.method in DELAYED else RENEWAL_DAYS
    mended_at, ended_at = story.mended_after(boundary), story.ended_at
    grace = story.grace_of(boundary, grace_days)
    over_at = None if grace is not None else _renewal_over_at(story, boundary)
    until = _first(
        boundary + timedelta(days=days), ended_at, mended_at, over_at, grace[0] if grace is not None else None
    )
    by = cause(story.subscription) if until == ended_at else None
    found = [_stretch(Source.RENEWING, key, boundary, until, by)]
    if grace is not None:
        until = _first(grace[1], ended_at, mended_at)
        found.append(
            _stretch(Source.GRACE, key, grace[0], until, None if until == mended_at else EndedBy.FAILURE)
        )
    return [stretch for stretch in found if stretch.starts_at < stretch.ends_at]


def _renewal_over_at(story: Story, boundary: datetime) -> datetime | None:
    """When the invoice for the next period was given up or asked for nothing; None while money may come."""
    renewal = story.renewal_at(boundary)
    if renewal is None:
        return None
    return renewal.closed_at or (renewal.paid_at if renewal.amount_due == 0 else None)


def _stretch(source: Source, key: str, starts_at: datetime, ends_at: datetime, by: EndedBy | None) -> Stretch:
    return Stretch(source=source, source_key=key, starts_at=starts_at, ends_at=ends_at, ended_by=by)


@dataclass(frozen=True, slots=True)
class _Gift:
    """Something given once that covers whole months, one after the other."""

    source: Source
    key: str
    at: datetime
    months: int
    holes: list[Hole]


def _of_gifts(facts: PatronFacts) -> list[Stretch]:
    """One-time gifts, online and offline ones, end to end and at most so far ahead of each."""
    gifts = [
        _Gift(Source.ONCE, payment.id, facts.settled_at(payment), payment.months, facts.holes_of(payment))
        for payment in facts.payments
        if payment.months > 0 and facts.owner_of(payment) is Owner.OURS and not facts.invoices_of(payment)
    ]
    gifts += [_Gift(Source.OFFLINE, gift.key, gift.at, gift.months, gift.holes) for gift in facts.offline]
    return _end_to_end(gifts, most_ahead=MOST_MONTHS_AHEAD)


def _of_given(facts: PatronFacts) -> list[Stretch]:
    """Memberships that others have given, from when they were claimed, none of them lost beside another."""
    given = [
        _Gift(Source.GIFT, each.key, each.claimed_at, each.months, [*each.holes]) for each in facts.given
    ]
    return _end_to_end(given, most_ahead=None)


def _end_to_end(gifts: list[_Gift], *, most_ahead: int | None) -> list[Stretch]:
    found: list[Stretch] = []
    reached: datetime | None = None
    for gift in sorted(gifts, key=lambda g: (g.at, g.source, g.key)):
        starts_at = gift.at if reached is None else max(gift.at, reached)
        ends_at = add_months(starts_at, gift.months)
        if most_ahead is not None:
            ends_at = min(ends_at, add_months(gift.at, most_ahead))
        found += [
            _stretch(gift.source, gift.key, starts, ends, by)
            for starts, ends, by in _without(gift.holes, starts_at, ends_at)
        ]
        reached = max((row.ends_at for row in found), default=None)
    return found
