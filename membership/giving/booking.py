"""What the ledger must hold for a payment, its refunds and disputes, and for other movements of our balance. No I/O.

Each thing that happened is one entry, keyed by its kind and Stripe's id, whose lines add up to 0 in each currency.
Until it is known whose a payment is, its lines stand in `unassigned`; the entry that moves them later is worked out by
giving.posting from what was booked.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from membership.giving import disputing
from membership.giving.facts import BalanceTransaction, Dispute, Payment, Refund
from membership.giving.ledger import Book, EntryKind
from membership.giving.models import OfflineGift, Owner
from membership.money import Money

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
    """A ledger entry to be. `payment_id` is the charge it is about; `on` its day, where that is not the day of `at`.

    Raises:
        ValueError: the lines do not add up to 0 in each currency.
    """

    kind: EntryKind
    stripe_id: str
    at: datetime
    payment_id: str | None
    lines: tuple[Line, ...]
    on: date | None = None

    def __post_init__(self) -> None:
        sums: dict[str, int] = defaultdict(int)
        for line in self.lines:
            sums[line.currency] += line.amount
        if any(sums.values()):
            raise ValueError(f"the lines of {self.kind} {self.stripe_id} do not add up to 0")


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
        _moved(EntryKind.CHARGE, payment.id, settled_at, payment, -payment.money, _side(owner, Book.GIFTS))
    ]
    for refund in refunds:
        found += _of_refund(refund, payment, owner, by_id)
    for dispute in disputes:
        found += _of_dispute(dispute, payment, owner, by_id)
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
    if book is Book.PAYOUTS:
        lines += [
            Line(book, -transaction.amount, transaction.currency),
            Line(Book.FEES, transaction.fee, transaction.currency),
        ]
    else:
        lines.append(Line(book, -transaction.net, transaction.currency))
    return _entry(EntryKind.BALANCE, transaction.id, transaction.created, None, lines)


def entry_of_offline(gift: OfflineGift) -> Entry:
    """What an offline gift books: the money that came, what the bank kept, and what was given."""
    return _entry(EntryKind.OFFLINE, gift.public_id, gift.at, None, _offline_lines(gift, 1))


def reversal_of_offline(gift: OfflineGift, at: datetime) -> Entry:
    """The entry that takes an offline gift back, dated at the correction."""
    return _entry(EntryKind.REVERSAL, gift.public_id, at, None, _offline_lines(gift, -1))


def _offline_lines(gift: OfflineGift, sign: int) -> list[Line]:
    return [
        Line(Book.OFFLINE, sign * (gift.amount - gift.fee), gift.currency),
        Line(Book.FEES, sign * gift.fee, gift.currency),
        Line(Book.GIFTS, -sign * gift.amount, gift.currency),
    ]


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


def _moved(
    kind: EntryKind,
    stripe_id: str,
    at: datetime,
    payment: Payment,
    moved: Money,
    book: Book,
    *,
    back: bool = False,
) -> Entry:
    """Money between clearing and a book, which takes it in the gift's currency; `back`: the reverse."""
    sign = -1 if back else 1
    given = payment.share_of(moved)
    lines = [
        Line(Book.CLEARING, -sign * moved.amount, moved.currency),
        Line(book, sign * given.amount, given.currency),
    ]
    if given.currency != moved.currency:
        lines += [
            Line(Book.CONVERSION, sign * moved.amount, moved.currency),
            Line(Book.CONVERSION, -sign * given.amount, given.currency),
        ]
    return _entry(kind, stripe_id, at, payment.id, lines)


def _of_refund(
    refund: Refund, payment: Payment, owner: Owner, by_id: dict[str, BalanceTransaction]
) -> list[Entry]:
    if refund.status == "requires_action":
        return []
    book = _side(owner, Book.REFUNDED)
    found = [_moved(EntryKind.REFUND, refund.id, refund.created, payment, refund.money, book)]
    if not refund.stands:
        failure = by_id.get(refund.failure_transaction_id or "")
        at = failure.created if failure else refund.failed_at or refund.created
        found.append(_moved(EntryKind.REFUND_FAILED, refund.id, at, payment, refund.money, book, back=True))
    return found


def _of_dispute(
    dispute: Dispute, payment: Payment, owner: Owner, by_id: dict[str, BalanceTransaction]
) -> list[Entry]:
    """Each withdrawal and each reinstatement of the funds."""
    book, money = _side(owner, Book.DISPUTED), dispute.money
    taken = disputing.withdrawals(dispute, by_id.values())
    returned = disputing.reinstatements(dispute, by_id.values())
    return [
        *(_moved(EntryKind.DISPUTE_WITHDRAWN, move.id, move.at, payment, money, book) for move in taken),
        *(
            _moved(EntryKind.DISPUTE_REINSTATED, move.id, move.at, payment, money, book, back=True)
            for move in returned
        ),
    ]


def _of_source(
    transaction: BalanceTransaction,
    payment: Payment,
    refunds: Iterable[Refund],
    disputes: Iterable[Dispute],
    owner: Owner,
) -> Entry | None:
    """The entry of a balance transaction: out of clearing, into Stripe's balance and fees; exchanged if need be."""
    moved = _moved_by(transaction, payment, refunds, disputes)
    if moved is None:
        return None
    lines = [
        Line(Book.CLEARING, -moved.amount, moved.currency),
        Line(Book.STRIPE, transaction.net, transaction.currency),
        Line(_side(owner, Book.FEES), transaction.fee, transaction.currency),
    ]
    if transaction.currency != moved.currency:
        lines += [
            Line(Book.CONVERSION, moved.amount, moved.currency),
            Line(Book.CONVERSION, -transaction.amount, transaction.currency),
        ]
    elif (
        moved.amount != transaction.amount
    ):  # Stripe's number differs from the object's: the rest stays visible
        lines.append(Line(Book.CONVERSION, moved.amount - transaction.amount, moved.currency))
    return _entry(EntryKind.BALANCE, transaction.id, transaction.created, payment.id, lines)


def _moved_by(
    transaction: BalanceTransaction, payment: Payment, refunds: Iterable[Refund], disputes: Iterable[Dispute]
) -> Money | None:
    """What a balance transaction moved, signed, in the currency of the charge, refund or dispute behind it."""
    moved = next((refund.money for refund in refunds if transaction.id in refund.transaction_ids), None)
    if moved is None and payment.balance_transaction_id == transaction.id:
        moved = payment.money
    if moved is None:
        behind = {payment.id: payment.money}
        behind |= {refund.id: refund.money for refund in refunds}
        behind |= {dispute.id: dispute.money for dispute in disputes}
        moved = behind.get(transaction.source_id or "")
    return moved if moved is None or transaction.amount >= 0 else -moved
