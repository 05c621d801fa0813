"""Receipts: issued in the transaction that books the gift, under a number without gaps; canceled, and issued anew.

Numbers are given out in one place, `_next_number`, which holds the year's row until the transaction ends: a number
whose transaction is rolled back is given to the next one. They follow the order of booking, not that of giving, and
so are no part of the canonical state.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import cast

from sqlalchemy import Table, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, joinedload

from membership import clock
from membership.giving import receipt_texts
from membership.giving.models import Payment, Receipt, ReceiptSource, ReceiptYear
from membership.money import Money
from membership.newsroom import settings_rows
from membership.newsroom.settings_rows import NewsroomSettings
from membership.patrons.models import Patron

YEARS = cast("Table", ReceiptYear.__table__)


class AlreadyCanceledError(Exception):
    """The receipt was canceled before; what replaces it, if anything, stands."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """A gift that has settled, as a receipt names it. `given_on` is a day in the newsroom's time zone."""

    source: ReceiptSource
    source_key: str
    given_on: date
    money: Money


def issue(session: Session, patron: Patron, gifts: Iterable[Given], newsroom: NewsroomSettings) -> None:
    """Issue a receipt for each gift that never had one; the caller commits, in the transaction that books the gifts.

    Name and language are the patron's as they are now; the words are the newsroom's version in force.
    """
    missing = [gift for gift in gifts if not _had_one(session, gift)]
    for gift in sorted(missing, key=lambda gift: (gift.given_on, gift.source_key)):
        session.add(
            Receipt(
                year=gift.given_on.year,
                number=_next_number(session, gift.given_on.year),
                source=gift.source,
                source_key=gift.source_key,
                patron_id=patron.id,
                given_on=gift.given_on,
                amount=gift.money.amount,
                currency=gift.money.currency,
                name=patron.name,
                language=patron.language,
                text_id=receipt_texts.current(session, newsroom, patron.language),
                issued_at=clock.now(),
            )
        )
        session.flush()


def _had_one(session: Session, gift: Given) -> bool:
    known = select(Receipt.id).filter_by(source=gift.source, source_key=gift.source_key).limit(1)
    return session.scalars(known).first() is not None


def _next_number(session: Session, year: int) -> int:
    """The next number of a year; its row stays locked until the transaction ends."""
    counted = (
        update(YEARS)
        .where(YEARS.c.year == year)
        .values(last_number=YEARS.c.last_number + 1)
        .returning(YEARS.c.last_number)
    )
    connection = session.connection()
    number = connection.execute(counted).scalar_one_or_none()
    if number is None:
        open_year(session, year)
        number = connection.execute(counted).scalar_one()
    return int(number)


def open_year(session: Session, year: int) -> None:
    """Let a year have a row to count in. The caller commits."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(insert(YEARS).values(year=year, last_number=0).on_conflict_do_nothing())


def standing(session: Session, source: ReceiptSource, source_key: str) -> Receipt | None:
    """The receipt of a gift that stands, with its words; None if it has none (yet)."""
    return session.scalars(
        select(Receipt)
        .filter_by(source=source, source_key=source_key, canceled_at=None)
        .options(joinedload(Receipt.text))
    ).one_or_none()


def cancel(session: Session, receipt: Receipt, *, reason: str) -> None:
    """Take a receipt back; it keeps its number, and nothing stands in its place. The caller commits and audits.

    Raises:
        AlreadyCanceledError: it was canceled before.
    """
    session.refresh(receipt, with_for_update={"of": Receipt})
    if receipt.canceled_at is not None:
        raise AlreadyCanceledError
    receipt.canceled_at, receipt.cancel_reason = clock.now(), reason
    session.flush()


def reissue(session: Session, receipt: Receipt, *, name: str, language: str, reason: str) -> Receipt:
    """Cancel a receipt and issue another for the same gift with another name or language, under a new number.

    The number is the next one of the gift's year. The caller commits and audits.

    Raises:
        AlreadyCanceledError: it was canceled before.
    """
    cancel(session, receipt, reason=reason)
    newsroom = settings_rows.current(session)
    made = Receipt(
        year=receipt.year,
        number=_next_number(session, receipt.year),
        source=receipt.source,
        source_key=receipt.source_key,
        patron_id=receipt.patron_id,
        given_on=receipt.given_on,
        amount=receipt.amount,
        currency=receipt.currency,
        name=name,
        language=language,
        text_id=receipt_texts.current(session, newsroom, language),
        issued_at=clock.now(),
        replaces_id=receipt.id,
    )
    session.add(made)
    session.flush()
    return made


def follow_customer(session: Session, customer_id: str, patron_id: int) -> None:
    """Let the receipts of a customer's payments belong to the patron who now has them. The caller commits."""
    paid = select(Payment.id).filter_by(customer_id=customer_id)
    session.execute(
        update(Receipt)
        .where(Receipt.source == ReceiptSource.PAYMENT, Receipt.source_key.in_(paid))
        .values(patron_id=patron_id)
    )
