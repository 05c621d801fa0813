"""Which of two snapshots of one object holds, whatever order they came in. No I/O.

`merge` is commutative, associative and idempotent: the join of a set of snapshots does not depend on the order or
the number of times they were told. Snapshots are ordered by (terminal, state_rank, as_of, event_id): what is over
stays over, a state never goes back to one that comes before it, later seconds beat earlier ones. Two snapshots that
tie but for the event and say different things mark the fact stale: it is to be read again at Stripe.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from membership.giving.facts import Fact, content

FactT = TypeVar("FactT", bound=Fact)

_RANKS: dict[str, dict[str, tuple[int, int]]] = {
    # type → status → (terminal, rank); what is not named is (0, 1)
    "subscription": {"incomplete": (0, 0), "canceled": (1, 2), "incomplete_expired": (1, 2)},
    "invoice": {"draft": (0, 0), "open": (0, 1), "uncollectible": (0, 2), "paid": (1, 2), "void": (1, 2)},
    "invoice_payment": {"open": (0, 0), "paid": (1, 1), "canceled": (1, 1)},
    "refund": {
        "pending": (0, 0),
        "requires_action": (0, 0),
        "succeeded": (0, 1),
        "failed": (1, 2),
        "canceled": (1, 2),
    },
    "dispute": {"won": (1, 2), "lost": (1, 2), "warning_closed": (1, 2), "prevented": (1, 2)},
    "checkout.session": {"open": (0, 0), "complete": (1, 1), "expired": (1, 1)},
}


def rank(kind: str, status: str) -> tuple[int, int]:
    """How far along its life an object of Stripe's is: (1 if nothing can follow else 0, the state's rank)."""
    return _RANKS.get(kind, {}).get(status, (0, 1))


def merge(one: FactT, other: FactT) -> FactT:
    """The fact that two snapshots of the same object make together.

    Raises:
        ValueError: they are of two objects.
    """
    if one.id != other.id or type(one) is not type(other):
        raise ValueError(f"{one.id} and {other.id} are two objects")
    first, last = sorted((one, other), key=lambda fact: (*fact.order, fact.event_id))
    if first.order == last.order:
        is_stale = one.is_stale or other.is_stale or content(one) != content(other)
    else:
        is_stale = last.is_stale
    wanted = [("is_stale", is_stale), *_joined(first, last)]
    changes = {name: value for name, value in wanted if getattr(last, name) != value}
    return replace(last, **changes) if changes else last  # type: ignore[arg-type]  # names come from the class


def answered(fact: FactT, known_at: datetime) -> FactT:
    """What the answer to a write of ours tells, set after the snapshot from `known_at` that we wrote upon.

    Stripe counts in seconds: an answer of the same second ties with the snapshot that the patron has just seen, though
    it is certainly later. It is marked to be read again, since others may have written within that second too.
    """
    if fact.as_of > known_at:
        return fact
    later = {"as_of": known_at + timedelta(microseconds=1), "is_stale": True}
    return replace(fact, **later)  # type: ignore[arg-type]  # names come from the class


def _joined(first: Fact, last: Fact) -> list[tuple[str, object]]:
    """The fields that are joined by themselves: the earliest instant, the set flag, whatever is known."""
    joined: list[tuple[str, object]] = []
    for name in last.EARLIEST:
        told: list[datetime] = [at for at in (getattr(first, name), getattr(last, name)) if at is not None]
        joined.append((name, min(told, default=None)))
    joined += [(name, getattr(first, name) or getattr(last, name)) for name in last.EITHER]
    for name in last.KNOWN:
        known: list[str] = [
            value for value in (getattr(first, name), getattr(last, name)) if value is not None
        ]
        joined.append((name, max(known, default=None)))
    return joined
