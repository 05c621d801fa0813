"""What `membership doctor` looks for in the ledger (N01 to N11); each check only reads."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from membership import clock
from membership.giving import chaining, facts, sealing, storing
from membership.giving.ledger import Book, EntryKind, LedgerEntry, LedgerLine, SealedMonth
from membership.giving.models import CallState, Dispute, OfflineGift, OutgoingCall, Owner, Payment, Refund
from membership.giving.stripe_states import STANDING
from membership.newsroom.findings import Check, Finding, Severity, found

HOUR = timedelta(hours=1)
TRANSACTIONS = storing.table_of(facts.BalanceTransaction)
RECONCILE = "membership reconcile"
WORK = "membership worker --once"


def red(check: str, sentence: str, ids: Sequence[object], repair: str = RECONCILE) -> list[Finding]:
    """A finding about money, rights or privacy that are wrong, if there is any."""
    return found(check, Severity.RED, sentence, ids, repair=repair)


def amber(check: str, sentence: str, ids: Sequence[object], repair: str = RECONCILE) -> list[Finding]:
    """A finding that a person must look at, if there is any."""
    return found(check, Severity.AMBER, sentence, ids, repair=repair)


def sums(session: Session, query: Any) -> dict[str, int]:  # noqa: ANN401 - a query of two columns
    """Sums by currency."""
    return {str(key): int(total) for key, total in session.execute(query)}


def unequal(one: dict[str, int], other: dict[str, int]) -> list[str]:
    """The currencies in which two sums differ."""
    return sorted(key for key in one.keys() | other.keys() if one.get(key, 0) != other.get(key, 0))


def entries_balance(session: Session) -> list[Finding]:
    """N01: the lines of every entry add up to 0 in each currency."""
    query = (
        select(LedgerLine.entry_id)
        .group_by(LedgerLine.entry_id, LedgerLine.currency)
        .having(func.sum(LedgerLine.amount) != 0)
    )
    return red("N01", "Ledger entries do not balance.", session.scalars(query).all(), "")


def money_is_booked(session: Session) -> list[Finding]:
    """N02: every payment, refund, withdrawn dispute and balance transaction has its one entry."""
    refunds = select(Refund.id).join(Payment, Payment.id == Refund.charge_id)
    disputes = select(Dispute.id).join(Payment, Payment.id == Dispute.charge_id)
    told: list[tuple[Any, Any, EntryKind]] = [
        (select(Payment.id), Payment.id, EntryKind.CHARGE),
        (refunds.where(Refund.status != "requires_action"), Refund.id, EntryKind.REFUND),
        (disputes.where(Dispute.withdrawn_at.is_not(None)), Dispute.id, EntryKind.DISPUTE_WITHDRAWN),
        (select(TRANSACTIONS.c.id), TRANSACTIONS.c.id, EntryKind.BALANCE),
    ]
    missing: list[str] = []
    for query, column, kind in told:
        entry = select(LedgerEntry.id).where(LedgerEntry.kind == kind, LedgerEntry.stripe_id == column)
        missing += session.scalars(query.where(~entry.exists())).all()
    return red("N02", "Money that Stripe told of is not in the ledger.", missing)


def offline_money_is_booked(session: Session) -> list[Finding]:
    """N02: every offline gift has its one entry, every one taken back its reversal, to the cent, and no entry more."""
    booked = (
        select(LedgerEntry.kind, LedgerEntry.stripe_id, LedgerLine.currency, func.sum(LedgerLine.amount))
        .join(LedgerLine, LedgerLine.entry_id == LedgerEntry.id)
        .where(LedgerEntry.kind.in_((EntryKind.OFFLINE, EntryKind.REVERSAL)), LedgerLine.book == Book.GIFTS)
        .group_by(LedgerEntry.kind, LedgerEntry.stripe_id, LedgerLine.currency)
    )
    entries = {(kind, key, currency, int(amount)) for kind, key, currency, amount in session.execute(booked)}
    wanted: set[tuple[EntryKind, str, str, int]] = set()
    told = select(OfflineGift.public_id, OfflineGift.currency, OfflineGift.amount, OfflineGift.reversed_at)
    for key, currency, amount, reversed_at in session.execute(told):
        wanted.add((EntryKind.OFFLINE, key, currency, -amount))
        if reversed_at is not None:
            wanted.add((EntryKind.REVERSAL, key, currency, amount))
    wrong = sorted({key for _kind, key, _currency, _amount in entries ^ wanted})
    return red("N02", "Offline gifts and the ledger differ.", wrong, "")


def chain_is_whole(session: Session) -> list[Finding]:
    """N03: no entry was changed or taken out since it was chained."""
    return red(
        "N03", "Ledger entries were changed after they were booked.", chaining.broken_links(session), ""
    )


def balance_is_explained(session: Session) -> list[Finding]:
    """N04: the book `stripe` equals the net of all balance transactions, by currency."""
    currency = TRANSACTIONS.c.currency
    nets = sums(session, select(currency, func.sum(TRANSACTIONS.c.net)).group_by(currency))
    of_book = select(LedgerLine.currency, func.sum(LedgerLine.amount)).where(LedgerLine.book == Book.STRIPE)
    books = sums(session, of_book.group_by(LedgerLine.currency))
    return red("N04", "The ledger's balance at Stripe is not that of its transactions.", unequal(nets, books))


def fees_are_read(session: Session) -> list[Finding]:
    """N05: the balance transaction of every payment is read within an hour."""
    known = select(TRANSACTIONS.c.id).where(
        or_(TRANSACTIONS.c.id == Payment.balance_transaction_id, TRANSACTIONS.c.source_id == Payment.id)
    )
    query = select(Payment.id).where(Payment.charged_at < clock.now() - HOUR, ~known.exists())
    return amber("N05", "Fees of payments are not read yet.", session.scalars(query).all())


def refunds_fit(session: Session) -> list[Finding]:
    """N06: no more was sent back than was paid, and in the currency that it came in."""
    query = (
        select(Payment.id)
        .join(Refund, Refund.charge_id == Payment.id)
        .where(Refund.status.in_(STANDING), Refund.currency == Payment.currency)
        .group_by(Payment.id, Payment.amount)
        .having(func.sum(Refund.amount) > Payment.amount)
    )
    return [
        *red("N06", "More was sent back than was paid.", session.scalars(query).all()),
        *amber("N06", "Money went back in another currency than it came in.", _exchanged(session), ""),
    ]


def _exchanged(session: Session) -> list[str]:
    """The payments that were sent or taken back in another currency: they are booked as gone whole."""
    back = [
        select(kind.charge_id).where(kind.charge_id == Payment.id, kind.currency != Payment.currency)
        for kind in (Refund, Dispute)
    ]
    return list(session.scalars(select(Payment.id).where(or_(*(query.exists() for query in back)))))


def sealed_months_stay(session: Session) -> list[Finding]:
    """N09: nothing that happened after a month was sealed is booked in it."""
    late: list[int] = []
    for first_day, sealed_at in session.execute(select(SealedMonth.first_day, SealedMonth.sealed_at)):
        query = select(LedgerEntry.id).where(
            LedgerEntry.booked_on >= first_day,
            LedgerEntry.booked_on < sealing.next_month(first_day),
            LedgerEntry.at > sealed_at,
        )
        late += session.scalars(query).all()
    return red("N09", "Entries were booked in months that are sealed.", late, "")


def money_is_assigned(session: Session) -> list[Finding]:
    """N10: within an hour it is known whose every payment is."""
    query = select(Payment.id).where(Payment.owner == Owner.UNKNOWN, Payment.charged_at < clock.now() - HOUR)
    return amber("N10", "It is not known whether these payments are ours.", session.scalars(query).all())


def strangers_are_unknown(session: Session) -> list[Finding]:
    """N35: of others' money on a shared account amounts, currency and ids are kept, and nothing of who paid it."""
    has_card = or_(Payment.method != "", Payment.card_last4 != "", Payment.card_fingerprint != "")
    query = select(Payment.id).where(Payment.owner == Owner.FOREIGN, has_card)
    return red("N35", "It is kept how strangers paid.", session.scalars(query).all(), "")


def calls_have_answers(session: Session) -> list[Finding]:
    """N11: the outcome of every write we asked of Stripe is known within an hour."""
    query = select(OutgoingCall.id).where(
        OutgoingCall.state.in_((CallState.PENDING, CallState.UNKNOWN)),
        OutgoingCall.created_at < clock.now() - HOUR,
    )
    ids = session.scalars(query).all()
    return amber("N11", "Of calls to Stripe it is not known what became of them.", ids, WORK)


CHECKS: tuple[Check, ...] = (
    entries_balance,
    money_is_booked,
    offline_money_is_booked,
    chain_is_whole,
    balance_is_explained,
    fees_are_read,
    refunds_fit,
    sealed_months_stay,
    money_is_assigned,
    strangers_are_unknown,
    calls_have_answers,
)
"""The checks of the ledger."""
