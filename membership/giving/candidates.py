"""Which subscriptions of a Stripe account may become ours, and why others may not.

On an account that others share nothing is taken unless it was chosen: by product, by price, by customer, or all of it.
"""

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime

from membership.gateway import products, reading, subscriptions
from membership.gateway.client import Gateway, Json
from membership.giving import parsing
from membership.giving.facts import Observed, Subscription, ToRead
from membership.giving.fields import Thing, UnreadableObjectError
from membership.giving.moving import TWELFTHS
from membership.giving.sources.members import Left

Progress = Callable[[str, int], None]
_NEVER_PAID = frozenset({"incomplete", "incomplete_expired"})
_KNOWN_INTERVALS = frozenset({("month", 1), ("year", 1), ("month", 12)})


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the operator has chosen to adopt."""

    everything: bool = False
    products: frozenset[str] = frozenset()
    prices: frozenset[str] = frozenset()
    customers: frozenset[str] | None = None  # None: whoever's they are

    @property
    def is_made(self) -> bool:
        """Whether anything was chosen."""
        return bool(self.everything or self.products or self.prices or self.customers is not None)

    def takes(self, thing: Thing) -> bool:
        """Whether a subscription was chosen."""
        if self.customers is not None and thing.id("customer") not in self.customers:
            return False
        if not self.products and not self.prices:
            return self.everything or self.customers is not None
        return bool(self.products & products_of(thing) or self.prices & _prices_of(thing))


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A subscription to be adopted: what its object tells, and the customer's, if it stood there whole."""

    subscription: Subscription
    told: tuple[Observed, ...]

    @property
    def id(self) -> str:
        """The subscription's id."""
        return self.subscription.id

    @property
    def customer_id(self) -> str:
        """The customer's id."""
        return self.subscription.customer_id


@dataclass
class Offer:
    """The running gifts of one product: how many, and what they give a month, in twelfths, by currency."""

    count: int = 0
    twelfths: dict[str, int] = field(default_factory=lambda: defaultdict(int))


@dataclass
class Survey:
    """What an account has: what can be adopted, what was adopted or ours before, what is left and why."""

    candidates: list[Candidate] = field(default_factory=list)
    unchanged: int = 0
    left: list[Left] = field(default_factory=list)
    customers: set[str] = field(default_factory=set)  # who have any subscription among those looked at
    offers: dict[str, Offer] = field(default_factory=lambda: defaultdict(Offer))  # by product


def survey(
    gateway: Gateway, choice: Choice, *, now: datetime, done: Collection[str], progress: Progress
) -> Survey:
    """Look at every subscription of the account; `done` are those that were adopted before. Reads only.

    Raises:
        GatewayUnavailable, GatewayRefused: the account cannot be read.
    """
    found = Survey()
    past: list[tuple[Candidate, Left]] = []
    look = _Look(choice, now, done)
    filters: Json = {"status": "all", "expand": ["data.customer"]}
    for page in reading.pages(gateway, "subscription", filters=filters):
        for body in page.objects:
            try:
                _place(found, past, look, body, page.as_of)
            except UnreadableObjectError as error:
                found.left.append(Left(str(body.get("id")), f"Stripe says no {error.field} of it"))
        progress("subscriptions looked at", len(page.objects))
    _place_the_past(found, past)
    found.candidates.sort(key=lambda one: (one.subscription.created, one.id))
    return found


@dataclass(frozen=True)
class _Look:
    """One look at an account: what was chosen, when it is, what was done before."""

    choice: Choice
    now: datetime
    done: Collection[str]


def _place(
    found: Survey, past: list[tuple[Candidate, Left]], look: _Look, body: Json, as_of: datetime
) -> None:
    """Put one subscription where it belongs."""
    thing = Thing("subscription", body)
    customer_id = thing.id("customer")
    if look.choice.customers is not None and customer_id not in look.choice.customers:
        return
    found.customers.add(customer_id)
    if thing.text("id") in look.done or _is_our_own(thing):
        found.unchanged += 1
        return
    candidate = _candidate(body, as_of)
    why_not = _why_not(thing, candidate, look.now)
    if candidate is not None and not why_not and candidate.subscription.ended_at is None:
        _offer(found, thing, candidate.subscription)
    is_chosen = look.choice.takes(thing)
    if not is_chosen:
        why_not = f"it is of {_named(thing)}, which was not chosen"
    left = Left(thing.text("id"), why_not, customer_id)
    if candidate is None or why_not:
        if candidate is not None and candidate.subscription.migrated_to:
            past.append((candidate, left))
        else:
            found.left.append(left)
    else:
        found.candidates.append(candidate)


def _is_our_own(thing: Thing) -> bool:
    """Whether a subscription was begun here; one that was adopted, and not to its end, was not."""
    if thing.metadata_instant(subscriptions.ADOPTED) is not None:
        return False
    return thing.metadata("app") == products.APP or any(map(products.is_ours, products_of(thing)))


def _candidate(body: Json, as_of: datetime) -> Candidate | None:
    told = parsing.from_object(body, as_of)
    if isinstance(body.get("customer"), dict):
        told += parsing.from_object(body["customer"], as_of)
    subscription = next((fact for fact in told if isinstance(fact, Subscription)), None)
    if subscription is None or any(isinstance(fact, ToRead) for fact in told):
        return None
    return Candidate(subscription=subscription, told=tuple(told))


def _why_not(thing: Thing, candidate: Candidate | None, now: datetime) -> str:
    """Why a subscription cannot be adopted; "" if it can."""
    mark = thing.metadata("app")
    if mark not in {"", products.APP}:
        return f"another program's mark is on it (app={mark})"
    if candidate is None:
        return "Stripe does not say what it gives"
    known = candidate.subscription
    if known.status in _NEVER_PAID:
        return "its first payment never came"
    return _has_other_terms(thing, known.amount) or _is_over(known, now)


def _has_other_terms(thing: Thing, amount: int) -> str:
    """What a gift here cannot be: of several prices, at other intervals, of no fixed amount."""
    prices = [item.thing("price") for item in thing.list_of("items")]
    recurring = prices[0].thing("recurring")
    every = (recurring.words("interval"), recurring.json.get("interval_count") or 1)
    if len(prices) > 1:
        return "it has several prices; let it have one at Stripe first"
    if every not in _KNOWN_INTERVALS:
        return f"it is charged every {every[1]} {every[0]}s; only every month and every year are known here"
    return "" if amount else "it has no fixed amount, or costs nothing"


def _is_over(known: Subscription, now: datetime) -> str:
    has_ended = known.ended_at is not None or known.status == "canceled"
    if has_ended and (known.period_ends_at is None or known.period_ends_at <= now):
        return f"it ended on {known.ended_at or known.as_of:%Y-%m-%d}, and what was paid has run out"
    return ""


def _place_the_past(found: Survey, past: list[tuple[Candidate, Left]]) -> None:
    """What was made anew elsewhere comes along as the past of the new one, so that both are counted once."""
    chosen = {candidate.id for candidate in found.candidates}
    while coming := [one for one, _ in past if one.subscription.migrated_to in chosen]:
        found.candidates += coming
        chosen |= {one.id for one in coming}
        past = [(one, left) for one, left in past if one.id not in chosen]
    found.left += [left for _, left in past]


def _offer(found: Survey, thing: Thing, known: Subscription) -> None:
    for product in products_of(thing):
        offer = found.offers[product]
        offer.count += 1
        offer.twelfths[known.currency] += known.amount * TWELFTHS[known.interval]


def products_of(thing: Thing) -> set[str]:
    """The products whose prices a subscription has."""
    told = {item.thing("price").id_or_none("product") for item in thing.list_of("items")}
    return {product for product in told if product}


def _prices_of(thing: Thing) -> set[str]:
    return {item.thing("price").words("id") for item in thing.list_of("items")}


def _named(thing: Thing) -> str:
    return ", ".join(sorted(products_of(thing))) or "no product"
