"""Rows of the ledger are never changed or taken out: the database refuses, and the chain finds who got past it."""

from datetime import date

import pytest
from alembic import command
from sqlalchemy import delete, insert, inspect, text, update
from sqlalchemy.exc import IntegrityError

from membership import clock
from membership.cli.database import alembic_config
from membership.db import Base, db
from membership.giving import chaining
from membership.giving.ledger import Book, LedgerEntry, LedgerLine, SealedMonth
from tests.giving import guards
from tests.giving.stripe_words import Life, once


@pytest.fixture
def books(session, take):
    """A gift that is booked, and a sealed month."""
    life = Life("stays")
    once(life)
    take(life.events)
    session.add(SealedMonth(first_day=clock.now().date().replace(day=1), sealed_at=clock.now()))
    session.commit()
    return session


FORBIDDEN = {
    "an amount changed": lambda: update(LedgerLine).values(amount=LedgerLine.amount * 2),
    "a book changed": lambda: update(LedgerLine).values(book=Book.OFFLINE),
    "a line taken out": lambda: delete(LedgerLine),
    "a day changed": lambda: update(LedgerEntry).values(booked_on=clock.now().date()),
    "a payment changed": lambda: update(LedgerEntry).values(payment_id="ch_other"),
    "an entry taken out": lambda: delete(LedgerEntry),
    "a month unsealed": lambda: delete(SealedMonth),
    "a month sealed anew": lambda: update(SealedMonth).values(sealed_at=clock.now().replace(year=2030)),
}


def _refused(session, statement) -> None:
    with pytest.raises(IntegrityError):
        session.execute(statement)
    session.rollback()


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_database_refuses(books, what):
    _refused(books, FORBIDDEN[what]())


def test_an_entry_is_chained_once_and_never_again(books):
    assert chaining.extend(books) == 1

    _refused(books, update(LedgerEntry).values(hash="0" * 64))
    _refused(books, update(LedgerEntry).values(link=7))
    assert chaining.broken_links(books) == []


@pytest.mark.parametrize(
    "change",
    [{"effective_on": date(2026, 1, 1)}, {"booked_on": date(2026, 1, 1)}, {"payment_id": "ch_other"}],
)
def test_a_change_of_any_column_behind_the_databases_back_is_found(books, change):
    chaining.extend(books)

    with guards.lifted(books):
        books.execute(update(LedgerEntry).values(change))
    books.commit()

    assert len(chaining.broken_links(books)) == 1


def test_a_migrated_database_refuses_as_well(session):
    bind = session.get_bind()
    session.rollback()
    Base.metadata.drop_all(bind)
    with db.engine.begin() as connection:
        for name in inspect(connection).get_table_names():
            connection.execute(text(f"DROP TABLE {name}"))
    command.upgrade(alembic_config(), "head")

    session.add(SealedMonth(first_day=clock.now().date(), sealed_at=clock.now()))
    session.commit()

    _refused(session, delete(SealedMonth))
    _refused(session, update(SealedMonth).values(sealed_at=clock.now().replace(year=2030)))


def test_a_line_over_nothing_is_refused(books):
    line = {"entry_id": 1, "number": 9, "book": Book.GIFTS, "amount": 0, "currency": "eur"}

    with pytest.raises(IntegrityError):
        books.execute(insert(LedgerLine), line)
    books.rollback()
