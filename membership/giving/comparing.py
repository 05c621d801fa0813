"""What Stripe's lists say that our books do not: each difference in plain words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy.orm import Session

from membership.giving import facts, ordering, reading_list, relevance, storing
from membership.giving.facts import Fact, Observed, SubscriptionState
from membership.money import Money

_SILENT = frozenset(
    {
        "card_country",
        "card_fingerprint",
        "card_last4",
        "hosted_url",
        "next_attempt_at",
        "payment_method_id",
        "evidence_due_at",
        "months",
        "covered_fee",
    }
)
"""Fields that no figure and no right depends on; they are brought up to date without a word."""
_WORDS = {
    "balance_transaction": "balance transaction",
    "checkout.session": "checkout session",
    "invoice_payment": "invoice payment",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that Stripe and our books say differently."""

    kind: str
    object_id: str
    sentence: str


@dataclass(frozen=True)
class Compared:
    """What a part of a list came to beside our books."""

    differences: list[Difference]
    news: list[Observed]  # what must be applied
    confirmed: list[Fact]  # what our books say too, only of an earlier second


def compare(session: Session, told: Sequence[Observed]) -> Compared:
    """What facts read from Stripe say that our books do not. The caller holds their locks, and applies the news."""
    read = [fact for fact in told if isinstance(fact, Fact)]
    known = {kind: _known(session, kind, _ids(read, kind)) for kind in {type(fact) for fact in read}}
    news: list[Observed] = []
    confirmed: list[Fact] = []
    changed: set[str] = set()
    for fact in (_kept_of(session, one, known) for one in told):
        if isinstance(fact, Fact) and (before := known[type(fact)].get(fact.id)) is not None:
            if _is_confirmed(before, fact):
                if fact.as_of > before.as_of:
                    confirmed.append(fact)
                continue
        elif isinstance(fact, SubscriptionState) and fact.subscription_id not in changed:
            continue  # what a subscription was is told anew only together with it
        if isinstance(fact, facts.Subscription):
            changed.add(fact.id)
        news.append(fact)
    found = (
        _difference(session, fact, known[type(fact)].get(fact.id)) for fact in news if isinstance(fact, Fact)
    )
    return Compared([one for one in found if one is not None], news, confirmed)


def _kept_of(session: Session, fact: Observed, known: dict[type[Fact], dict[str, Fact]]) -> Observed:
    """The fact as far as it is kept: how a stranger paid is not."""
    if not isinstance(fact, facts.Payment):
        return fact
    before = known[facts.Payment].get(fact.id)
    return relevance.kept_of(session, before if isinstance(before, facts.Payment) else None, fact)


def _ids(told: Iterable[Fact], kind: type[Fact]) -> list[str]:
    return [fact.id for fact in told if type(fact) is kind]


def _is_confirmed(before: Fact, fact: Fact) -> bool:
    """Whether a snapshot says of an object just what is known of it."""
    if "as_of" not in storing.columns_of(type(fact)):
        return True  # it never changes
    merged = ordering.merge(before, fact)
    if before.is_stale or merged.is_stale or before.order[:2] != fact.order[:2]:
        return False
    names = set(storing.columns_of(type(fact))) - Fact.VERSION
    return all(getattr(merged, name) == getattr(before, name) for name in names)


def _known(session: Session, kind: type[Fact], ids: Sequence[str]) -> dict[str, Fact]:
    found: dict[str, Fact] = {}
    for start in range(0, len(ids), 500):
        query = storing.selection(kind).where(storing.table_of(kind).c.id.in_(ids[start : start + 500]))
        found |= {fact.id: fact for fact in storing.read(session, kind, query)}
    return found


def _difference(session: Session, fact: Fact, known: Fact | None) -> Difference | None:
    if isinstance(fact, facts.Customer) and fact.state_rank == 0:
        return None  # whom a charge met; the customer is listed by itself
    if isinstance(known, facts.Customer) and known.state_rank == 0:
        return None  # known so far by what charges met
    if known is None:
        return _missing(fact) if _is_told_by_events(fact) and relevance.is_wanted(session, fact) else None
    merged = ordering.merge(known, fact)
    apart = Fact.VERSION | _SILENT | set(fact.EARLIEST) | set(fact.EITHER) | set(fact.KNOWN)
    names = [f.name for f in fields(fact) if f.name not in apart and f.name in storing.columns_of(type(fact))]
    changed = [name for name in names if getattr(known, name) != getattr(merged, name)]
    return _changed(fact, known, merged, changed) if changed else None


def _is_told_by_events(fact: Fact) -> bool:
    """Whether Stripe's events tell of such an object, so that it is missing if we have none."""
    return not (isinstance(fact, facts.InvoicePayment) and fact.status != "paid")


def _missing(fact: Fact) -> Difference:
    return _told(fact, f"Stripe has {_name(fact)}, our books do not.")


def _changed(fact: Fact, known: Fact, merged: Fact, names: list[str]) -> Difference:
    said = ", ".join(
        f"{name.replace('_', ' ')} is {_value(merged, name)} at Stripe and {_value(known, name)} in our books"
        for name in names
    )
    return _told(fact, f"Of {_name(fact)}, {said}.")


def _told(fact: Fact, sentence: str) -> Difference:
    return Difference(reading_list.kind_of(fact), fact.id, sentence)


def _name(fact: Fact) -> str:
    kind = reading_list.kind_of(fact)
    amount, currency = getattr(fact, "amount", None), getattr(fact, "currency", None)
    money = f" over {Money(amount, currency).plain()} {currency.upper()}" if amount and currency else ""
    return f"{_WORDS.get(kind, kind)} {fact.id}{money}"


def _value(fact: Fact, name: str) -> str:
    """A value that may be shown: never an address or a name."""
    value: Any = getattr(fact, name)
    if name in {"email", "name"}:
        return "another one" if value else "empty"
    return "empty" if value in (None, "") else str(value)


def unknown_to_stripe(kind: type[Fact], ids: Iterable[str], seen: set[str]) -> list[Difference]:
    """What our books have and Stripe's list did not."""
    word = {"Payment": "payment", "Refund": "refund", "Dispute": "dispute"}.get(
        kind.__name__, "balance transaction"
    )
    return [
        Difference(word, object_id, f"Our books have {word} {object_id}, Stripe does not.")
        for object_id in ids
        if object_id not in seen
    ]


def without_invoice(payment: facts.Payment) -> facts.Payment:
    """The payment, known to have paid no invoice."""
    return replace(payment, has_no_invoice=True)
