"""What each checkout has brought and which daily totals have been told of it: the memory of giving.crediting_slots."""

from datetime import date

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, CurrencyCode, MinorUnits


class SlotCredit(Base):
    """What one customer's payments for one checkout come to, as the daily totals of its slot count it.

    `day` is the newsroom's day on which the checkout was made; it stays, also if the time zone changes later.
    """

    __tablename__ = "slot_credit"
    __table_args__ = (
        CheckConstraint("gifts IN (0, 1)", name="one_gift_at_most"),
        Index(None, "customer_id"),
        Index(None, "showing_id", "day"),
    )

    checkout_public_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    customer_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    currency: Mapped[CurrencyCode] = mapped_column(primary_key=True)
    showing_id: Mapped[int] = mapped_column(ForeignKey("showing.id"))
    day: Mapped[date] = mapped_column(Date)
    gifts: Mapped[int] = mapped_column(SmallInteger)  # 1 while anything of it is kept
    amount: Mapped[MinorUnits]  # gross less refunds and disputes, renewals included
