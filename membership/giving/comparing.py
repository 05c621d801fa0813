"""What Stripe's lists say that our books do not: each difference in plain words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy.orm import Session

from membership.giving import facts, ordering, reading_list, relevance, storing
from membership.giving.facts import Fact, Observed, SubscriptionState, ToRead
from membership.money import Money

_SILENT = frozenset(
    {"hosted_url", "next_attempt_at", "payment_method_id", "evidence_due_at", "months", "covered_fee"}
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


def differences(session: Session, told: Iterable[Observed]) -> list[Difference]:
    """What these facts, read from Stripe, say that our books do not."""
    found: list[Difference] = []
    read = [fact for fact in told if not isinstance(fact, (SubscriptionState, ToRead))]
    for kind in sorted({type(fact) for fact in read}, key=lambda k: k.__name__):
        of_kind = [fact for fact in read if type(fact) is kind]
        known = _known(session, kind, [fact.id for fact in of_kind])
        told_apart = (_difference(session, fact, known.get(fact.id)) for fact in of_kind)
        found += [difference for difference in told_apart if difference is not None]
    return found


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
