"""Movements of the recurring sum: new, returned, up, down, paused, resumed, lost, in twelfths of a minor unit.

A month's bridge is start + the movements' sums = end, exactly, since each is an integer number of twelfths: a
monthly gift of 5.00 is 6,000 twelfths, a yearly one of 60.00 is 6,000 too.
"""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Date, ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, CurrencyCode, RowId


class MovementKind(StrEnum):
    """Why the recurring sum changed (design: definitions of the figures)."""

    NEW = "new"
    RETURNED = "returned"
    UP = "up"
    DOWN = "down"
    PAUSED = "paused"
    RESUMED = "resumed"
    LOST_VOLUNTARY = "lost_voluntary"
    LOST_FAILED = "lost_failed"
    LOST_BY_STAFF = "lost_by_staff"  # or by a dispute


class Movement(Base):
    """One change of the recurring sum, of one subscription, at an instant. Derived; replaced when facts change it.

    What a sealed month booked stays; the difference is another `booking` of the same movement on an open day.
    """

    __tablename__ = "movement"
    __table_args__ = (
        UniqueConstraint("subscription_id", "kind", "at", "currency", "booking"),
        Index(None, "effective_on"),
        Index(None, "patron_id"),
    )

    id: Mapped[RowId] = mapped_column(init=False)
    subscription_id: Mapped[str] = mapped_column(String(255))
    patron_id: Mapped[int] = mapped_column(ForeignKey("patron.id"))
    kind: Mapped[MovementKind]
    at: Mapped[datetime]
    effective_on: Mapped[date] = mapped_column(Date)
    booked_on: Mapped[date] = mapped_column(Date)
    currency: Mapped[CurrencyCode]
    twelfths: Mapped[int] = mapped_column(BigInteger)  # signed
    booking: Mapped[int] = mapped_column(SmallInteger, default=0)
