"""Makers of ledger entries and movements for the tests of reports."""

from datetime import datetime
from itertools import count

from sqlalchemy.orm import Session

from membership import secrets
from membership.giving.ledger import Book, EntryKind, LedgerEntry, LedgerLine
from membership.giving.models import Checkout, Interval, Owner, Payment, StripeCustomer
from membership.giving.movements import Movement, MovementKind
from membership.patrons.models import Patron

_numbers = count(1)


def a_patron(session: Session, *, name: str = "Cleo", at: datetime) -> Patron:
    """A patron with one Stripe customer."""
    patron = Patron(public_id=secrets.new_public_id(), created_at=at, name=name)
    session.add(patron)
    session.flush()
    session.add(StripeCustomer(id=f"cus_{patron.id}", patron_id=patron.id, as_of=at))
    return patron


def a_payment(
    session: Session, patron: Patron, amount: int, *, at: datetime, currency: str = "eur", checkout: str = ""
) -> Payment:
    """A settled payment and its entry in the ledger."""
    payment = Payment(
        id=f"ch_{next(_numbers)}",
        as_of=at,
        customer_id=f"cus_{patron.id}",
        payment_intent_id=None,
        amount=amount,
        currency=currency,
        charged_at=at,
        settled_at=at,
        marked_ours=True,
        owner=Owner.OURS,
        checkout_public_id=checkout,
    )
    session.add(payment)
    an_entry(
        session, EntryKind.CHARGE, payment, at=at, lines=[(Book.CLEARING, amount), (Book.GIFTS, -amount)]
    )
    return payment


def a_balance(session: Session, payment: Payment, fee: int, *, at: datetime) -> None:
    """The balance transaction of a payment in its own currency."""
    lines = [(Book.CLEARING, -payment.amount), (Book.STRIPE, payment.amount - fee), (Book.FEES, fee)]
    an_entry(session, EntryKind.BALANCE, payment, at=at, lines=lines)


def an_entry(
    session: Session,
    kind: EntryKind,
    payment: Payment,
    *,
    at: datetime,
    lines: list[tuple[Book, int]],
    stripe_id: str = "",
    currency: str = "",
) -> None:
    """An entry about a payment, dated in UTC's day, in its currency or another."""
    entry = LedgerEntry(
        kind=kind,
        stripe_id=stripe_id or f"x_{next(_numbers)}",
        at=at,
        effective_on=at.date(),
        booked_on=at.date(),
        payment_id=payment.id,
    )
    session.add(entry)
    session.flush()
    for number, (book, amount) in enumerate(lines):
        session.add(
            LedgerLine(
                entry_id=entry.id,
                number=number,
                book=book,
                amount=amount,
                currency=currency or payment.currency,
            )
        )


def a_movement(
    session: Session,
    patron: Patron,
    kind: MovementKind,
    twelfths: int,
    *,
    at: datetime,
    currency: str = "eur",
) -> None:
    """A movement of one subscription of a patron."""
    session.add(
        Movement(
            subscription_id=f"sub_{patron.id}",
            patron_id=patron.id,
            kind=kind,
            at=at,
            effective_on=at.date(),
            booked_on=at.date(),
            currency=currency,
            twelfths=twelfths,
        )
    )


def a_checkout(session: Session, *, article_id: int | None, amount: int, at: datetime) -> str:
    """A checkout under an article; gives its public id."""
    public_id = secrets.new_public_id()
    session.add(
        Checkout(
            public_id=public_id,
            form_key=public_id,
            created_at=at,
            amount=amount,
            covered_fee=0,
            currency="eur",
            interval=Interval.ONCE,
            smallest_monthly=100,
            email="cleo@example.org",
            email_index="0" * 64,
            language="en",
            article_id=article_id,
        )
    )
    return public_id
