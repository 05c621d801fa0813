"""What Stripe tells and what is still to be asked of it: events, objects to read, runs of the reconciliation."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, JsonDict, RowId
from membership.secrets import SecretBytes


class EventState(StrEnum):
    """What became of a stored event."""

    RECEIVED = "received"
    APPLIED = "applied"
    IGNORED = "ignored"  # a type we have no use for
    FOREIGN = "foreign"  # not ours, on a shared account
    WRONG_MODE = "wrong_mode"  # live in test, or test in live
    FAILED = "failed"  # to be tried again
    DEAD = "dead"  # tried too often; `membership events retry`


class Event(Base):
    """A Stripe event as it came, stored and committed before anything is made of it."""

    __tablename__ = "event"
    __table_args__ = (Index(None, "state", "next_try_at"), Index(None, "created"))

    id: Mapped[str] = mapped_column(String(255), primary_key=True)  # evt_…
    type: Mapped[str] = mapped_column(String(80))
    created: Mapped[datetime]
    api_version: Mapped[str] = mapped_column(String(40))
    is_live: Mapped[bool]
    body: Mapped[bytes] = mapped_column(SecretBytes)  # it names people
    received_at: Mapped[datetime]
    next_try_at: Mapped[datetime]
    state: Mapped[EventState] = mapped_column(default=EventState.RECEIVED)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    deliveries: Mapped[int] = mapped_column(Integer, default=1)  # 0: read from a list or a file
    has_conflict: Mapped[bool] = mapped_column(default=False)  # came again, signed, with another body
    conflict_body: Mapped[bytes | None] = mapped_column(SecretBytes, default=None)  # the first such body
    error: Mapped[str] = mapped_column(Text, default="")
    handled_at: Mapped[datetime | None] = mapped_column(default=None)


class ReadingState(StrEnum):
    """Whether an object that must be read at Stripe has been."""

    WAITING = "waiting"
    GONE = "gone"  # Stripe knows no such object
    DEAD = "dead"  # what Stripe says of it cannot be read or booked; somebody must look


class ObjectToRead(Base):
    """An object at Stripe that events alone do not tell for certain: to be read, then the row goes."""

    __tablename__ = "object_to_read"
    __table_args__ = (Index(None, "state", "next_try_at"),)

    type: Mapped[str] = mapped_column(String(40), primary_key=True)
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    reason: Mapped[str] = mapped_column(String(40))
    asked_at: Mapped[datetime]
    next_try_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(Integer, default=0)
    state: Mapped[ReadingState] = mapped_column(default=ReadingState.WAITING)


class ReconcileRun(Base):
    """One comparison of our books with Stripe's: how far it has come (it goes on after a crash), what it found."""

    __tablename__ = "reconcile_run"
    __table_args__ = (Index(None, "started_at"),)

    id: Mapped[RowId] = mapped_column(init=False)
    started_at: Mapped[datetime]
    since: Mapped[datetime | None] = mapped_column(default=None)  # objects made before are left out
    step: Mapped[str] = mapped_column(String(40), default="")  # the list being read
    after: Mapped[str] = mapped_column(String(255), default="")  # the last id read of it
    read: Mapped[int] = mapped_column(Integer, default=0)  # objects
    differences: Mapped[JsonDict] = mapped_column(
        default_factory=dict
    )  # {"rows": [[kind, id, sentence], …], "count": n}
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
    is_whole: Mapped[bool] = mapped_column(default=True)  # every list was compared both ways


class ListRead(Base):
    """Up to when a list at Stripe has been read whole: a pass that was cut off leaves it as it was."""

    __tablename__ = "list_read"

    kind: Mapped[str] = mapped_column(String(40), primary_key=True)  # "balance_transaction"
    until: Mapped[datetime]
