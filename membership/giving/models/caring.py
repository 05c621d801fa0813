"""Links in mails by which a gift is looked after without signing in, and what was done by them or for a patron."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, JsonDict, PublicId, RowId


class CarePurpose(StrEnum):
    """What a care link is for. None can make a gift larger than it has been."""

    LOOK_AFTER = "look_after"  # all that can be done: give less, pause, skip, end, go on, another card
    CARD = "card"
    CANCEL = "cancel"
    RESUME = "resume"
    UNDO = "undo"  # puts back what one act changed


class CareLink(Base):
    """A link in one mail: good for one act on one gift, until it is used or its day has come.

    Only the token's hash is kept. The row says nothing about the mail it went out with, nor when: mails to voters
    carry such links too, and nobody is to learn from these rows who voted for what.
    """

    __tablename__ = "care_link"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    purpose: Mapped[CarePurpose]
    subscription_id: Mapped[str] = mapped_column(String(255), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    address_index: Mapped[str] = mapped_column(
        String(64)
    )  # of the mailbox it went to; another address ends it
    expires_at: Mapped[datetime] = mapped_column(index=True)
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("care_act.id"), default=None)
    used_at: Mapped[datetime | None] = mapped_column(default=None)
    done_at: Mapped[datetime | None] = mapped_column(default=None)  # what it was used for is known to be done


class CareActKind(StrEnum):
    """What can be done to a gift for a patron who has not signed in."""

    LOWER = "lower"
    PAUSE = "pause"
    SKIP = "skip"
    CANCEL = "cancel"
    RESUME = "resume"
    CARD = "card"
    UNDO = "undo"


class CareAct(Base):
    """One thing done to a gift by a care link, or by staff for a patron; committed before Stripe is asked.

    `before` and `wanted` hold amounts (minor units), ids of nobody, and instants in ISO 8601: what undoing restores.
    """

    __tablename__ = "care_act"
    __table_args__ = (Index(None, "subscription_id", "told_at"),)

    id: Mapped[RowId] = mapped_column(init=False)
    public_id: Mapped[PublicId]
    subscription_id: Mapped[str] = mapped_column(String(255))
    kind: Mapped[CareActKind]
    began_at: Mapped[datetime]
    before: Mapped[JsonDict]
    wanted: Mapped[JsonDict]
    link_hash: Mapped[str] = mapped_column(String(64), default="", index=True)  # "" for staff
    by_staff: Mapped[bool] = mapped_column(default=False)
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("care_act.id"), default=None)
    told_at: Mapped[datetime | None] = mapped_column(default=None)  # the patron was mailed of it
