"""The pure core by itself: facts folded from events in memory, and the state that follows, to be compared."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from membership.giving import deriving, ordering, parsing
from membership.giving.deriving import Derived
from membership.giving.facts import Fact, Observed, SubscriptionState, ToRead
from membership.giving.story import PatronFacts
from tests.giving.stripe_words import Json

PLACES = {
    "Subscription": "subscriptions",
    "Invoice": "invoices",
    "InvoicePayment": "invoice_payments",
    "Payment": "payments",
    "FailedCharge": "failed_charges",
    "Refund": "refunds",
    "Dispute": "disputes",
    "BalanceTransaction": "transactions",
    "CheckoutSession": "sessions",
}


def told_by(events: Iterable[Json]) -> list[Observed]:
    """The facts that events tell."""
    return [fact for event in events for fact in parsing.from_event(event)]


def fold(told: Iterable[Observed]) -> PatronFacts:
    """Facts of one patron, merged as the database merges them."""
    facts: dict[tuple[type[Fact], str], Fact] = {}
    states: dict[tuple[Any, ...], SubscriptionState] = {}
    for fact in told:
        if isinstance(fact, SubscriptionState):
            states[fact.subscription_id, fact.as_of, fact.event_id] = fact
        elif not isinstance(fact, ToRead):
            key = (type(fact), fact.id)
            facts[key] = ordering.merge(facts[key], fact) if key in facts else fact
    places: dict[str, list[Any]] = defaultdict(list)
    for fact in facts.values():
        if type(fact).__name__ in PLACES:
            places[PLACES[type(fact).__name__]].append(fact)
    whole: dict[str, Any] = {name: tuple(found) for name, found in places.items()}
    return PatronFacts(states=tuple(states.values()), **whole)


def derived(facts: PatronFacts) -> Derived:
    """What follows from them."""
    return deriving.derive(facts, grace_days=30)


def state(facts: PatronFacts) -> tuple[object, ...]:
    """Coverage, movements, owners and the sums of the ledger's books: what no order may change."""
    found = derived(facts)
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for payment in facts.payments:
        for entry in deriving.entries_of(facts, payment, found):
            for line in entry.lines:
                sums[line.book, line.currency] += line.amount
    return (
        tuple(found.coverage),
        tuple(found.movements),
        tuple(sorted(found.owners.items())),
        tuple(sorted(found.settled_at.items())),
        tuple(found.failing),
        tuple(sorted(sums.items())),
        tuple(sorted(_row(fact) for name in PLACES.values() for fact in getattr(facts, name))),
    )


def _row(fact: Fact) -> str:
    return repr([(f.name, getattr(fact, f.name)) for f in fields(fact)])
