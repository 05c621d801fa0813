"""Receipts for what came through Stripe: one with each payment that is booked, or all that are missing at once.

The latter commits batch by batch.
"""

from collections.abc import Callable
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Table,
    case,
    extract,
    func,
    insert,
    literal,
    null,
    select,
    type_coerce,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from membership import clock
from membership.giving import receipt_texts, receipts
from membership.giving.ledger import EntryKind, LedgerEntry
from membership.giving.models import Owner, Payment, Receipt, ReceiptSource, ReceiptYear, StripeCustomer
from membership.giving.receipts import Given
from membership.giving.telling import News
from membership.money import Money
from membership.newsroom import settings_rows
from membership.newsroom.settings_rows import NewsroomSettings
from membership.patrons.models import Patron

RECEIPTS = cast("Table", Receipt.__table__)
_given_in = sql_cast(extract("year", LedgerEntry.effective_on), Integer)


def issue(session: Session, patron_id: int, news: News, newsroom: NewsroomSettings) -> None:
    """Issue receipts for the payments of a patron that have just become ours. The caller commits."""
    gifts = [
        Given(
            source=ReceiptSource.PAYMENT,
            source_key=payment.id,
            given_on=news.derived.settled_at[payment.id].astimezone(newsroom.zone).date(),
            money=Money(payment.amount, payment.currency),
        )
        for payment in news.new_payments
    ]
    if gifts:
        receipts.issue(session, session.get_one(Patron, patron_id), gifts, newsroom)


def issue_missing(
    session: Session, *, year: int | None = None, progress: Callable[[int, int], None] | None = None
) -> int:
    """Issue receipts for all payments of ours that never had one, in the order in which they settled; how many.

    For a history that was loaded at once. One statement a year, so millions take minutes; commits after each year.
    `progress(year, count)` is told of each.
    """
    years = select(_given_in).distinct().order_by(_given_in)
    found = session.scalars(
        _without(years) if year is None else _without(years).where(_given_in == year)
    ).all()
    session.commit()
    total = 0
    for one in found:
        count = _issue_year(session, one)
        session.commit()
        total += count
        if progress is not None:
            progress(one, count)
    return total


def _issue_year(session: Session, year: int) -> int:
    receipts.open_year(session, year)
    # Whoever books a payment now waits for this row, and what was booked before is seen below.
    last = session.scalars(select(ReceiptYear.last_number).filter_by(year=year).with_for_update()).one()
    texts = _texts(session)
    place = func.row_number().over(order_by=(LedgerEntry.at, Payment.id))
    chosen: dict[str, Any] = {
        "year": literal(year),
        "number": place + last,
        "source": literal(ReceiptSource.PAYMENT.value),
        "source_key": Payment.id,
        "patron_id": Patron.id,
        "given_on": LedgerEntry.effective_on,
        "amount": Payment.amount,
        "currency": Payment.currency,
        "name": type_coerce(Patron.name, RECEIPTS.c.name.type),  # as it is encrypted there
        "language": Patron.language,
        "text_id": texts,
        "issued_at": literal(clock.now(), RECEIPTS.c.issued_at.type),
        "replaces_id": null(),
        "canceled_at": null(),
        "cancel_reason": literal(""),
    }
    query = _without(select(*(value.label(name) for name, value in chosen.items()))).where(_given_in == year)
    session.execute(insert(RECEIPTS).from_select(list(chosen), query))
    newest = session.scalars(select(func.max(Receipt.number)).filter_by(year=year)).one() or last
    session.execute(update(receipts.YEARS).where(receipts.YEARS.c.year == year).values(last_number=newest))
    return int(newest) - last


def _without(query: Select[Any]) -> Select[Any]:
    """The payments of ours without any receipt, with the entry that booked each and the patron who gave it."""
    receipt = select(Receipt.id).where(
        Receipt.source == ReceiptSource.PAYMENT, Receipt.source_key == Payment.id
    )
    return (
        query.select_from(Payment)
        .join(LedgerEntry, (LedgerEntry.kind == EntryKind.CHARGE) & (LedgerEntry.stripe_id == Payment.id))
        .join(StripeCustomer, StripeCustomer.id == Payment.customer_id)
        .join(Patron, Patron.id == StripeCustomer.patron_id)
        .where(Payment.owner == Owner.OURS, ~receipt.exists())
    )


def _texts(session: Session) -> ColumnElement[int]:
    """The version of the words in force, by the patron's language."""
    newsroom = settings_rows.current(session)
    languages = session.scalars(select(Patron.language).distinct()).all()
    versions = {language: receipt_texts.current(session, newsroom, language) for language in languages}
    fallback = receipt_texts.current(session, newsroom, newsroom.default_language)
    return case(versions, value=Patron.language, else_=fallback)
