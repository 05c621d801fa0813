"""Cards of gifts that are about to run out: one row for each card, so that its patron is told once."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base


class CardNoticeState(StrEnum):
    """Whether a patron has been told that a card runs out."""

    WAITING = "waiting"  # to be looked at: Stripe may know a newer card
    TOLD = "told"
    REPLACED = "replaced"  # there is a newer card, or the gift no longer renews


class CardNotice(Base):
    """A card that pays for a gift and runs out within sixty days."""

    __tablename__ = "card_notice"
    __table_args__ = (Index(None, "state"),)

    subscription_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires: Mapped[str] = mapped_column(
        String(7), primary_key=True
    )  # "2027-03": good to the end of that month
    found_at: Mapped[datetime]
    state: Mapped[CardNoticeState] = mapped_column(default=CardNoticeState.WAITING)
    settled_at: Mapped[datetime | None] = mapped_column(default=None)
