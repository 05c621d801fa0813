"""Who supports us, and what covers whom when."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from membership.accounts.models import Account
from membership.db import Base, PublicId, RowId
from membership.secrets import Secret


class Visibility(StrEnum):
    """What may be seen of a patron."""

    STAFF_ONLY = "staff_only"
    PUBLIC = "public"  # a chosen name on the wall, once staff approved it; never an amount
    SECRET = "secret"  # noqa: S105 - no password: masked for staff too


class Patron(Base):
    """A reader who has given, or was given a membership.

    A patron may be without account (an offline gift without address) and may have several Stripe customers
    (giving.StripeCustomer). `public_id` is what other machines and exports know the patron by.
    """

    __tablename__ = "patron"
    __table_args__ = (
        Index(
            "ix_patron_leaving",
            "deletion_asked_at",
            sqlite_where=text("deletion_asked_at IS NOT NULL AND deleted_at IS NULL"),
            postgresql_where=text("deletion_asked_at IS NOT NULL AND deleted_at IS NULL"),
        ),
    )

    id: Mapped[RowId] = mapped_column(init=False)
    public_id: Mapped[PublicId]
    created_at: Mapped[datetime]
    account: Mapped[Account | None] = relationship(lazy="raise_on_sql", default=None)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), unique=True, init=False)
    name: Mapped[str] = mapped_column(Secret, default="")
    language: Mapped[str] = mapped_column(String(2), default="en")
    visibility: Mapped[Visibility] = mapped_column(default=Visibility.STAFF_ONLY)
    wall_name: Mapped[str] = mapped_column(String(80), default="")
    wall_approved_at: Mapped[datetime | None] = mapped_column(default=None)
    wall_declined_at: Mapped[datetime | None] = mapped_column(default=None)  # staff ask for another name
    wants_topic_mail: Mapped[bool] = mapped_column(default=True)  # "the story you asked for is out"
    wants_round_mail: Mapped[bool] = mapped_column(default=False)  # never pre-ticked
    note: Mapped[str] = mapped_column(Secret, default="")  # what they wrote to the newsroom with the gift
    deletion_asked_at: Mapped[datetime | None] = mapped_column(
        default=None
    )  # gifts are ended at Stripe first
    deleted_at: Mapped[datetime | None] = mapped_column(
        default=None
    )  # nothing personal is left, nor comes back


class NameWord(Base):
    """One word of a patron's name as a blind index, so that staff find names without names in clear."""

    __tablename__ = "name_word"
    __table_args__ = (Index(None, "word_index"),)

    patron_id: Mapped[int] = mapped_column(ForeignKey("patron.id", ondelete="CASCADE"), primary_key=True)
    word_index: Mapped[str] = mapped_column(String(64), primary_key=True)


class Source(StrEnum):
    """What a stretch of coverage comes from (design: policies, "coverage and standing")."""

    PAID = "paid"  # a settled payment's period
    RENEWING = "renewing"  # its renewal is under way and nothing has failed
    GRACE = "grace"  # a renewal failed less than GRACE_DAYS ago
    ONCE = "once"
    OFFLINE = "offline"
    GIFT = "gift"
    GRANT = "grant"
    SEAT = "seat"


class EndedBy(StrEnum):
    """What cut a stretch of coverage short, or let it be the last."""

    CANCEL = "cancel"  # the patron's own
    FAILURE = "failure"  # of the renewal
    REFUND = "refund"  # in full
    DISPUTE = "dispute"
    STAFF = "staff"


class Coverage(Base):
    """A half-open stretch of time, [starts_at, ends_at), in which something covers a patron.

    Written by giving (grants by patrons) as a whole for each patron from the facts, so rows may be replaced at
    any time; `source_key` names the fact (a Stripe id or the public id of a grant, gift, offline gift).
    """

    __tablename__ = "coverage"
    __table_args__ = (
        UniqueConstraint("source", "source_key", "starts_at"),
        CheckConstraint("starts_at < ends_at", name="not_empty"),
        Index(None, "patron_id", "ends_at"),
        Index(None, "ends_at"),
    )

    id: Mapped[RowId] = mapped_column(init=False)
    patron_id: Mapped[int] = mapped_column(ForeignKey("patron.id"))
    source: Mapped[Source]
    source_key: Mapped[str] = mapped_column(String(80))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_by: Mapped[EndedBy | None] = mapped_column(default=None)


class Grant(Base):
    """A membership that staff gave, with an end."""

    __tablename__ = "membership_grant"
    __table_args__ = (CheckConstraint("starts_at < ends_at", name="not_empty"),)

    id: Mapped[RowId] = mapped_column(init=False)
    public_id: Mapped[PublicId]
    patron_id: Mapped[int] = mapped_column(ForeignKey("patron.id"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Text, default="")
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


class SupportElsewhere(Base):
    """A patron who supports the newsroom through another platform, as that platform's file of members told.

    Covered by a grant to the day to which it is paid there; no money of ours, and in no recurring figure.
    """

    __tablename__ = "support_elsewhere"
    __table_args__ = (UniqueConstraint("patron_id", "platform"),)

    id: Mapped[RowId] = mapped_column(init=False)
    patron_id: Mapped[int] = mapped_column(ForeignKey("patron.id"))
    grant_id: Mapped[int] = mapped_column(ForeignKey("membership_grant.id"), index=True)
    platform: Mapped[str] = mapped_column(String(40))  # as people know it: "Patreon"
    told_at: Mapped[datetime]  # by the first file
    gave_here: Mapped[bool]  # also gave here directly by then, so there is nothing to move
    invited_at: Mapped[datetime | None] = mapped_column(default=None)  # to give directly; once only
