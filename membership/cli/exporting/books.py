"""The ledger, line by line, and the movements of the recurring sum, as tables."""

from collections.abc import Generator

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.cli.exporting.files import amount, each, when
from membership.giving.ledger import LedgerEntry, LedgerLine
from membership.giving.movements import Movement
from membership.patrons.models import Patron
from membership.web.csvfiles import Cell

LEDGER = (
    "entry",
    "kind",
    "key",
    "at",
    "effective_on",
    "booked_on",
    "payment",
    "book",
    "currency",
    "amount",
    "hash",
)
MOVEMENTS = ("patron", "subscription", "kind", "at", "effective_on", "booked_on", "currency", "twelfths")


def ledger(session: Session) -> Generator[list[Cell]]:
    """Every line; those of an entry add up to 0 in each currency. What we own or spent is positive."""
    query = (
        select(LedgerEntry, LedgerLine)
        .join(LedgerLine, LedgerLine.entry_id == LedgerEntry.id)
        .order_by(LedgerEntry.id, LedgerLine.number)
    )
    for entry, line in each(session, query):
        yield [
            *(entry.id, entry.kind.value, entry.stripe_id, when(entry.at)),
            *(when(entry.effective_on), when(entry.booked_on), entry.payment_id or "", line.book.value),
            *(line.currency, amount(line.amount, line.currency), entry.hash or ""),
        ]


def movements(session: Session) -> Generator[list[Cell]]:
    """Every change of the recurring sum, in twelfths of the smallest unit of its currency."""
    query = (
        select(Movement, Patron.public_id).join(Patron, Patron.id == Movement.patron_id).order_by(Movement.id)
    )
    for row, patron in each(session, query):
        yield [
            *(patron, row.subscription_id, row.kind.value, when(row.at)),
            *(when(row.effective_on), when(row.booked_on), row.currency, row.twelfths),
        ]
