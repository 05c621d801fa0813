"""The ledger: append-only, balanced per currency, one entry for each Stripe id and kind.

Accounts are signed so that what we own or spent is positive and what was given is negative, as bookkeepers write
debit and credit. A correction is another entry. The hash chain is made by a job over committed entries
(giving.chaining), never inside a payment's transaction.
"""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, CurrencyCode, MinorUnits, RowId
from membership.giving import guarding


class Book(StrEnum):
    """The ledger's accounts."""

    GIFTS = "gifts"  # what patrons gave (credit)
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    FEES = "fees"
    STRIPE = "stripe"  # our balance at Stripe, before payouts
    CLEARING = "clearing"  # charged, its balance transaction not yet read; 0 once all are
    CONVERSION = "conversion"  # the two sides of an exchange between currencies
    UNASSIGNED = "unassigned"  # not known yet whether it is ours
    FOREIGN = "foreign"  # others' money on a shared account
    OFFLINE = "offline"  # money that came outside of Stripe
    PAYOUTS = "payouts"


class EntryKind(StrEnum):
    """What an entry books; unique together with the Stripe id."""

    CHARGE = "charge"
    ASSIGNED = "assigned"  # moves unassigned money to gifts or foreign
    REFUND = "refund"
    REFUND_FAILED = "refund_failed"
    DISPUTE_WITHDRAWN = "dispute_withdrawn"
    DISPUTE_REINSTATED = "dispute_reinstated"
    BALANCE = "balance"  # a balance transaction: fee and net
    REDATED = "redated"  # moves an entry to the day that is now known to be its own: a pair, from and to
    OFFLINE = "offline"
    REVERSAL = "reversal"


class LedgerEntry(Base):
    """One thing that happened to money. Never changed, never deleted; `hash` is filled once by the chaining job."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        UniqueConstraint("kind", "stripe_id"),
        Index(None, "booked_on"),
        Index(None, "effective_on"),
        Index(None, "payment_id"),
    )

    id: Mapped[RowId] = mapped_column(init=False)
    kind: Mapped[EntryKind]
    stripe_id: Mapped[str] = mapped_column(String(255))  # of an offline gift its public id
    at: Mapped[datetime]  # when it happened, by Stripe's clock
    effective_on: Mapped[date] = mapped_column(Date)  # that day in the newsroom's time zone
    booked_on: Mapped[date] = mapped_column(Date)  # the same, or the first open day if that month is sealed
    payment_id: Mapped[str | None] = mapped_column(String(255), default=None)  # the charge it is about
    hash: Mapped[str | None] = mapped_column(String(64), default=None)
    link: Mapped[int | None] = mapped_column(BigInteger, unique=True, default=None)  # its place in the chain


class SealedMonth(Base):
    """A month whose booked figures no longer change (by `booked_on`); late facts are booked on the first open day."""

    __tablename__ = "sealed_month"

    first_day: Mapped[date] = mapped_column(Date, primary_key=True)
    sealed_at: Mapped[datetime]


class LedgerLine(Base):
    """One signed amount of an entry in one account; an entry's lines add up to 0 in each currency."""

    __tablename__ = "ledger_line"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount_not_zero"),
        CheckConstraint("currency = lower(currency)", name="currency_lower"),
        Index(None, "book", "currency"),
    )

    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entry.id"), primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    book: Mapped[Book]
    amount: Mapped[MinorUnits]
    currency: Mapped[CurrencyCode]


guarding.never_changed(LedgerEntry.__table__, once=("hash", "link"))
guarding.never_changed(LedgerLine.__table__)
guarding.never_changed(SealedMonth.__table__)
