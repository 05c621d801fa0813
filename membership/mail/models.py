"""The outbox: each mail is a row, written in the transaction of its cause."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, RowId
from membership.secrets import Secret


class MailState(StrEnum):
    """What became of a mail."""

    QUEUED = "queued"
    SENDING = "sending"  # leased by a worker until `not_before`
    SENT = "sent"
    CANCELED = "canceled"  # its cause was undone before it left
    EXPIRED = "expired"  # it would have arrived too late to be of use
    BOUNCED = "bounced"  # refused for good
    DEAD = "dead"  # tried too often


class Priority(StrEnum):
    """Sign-in mails never wait behind others."""

    SIGN_IN = "1_sign_in"
    NORMAL = "5_normal"
    BULK = "9_bulk"


class OutgoingMail(Base):
    """One message to one recipient, rendered when it was queued.

    `dedupe_key` says the cause ("receipt:ch_…"): the same cause never makes a second row. Message-ID is fixed here,
    so that a mail sent twice after a crash is seen as one. Recipient and bodies are encrypted; bodies are emptied
    30 days after sending.
    """

    __tablename__ = "outgoing_mail"
    __table_args__ = (
        Index(None, "state", "priority", "not_before"),
        Index(None, "subject_key"),
        Index(None, "account_id"),
        Index(None, "emptied_at", "sent_at"),
    )

    id: Mapped[RowId] = mapped_column(init=False)
    dedupe_key: Mapped[str] = mapped_column(String(160), unique=True)
    kind: Mapped[str] = mapped_column(String(64))  # "giving/receipt": the template's path
    recipient: Mapped[str] = mapped_column(Secret)
    language: Mapped[str] = mapped_column(String(2))
    subject: Mapped[str] = mapped_column(Secret)
    text: Mapped[str] = mapped_column(Secret)
    html: Mapped[str] = mapped_column(Secret)
    message_id: Mapped[str] = mapped_column(String(120), unique=True)
    queued_at: Mapped[datetime]
    not_before: Mapped[datetime]
    priority: Mapped[Priority] = mapped_column(default=Priority.NORMAL)
    expires_at: Mapped[datetime | None] = mapped_column(default=None)
    subject_key: Mapped[str] = mapped_column(String(120), default="")  # what it is about; to cancel by
    account_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    state: Mapped[MailState] = mapped_column(default=MailState.QUEUED)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    sent_at: Mapped[datetime | None] = mapped_column(default=None)
    emptied_at: Mapped[datetime | None] = mapped_column(default=None)  # subject and bodies are gone
    error: Mapped[str] = mapped_column(Text, default="")

    @property
    def has_failed(self) -> bool:
        """Whether it will not be tried again."""
        return self.state in {MailState.BOUNCED, MailState.DEAD}
