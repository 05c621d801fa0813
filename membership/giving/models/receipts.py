"""Receipts: a numbered proof of each gift that has settled, and the words it was issued under.

A receipt is never changed. What was wrong on it is put right by canceling it and issuing another, with a number of
its own, that names the one it replaces.
"""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from membership.db import Base, CurrencyCode, MinorUnits, RowId
from membership.money import Money
from membership.secrets import Secret


class ReceiptSource(StrEnum):
    """Where the money of a receipt came in."""

    PAYMENT = "payment"  # through Stripe; `source_key` is the charge's id
    OFFLINE = "offline"  # outside of it; `source_key` is the offline gift's public id


class ReceiptText(Base):
    """The issuer's name and legal text of receipts in one language, one row a version; never changed.

    What is issued keeps the version it was issued under. The same words again are the same version.
    """

    __tablename__ = "receipt_text"
    __table_args__ = (UniqueConstraint("language", "version"), UniqueConstraint("language", "digest"))

    id: Mapped[RowId] = mapped_column(init=False)
    language: Mapped[str] = mapped_column(String(2))
    version: Mapped[int] = mapped_column(Integer)  # 1, 2, … in each language
    issuer: Mapped[str] = mapped_column(String(120))  # the newsroom's name
    text: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))  # of issuer and text
    since: Mapped[datetime]  # when the first receipt was issued under it


class ReceiptYear(Base):
    """The last number given out in a year; whoever adds one holds this row until the receipt is committed."""

    __tablename__ = "receipt_year"

    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    last_number: Mapped[int] = mapped_column(Integer, default=0)


class Receipt(Base):
    """The numbered proof of one gift: "2026-000042". Gapless within `year`, the year of the gift's day.

    At most one receipt of a gift stands; a canceled one keeps its number for good.
    """

    __tablename__ = "receipt"
    __table_args__ = (
        UniqueConstraint("year", "number"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("number > 0", name="number_positive"),
        Index(
            "uq_receipt_standing",
            "source",
            "source_key",
            unique=True,
            sqlite_where=text("canceled_at IS NULL"),
            postgresql_where=text("canceled_at IS NULL"),
        ),
        Index(None, "patron_id"),
        Index(None, "source_key"),
    )

    id: Mapped[RowId] = mapped_column(init=False)
    year: Mapped[int] = mapped_column(SmallInteger)
    number: Mapped[int] = mapped_column(Integer)
    source: Mapped[ReceiptSource]
    source_key: Mapped[str] = mapped_column(String(255))
    patron_id: Mapped[int] = mapped_column(ForeignKey("patron.id"))
    given_on: Mapped[date] = mapped_column(Date)  # the day it settled, in the newsroom's time zone
    amount: Mapped[MinorUnits]
    currency: Mapped[CurrencyCode]
    name: Mapped[str] = mapped_column(Secret)  # of the giver as it was then; "" if none was known
    language: Mapped[str] = mapped_column(String(2))
    text_id: Mapped[int] = mapped_column(ForeignKey("receipt_text.id"))
    text: Mapped[ReceiptText] = relationship(lazy="raise_on_sql", init=False, viewonly=True)
    issued_at: Mapped[datetime]
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("receipt.id"), default=None)
    canceled_at: Mapped[datetime | None] = mapped_column(default=None)
    cancel_reason: Mapped[str] = mapped_column(Text, default="")  # for staff; never a name or an address

    @property
    def label(self) -> str:
        """The number as people read it: "2026-000042"."""
        return f"{self.year}-{self.number:06d}"

    @property
    def money(self) -> Money:
        """What was given."""
        return Money(self.amount, self.currency)
