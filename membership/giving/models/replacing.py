"""A gift that fails or is paused, and the new one that its patron began in its place."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base


class ReplacementState(StrEnum):
    """What is to become of the old gift."""

    WAITING = "waiting"  # for proof that the new one is the same person's: both sides have been told
    SURE = "sure"  # to be ended by the worker
    ENDING = "ending"  # begun: once its bill is voided Stripe calls it active again, so it must be ended
    DONE = "done"
    OVERTAKEN = "overtaken"  # the old one was paid, ended or resumed by itself before that


class Replacement(Base):
    """An old gift whose patron has paid for a new one; one old gift is replaced by one new one only."""

    __tablename__ = "replacement"
    __table_args__ = (Index(None, "state"),)

    old_id: Mapped[str] = mapped_column(String(255), primary_key=True)  # subscriptions
    new_id: Mapped[str] = mapped_column(String(255), index=True)
    found_at: Mapped[datetime]
    state: Mapped[ReplacementState]
    settled_at: Mapped[datetime | None] = mapped_column(default=None)
