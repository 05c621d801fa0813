"""What the ledger must hold for a payment, its refunds and disputes, and for other movements of our balance. No I/O.

Each thing that happened is one entry, keyed by its kind and Stripe's id, whose lines add up to 0 in each currency.
Until it is known whose a payment is, its lines stand in `unassigned`; the entry that moves them later is worked out by
giving.posting from what was booked.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from membership.giving.facts import BalanceTransaction, Dispute, Payment, Refund
from membership.giving.ledger import Book, EntryKind
from membership.giving.models import Owner

_OF_STRIPE = frozenset({"stripe_fee", "stripe_fx_fee", "tax_fee", "application_fee", "network_cost"})
_OUTWARD = frozenset(
    {
        "payout",
        "payout_cancel",
        "payout_failure",
        "payout_minimum_balance_hold",
        "topup",
        "topup_reversal",
        "transfer",
    }
)
_OF_PAYMENTS = ("ch_", "py_", "re_", "pyr_", "du_", "dp_")


@dataclass(frozen=True, slots=True)
class Line:
    """One signed amount in one book."""

    book: Book
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A ledger entry to be. `payment_id` is the charge it is about."""

    kind: EntryKind
    stripe_id: str
    at: datetime
    payment_id: str | None
    lines: tuple[Line, ...]


def entries_of(
    payment: Payment,
    *,
    owner: Owner,
    settled_at: datetime,
    refunds: Iterable[Refund],
    disputes: Iterable[Dispute],
    transactions: Iterable[BalanceTransaction],
) -> list[Entry]:
    """All entries about one payment, in the order in which they happened."""
    by_id = {transaction.id: transaction for transaction in transactions}
    found = [
        _moved(EntryKind.CHARGE, payment.id, settled_at, payment, -payment.amount, _side(owner, Book.GIFTS))
    ]
    for refund in refunds:
        found += _of_refund(refund, payment, owner, by_id)
    for dispute in disputes:
        found += _of_dispute(dispute, payment, owner)
    found += [
        entry
        for t in by_id.values()
        if (entry := _of_source(t, payment, refunds, disputes, owner)) is not None
    ]
    return sorted(found, key=lambda entry: (entry.at, entry.kind, entry.stripe_id))


def entry_without_source(transaction: BalanceTransaction) -> Entry | None:
    """The entry for a balance transaction that is about no payment: a payout, Stripe's own fee; None if it is."""
    if transaction.type in _OF_STRIPE:
        book = Book.FEES
    elif transaction.type in _OUTWARD:
        book = Book.PAYOUTS
    elif not (transaction.source_id or "").startswith(_OF_PAYMENTS):
        book = Book.FOREIGN
    else:
        return None
    lines = [Line(Book.STRIPE, transaction.net, transaction.currency)]
    if book is Book.FEES:
        lines.append(Line(Book.FEES, -transaction.net, transaction.currency))
    else:
        lines += [
            Line(book, -transaction.amount, transaction.currency),
            Line(Book.FEES, transaction.fee, transaction.currency),
        ]
    return _entry(EntryKind.BALANCE, transaction.id, transaction.created, None, lines)


def _side(owner: Owner, book: Book) -> Book:
    return {Owner.OURS: book, Owner.FOREIGN: Book.FOREIGN, Owner.UNKNOWN: Book.UNASSIGNED}[owner]


def _entry(
    kind: EntryKind, stripe_id: str, at: datetime, payment_id: str | None, lines: Iterable[Line]
) -> Entry:
    return Entry(
        kind=kind,
        stripe_id=stripe_id,
        at=at,
        payment_id=payment_id,
        lines=tuple(line for line in lines if line.amount),
    )


def _moved(kind: EntryKind, stripe_id: str, at: datetime, payment: Payment, amount: int, book: Book) -> Entry:
    """An amount (what `book` takes, signed) between a book and clearing, in the gift's currency."""
    lines = [Line(Book.CLEARING, -amount, payment.currency), Line(book, amount, payment.currency)]
    return _entry(kind, stripe_id, at, payment.id, lines)


def _of_refund(
    refund: Refund, payment: Payment, owner: Owner, by_id: dict[str, BalanceTransaction]
) -> list[Entry]:
    if refund.status == "requires_action":
        return []
    book = _side(owner, Book.REFUNDED)
    found = [_moved(EntryKind.REFUND, refund.id, refund.created, payment, refund.amount, book)]
    if not refund.stands:
        failure = by_id.get(refund.failure_transaction_id or "")
        at = failure.created if failure else refund.failed_at or refund.created
        found.append(_moved(EntryKind.REFUND_FAILED, refund.id, at, payment, -refund.amount, book))
    return found


def _of_dispute(dispute: Dispute, payment: Payment, owner: Owner) -> list[Entry]:
    book = _side(owner, Book.DISPUTED)
    found = []
    if dispute.withdrawn_at is not None:
        found.append(
            _moved(
                EntryKind.DISPUTE_WITHDRAWN, dispute.id, dispute.withdrawn_at, payment, dispute.amount, book
            )
        )
    if dispute.reinstated_at is not None:
        found.append(
            _moved(
                EntryKind.DISPUTE_REINSTATED,
                dispute.id,
                dispute.reinstated_at,
                payment,
                -dispute.amount,
                book,
            )
        )
    return found


def _of_source(
    transaction: BalanceTransaction,
    payment: Payment,
    refunds: Iterable[Refund],
    disputes: Iterable[Dispute],
    owner: Owner,
) -> Entry | None:
    """The entry of a balance transaction: out of clearing, into Stripe's balance and fees; exchanged if need be."""
    moved = _gift_amount(transaction, payment, refunds, disputes)
    if moved is None:
        return None
    lines = [
        Line(Book.CLEARING, -moved, payment.currency),
        Line(Book.STRIPE, transaction.net, transaction.currency),
        Line(_side(owner, Book.FEES), transaction.fee, transaction.currency),
    ]
    if transaction.currency != payment.currency:
        lines += [
            Line(Book.CONVERSION, moved, payment.currency),
            Line(Book.CONVERSION, -transaction.amount, transaction.currency),
        ]
    elif moved != transaction.amount:  # Stripe's number differs from the object's: the rest stays visible
        lines.append(Line(Book.CONVERSION, moved - transaction.amount, payment.currency))
    return _entry(EntryKind.BALANCE, transaction.id, transaction.created, payment.id, lines)


def _gift_amount(
    transaction: BalanceTransaction, payment: Payment, refunds: Iterable[Refund], disputes: Iterable[Dispute]
) -> int | None:
    """What a balance transaction moved, signed, in the gift's currency."""
    if transaction.id == payment.balance_transaction_id or transaction.source_id == payment.id:
        return payment.amount if transaction.amount >= 0 else -payment.amount
    amounts = {refund.id: refund.amount for refund in refunds} | {d.id: d.amount for d in disputes}
    for refund in refunds:
        if transaction.id in {refund.balance_transaction_id, refund.failure_transaction_id}:
            amounts[transaction.source_id or ""] = refund.amount
    amount = amounts.get(transaction.source_id or "")
    return None if amount is None else amount if transaction.amount >= 0 else -amount
