"""Gifts that came outside of Stripe: rows of our own, entered by staff, corrected only by a reversing entry."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, CurrencyCode, MinorUnits, PublicId, RowId
from membership.money import Money
from membership.secrets import Secret


class OfflineGift(Base):
    """Money that a person gave in cash, by transfer or by cheque.

    `public_id` is the key of its ledger entries and of its coverage. Nothing of it changes but the reversal, which
    also frees the bank's reference (`reference_key`), so that the right entry can take it.
    """

    __tablename__ = "offline_gift"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("fee >= 0 AND fee < amount", name="fee_within_amount"),
        CheckConstraint("months >= 1 AND months <= 12", name="months_in_a_year"),
        Index(None, "patron_id"),
        Index(None, "received_on"),
        Index(None, "payer_index"),
    )

    id: Mapped[RowId] = mapped_column(init=False)
    public_id: Mapped[PublicId]
    form_key: Mapped[str] = mapped_column(String(64), unique=True)  # a form or a row sent twice is one gift
    entered_at: Mapped[datetime]
    entered_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    received_on: Mapped[date] = mapped_column(Date)  # the bank's day
    at: Mapped[datetime]  # the beginning of that day in the newsroom's time zone
    amount: Mapped[MinorUnits]  # what was given, before the bank's fee
    currency: Mapped[CurrencyCode]
    fee: Mapped[MinorUnits]  # what the bank kept of it
    months: Mapped[int] = mapped_column(SmallInteger)  # what it covers, measured when it was entered
    patron_id: Mapped[int] = mapped_column(ForeignKey("patron.id"))
    payer: Mapped[str] = mapped_column(Secret)  # as the bank names whoever paid
    payer_index: Mapped[str] = mapped_column(String(64))
    reference: Mapped[str] = mapped_column(String(140), default="")  # as the bank writes it
    reference_key: Mapped[str | None] = mapped_column(String(140), unique=True, default=None)
    note: Mapped[str] = mapped_column(Secret, default="")
    reversed_at: Mapped[datetime | None] = mapped_column(default=None)
    reversed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), default=None)
    reversal_reason: Mapped[str] = mapped_column(String(300), default="")

    @property
    def money(self) -> Money:
        """What was given."""
        return Money(self.amount, self.currency)

    @property
    def fee_money(self) -> Money:
        """What the bank kept of it."""
        return Money(self.fee, self.currency)


class OfflineUpload(Base):
    """A bank's file between the look at it and the decision; its content is encrypted, and let go with either."""

    __tablename__ = "offline_upload"

    id: Mapped[RowId] = mapped_column(init=False)
    public_id: Mapped[PublicId]
    uploaded_at: Mapped[datetime]
    uploaded_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    content: Mapped[str] = mapped_column(Secret)
    confirmed_at: Mapped[datetime | None] = mapped_column(default=None)
