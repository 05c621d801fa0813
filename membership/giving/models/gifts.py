"""Memberships bought for somebody else: rows of our own; whether one is paid for is told by Stripe's facts."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, PublicId, RowId
from membership.secrets import Secret


class GiftMembership(Base):
    """A membership of some months for another person, from its checkout on.

    The code that claims it is encrypted, since the giver may print it again, and found by its hash. `public_id` is the
    key of the coverage that it gives once claimed.
    """

    __tablename__ = "gift_membership"
    __table_args__ = (
        CheckConstraint("months >= 1 AND months <= 12", name="months_in_a_year"),
        CheckConstraint("(claimed_at IS NULL) = (claimed_by_id IS NULL)", name="claimed_by_somebody"),
        Index(None, "claimed_by_id"),
    )

    id: Mapped[RowId] = mapped_column(init=False)
    public_id: Mapped[PublicId]
    checkout_id: Mapped[int] = mapped_column(ForeignKey("checkout.id"), unique=True)
    months: Mapped[int] = mapped_column(SmallInteger)
    code: Mapped[str] = mapped_column(Secret)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    claim_before: Mapped[datetime]  # 365 days after it was bought or is mailed, whichever is later
    language: Mapped[str] = mapped_column(String(2))  # of the mail and the card
    recipient_name: Mapped[str] = mapped_column(Secret, default="")
    recipient_email: Mapped[str] = mapped_column(Secret, default="")  # "": handed over as a card
    giver_name: Mapped[str] = mapped_column(Secret, default="")  # as the recipient reads it
    message: Mapped[str] = mapped_column(Secret, default="")
    mail_on: Mapped[date | None] = mapped_column(Date, default=None)  # in the newsroom's time zone
    mailed_at: Mapped[datetime | None] = mapped_column(default=None)
    claimed_at: Mapped[datetime | None] = mapped_column(default=None)
    claimed_by_id: Mapped[int | None] = mapped_column(ForeignKey("patron.id"), default=None)
