"""What somebody tells us who cannot get into the mailbox that a gift is tied to."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, CurrencyCode, MinorUnits, PublicId, RowId
from membership.secrets import Secret


class MailboxRequest(Base):
    """A call for help from the form for lost mailboxes; whose gift it is, is for staff to find out."""

    __tablename__ = "mailbox_request"
    __table_args__ = (Index(None, "closed_at", "asked_at"),)

    id: Mapped[RowId] = mapped_column(init=False)
    public_id: Mapped[PublicId]
    asked_at: Mapped[datetime]
    paid_on: Mapped[date]
    amount: Mapped[MinorUnits]
    currency: Mapped[CurrencyCode]
    card_last4: Mapped[str] = mapped_column(String(4))
    email: Mapped[str] = mapped_column(Secret)  # where to write to instead
    note: Mapped[str] = mapped_column(Secret, default="")
    language: Mapped[str] = mapped_column(String(2), default="en")
    closed_at: Mapped[datetime | None] = mapped_column(default=None)
    closed_by: Mapped[int | None] = mapped_column(BigInteger, default=None)  # account.id
