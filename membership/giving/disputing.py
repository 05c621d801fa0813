"""When a bank held the funds of a dispute: it may take them, give them back, and take them again. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from membership.giving.facts import BalanceTransaction, Dispute


@dataclass(frozen=True, slots=True)
class Move:
    """Funds withdrawn or reinstated once. The first of each bears the dispute's id, later ones their transaction's."""

    id: str
    at: datetime


def withdrawals(dispute: Dispute, transactions: Iterable[BalanceTransaction]) -> list[Move]:
    """Each time the bank took the funds, oldest first; none for an inquiry."""
    taken = [t for t in transactions if t.source_id == dispute.id and t.amount < 0]
    return _moves(dispute.id, dispute.withdrawn_at, taken)


def reinstatements(dispute: Dispute, transactions: Iterable[BalanceTransaction]) -> list[Move]:
    """Each time the bank gave the funds back, oldest first."""
    returned = [t for t in transactions if t.source_id == dispute.id and t.amount > 0]
    return _moves(dispute.id, dispute.reinstated_at, returned)


def holds(
    dispute: Dispute, transactions: Iterable[BalanceTransaction]
) -> list[tuple[datetime, datetime | None]]:
    """From when until when the funds were gone; None: they still are."""
    moved = list(transactions)
    given_back = [move.at for move in reinstatements(dispute, moved)]
    taken = [move.at for move in withdrawals(dispute, moved)]
    return [(since, until) for since, until in zip_longest(taken, given_back) if since is not None]


def _moves(dispute_id: str, told: datetime | None, moved: list[BalanceTransaction]) -> list[Move]:
    """What an event or the transactions tell; the first may be known by its event before it is by its transaction."""
    in_order = sorted(moved, key=lambda t: (t.created, t.id))
    first = min((at for at in (told, *(t.created for t in in_order[:1])) if at is not None), default=None)
    if first is None:
        return []
    return [Move(dispute_id, first), *(Move(t.id, t.created) for t in in_order[1:])]
