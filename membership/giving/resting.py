"""Gifts that rest: when a charge falls that a pause or a skipped payment moves, and how Stripe is told and tells it.

Pure rules, in UTC like Stripe's own. Why which of Stripe's means is used is in docs/decisions.md, "Giving: pauses and
skips, another interval".

A monthly gift rests by `pause_collection` with `void`: Stripe voids what falls due until a day before the next
charge, and the rhythm stays. A yearly pause moves the next charge itself (`trial_end`). What Stripe's own words do
not say (whether it is a pause or a skipped payment, and when the next charge falls) stands in the subscription's
metadata, and is believed only while it fits the rest.
"""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from membership.giving.fields import Json, Thing

MOST_MONTHS = 6
"""A pause is 1 to so many months."""

MOST_SKIPS = 2
"""So many payments can be skipped within twelve months."""

MARGIN = timedelta(days=1)
"""Stripe collects again so long before the charge: long after what was voided, and no delay of its own voids more."""

LONGEST_MONTH = timedelta(days=31, hours=1)
NEAR = timedelta(days=1)
_LAST_SECOND = 32_503_680_000  # the year 3000


class Rest(StrEnum):
    """Why a gift rests, as the metadata tell."""

    PAUSE = "pause"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Told:
    """What a subscription says of a rest: a pause that ends then (None: not known when), or a skip up to a charge."""

    is_paused: bool = False
    resumes_at: datetime | None = None
    skips_to: datetime | None = None


def charge_after(charge_at: datetime, months: int, anchor_at: datetime | None = None) -> datetime:
    """The charge so many months after one, on the anchor's day and time, or the month's last day where it is shorter.

    31 January, 28 February, 31 March: the day comes from the anchor (by default the charge itself), as at Stripe.
    """
    anchor = anchor_at or charge_at
    years, month = divmod(charge_at.month - 1 + months, 12)
    year, month = charge_at.year + years, month + 1
    day = min(anchor.day, calendar.monthrange(year, month)[1])
    return anchor.replace(year=year, month=month, day=day)


def collects_again_at(next_charge_at: datetime) -> datetime:
    """When Stripe is to collect again so that the charge at `next_charge_at` is the first one made."""
    return next_charge_at - MARGIN


def skips_left(skipped: Iterable[datetime], charge_at: datetime) -> int:
    """How many payments may be skipped at the charge due then, given the charges that were skipped before it."""
    since = charge_after(charge_at, -12)
    return max(0, MOST_SKIPS - sum(since < at < charge_at for at in skipped))


def metadata(rest: Rest | None, next_charge_at: datetime | None = None) -> Json:
    """What the subscription's metadata say of a rest; of none, what takes the words away again."""
    until = "" if next_charge_at is None else str(int(next_charge_at.timestamp()))
    return {"rest": "" if rest is None else rest.value, "rest_until": until}


def told(subscription: Thing, status: str) -> Told:
    """What a subscription at Stripe says of a rest, whoever began it: we, the portal or somebody at the dashboard."""
    kind, until = subscription.metadata("rest", 8), _until(subscription)
    collection = subscription.thing("pause_collection")
    if collection.json:
        resumes_at = collection.instant_or_none("resumes_at")
        is_ours = until is not None and resumes_at == collects_again_at(until)
        if is_ours and kind == Rest.SKIP:
            return Told(skips_to=until)
        return Told(is_paused=True, resumes_at=until if is_ours else resumes_at)
    if status == "paused":
        return Told(is_paused=True)
    if status == "trialing" and kind == Rest.PAUSE and until == subscription.instant_or_none("trial_end"):
        return Told(is_paused=True, resumes_at=until)
    return Told()


def is_skipped(subscription_details: Thing, period_ends_at: datetime | None) -> bool:
    """Whether a voided invoice is of the payment that its subscription's metadata said is skipped."""
    until = _until(subscription_details)
    if until is None or period_ends_at is None or subscription_details.metadata("rest", 8) != Rest.SKIP:
        return False
    return abs(until - period_ends_at) < NEAR


def _until(thing: Thing) -> datetime | None:
    seconds = thing.metadata_number("rest_until")
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _LAST_SECOND else None
