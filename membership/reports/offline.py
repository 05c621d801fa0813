"""The offline gifts one by one: the rows of the ledger's offline source, with what staff entered of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.giving.ledger import Book, EntryKind, LedgerEntry, LedgerLine
from membership.giving.models import OfflineGift
from membership.money import Money
from membership.patrons.models import Patron, Visibility
from membership.reports.income import NOT_STRIPE, day_of
from membership.reports.periods import Month


@dataclass(frozen=True)
class OfflineRow:
    """One entry: a gift, or its reversal with the amounts negative. `payer` is empty for who may not see patrons."""

    day: date
    is_reversal: bool
    public_id: str
    money: Money
    fee: Money
    months: int
    reference: str
    payer: str


def by_entry(
    session: Session, months: Sequence[Month], *, names: bool, sealed: bool = False
) -> list[OfflineRow]:
    """The entries of all currencies over some months, the last day first; one query.

    Its amounts add up, by currency, to the part of gross that the income report calls offline.
    """
    day = day_of(sealed=sealed)
    query = (
        select(day, LedgerEntry.kind, LedgerLine.amount, OfflineGift, Patron.visibility)
        .join(LedgerLine, LedgerLine.entry_id == LedgerEntry.id)
        .join(OfflineGift, OfflineGift.public_id == LedgerEntry.stripe_id)
        .join(Patron, Patron.id == OfflineGift.patron_id)
        .where(
            LedgerEntry.kind.in_(NOT_STRIPE),
            LedgerLine.book == Book.GIFTS,
            day >= months[0].first,
            day < months[-1].next.first,
        )
        .order_by(day.desc(), LedgerEntry.id.desc())
    )
    found = []
    for on, kind, amount, gift, visibility in session.execute(query):
        is_reversal = kind is EntryKind.REVERSAL
        fee = -gift.fee if is_reversal else gift.fee
        is_shown = names and visibility is not Visibility.SECRET
        found.append(
            OfflineRow(
                day=on,
                is_reversal=is_reversal,
                public_id=gift.public_id,
                money=Money(-amount, gift.currency),
                fee=Money(fee, gift.currency),
                months=gift.months,
                reference=gift.reference if names else "",
                payer=gift.payer if is_shown else "",
            )
        )
    return found
