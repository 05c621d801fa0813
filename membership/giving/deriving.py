"""What follows from the facts of one patron: coverage, movements, whose each payment is. A pure function of facts.

Nothing here asks the clock. What time alone will change is dated in the result: stretches of coverage have ends, and
movements may lie ahead; whoever writes them down writes those that have happened and comes back for the next.
"""

from dataclasses import dataclass
from datetime import datetime

from membership.giving import booking, coverage, moving
from membership.giving.coverage import Failing, Stretch
from membership.giving.facts import Payment
from membership.giving.models import Owner
from membership.giving.moving import Change
from membership.giving.story import PatronFacts, stories


@dataclass(frozen=True, kw_only=True)
class Derived:
    """What follows from a patron's facts."""

    coverage: list[Stretch]
    movements: list[Change]
    owners: dict[str, Owner]  # payment → whose
    settled_at: dict[str, datetime]  # payment → when
    failing: list[Failing]


def derive(facts: PatronFacts, *, grace_days: int) -> Derived:
    """What follows from a patron's facts."""
    told = stories(facts)
    return Derived(
        coverage=coverage.of(facts, told, grace_days),
        movements=moving.movements(told, grace_days),
        owners={payment.id: facts.owner_of(payment) for payment in facts.payments},
        settled_at={payment.id: facts.settled_at(payment) for payment in facts.payments},
        failing=[f for story in told if (f := coverage.failing(story, grace_days)) is not None],
    )


def entries_of(known: PatronFacts, payment: Payment, derived: Derived) -> list[booking.Entry]:
    """All ledger entries that the facts ask for about one payment."""
    refunds = [refund for refund in known.refunds if refund.charge_id == payment.id]
    disputes = [dispute for dispute in known.disputes if dispute.charge_id == payment.id]
    return booking.entries_of(
        payment,
        owner=derived.owners[payment.id],
        settled_at=derived.settled_at[payment.id],
        refunds=refunds,
        disputes=disputes,
        transactions=known.transactions,
    )
