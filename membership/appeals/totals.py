"""Daily totals of slots: how often shown and followed, how many gifts and how much money came of it. Nothing of who.

`DailyCount` is summed by the web's processes (appeals.counting); giving writes `DailyGifts` (giving.crediting_slots).
"""

from datetime import date

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, CurrencyCode, MinorUnits


class DailyCount(Base):
    """How often the place of a slot's appeal came into view on a day of the newsroom, and /support was opened by it."""

    __tablename__ = "daily_count"
    __table_args__ = (
        CheckConstraint("shown >= 0 AND followed >= 0", name="counts_not_negative"),
        Index(None, "day"),
    )

    showing_id: Mapped[int] = mapped_column(ForeignKey("showing.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    shown: Mapped[int] = mapped_column(Integer, default=0)
    followed: Mapped[int] = mapped_column(Integer, default=0)


class DailyGifts(Base):
    """The gifts begun by a slot on a day, in one currency: how many still stand, and what they have brought so far.

    Renewals count for the day on which their gift was begun; what goes back is taken off.
    """

    __tablename__ = "daily_gifts"
    __table_args__ = (CheckConstraint("gifts >= 0", name="gifts_not_negative"), Index(None, "day"))

    showing_id: Mapped[int] = mapped_column(ForeignKey("showing.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    currency: Mapped[CurrencyCode] = mapped_column(primary_key=True)
    gifts: Mapped[int] = mapped_column(Integer, default=0)
    amount: Mapped[MinorUnits] = mapped_column(default=0)
