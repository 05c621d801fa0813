"""The newsroom's own tables: settings, audit trail, due rows, page changes, budgets."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, JsonDict, RowId


class Setting(Base):
    """One thing a newsroom decides; `value` is `{"value": …}` in JSON. Read by settings_rows.current."""

    __tablename__ = "setting"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[JsonDict]


class AuditEntry(Base):
    """Who did what, when: one row for each write by staff and each look at patrons' records.

    Rows are only added. `hash` chains each to the one before it (newsroom.audit), so that a row taken out or
    changed is found by `membership doctor`.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (Index(None, "subject"), Index(None, "at"))

    id: Mapped[RowId] = mapped_column(init=False)
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(BigInteger)  # account.id, without foreign key: accounts go
    actor: Mapped[str] = mapped_column(
        String(120)
    )  # the account's public id, "patron", "system" or "command"
    action: Mapped[str] = mapped_column(String(64))  # "article.published", "payment.refunded"
    subject: Mapped[str] = mapped_column(String(120))  # "article:7", "patron:k3v…"
    details: Mapped[JsonDict]  # before and after, reasons; never an address or a name
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class DueState(StrEnum):
    """Whether the worker has applied a due row."""

    WAITING = "waiting"
    DONE = "done"
    CANCELED = "canceled"
    FAILED = "failed"


class DueRow(Base):
    """Something that happens by the clock alone, at `at`: a grace that ends, a round that closes.

    Unique by kind and key, so that whoever learns of the instant may say it again. The worker applies it once,
    dated at `at`, through the handler that the owner of `kind` registered (newsroom.due).
    """

    __tablename__ = "due_row"
    __table_args__ = (UniqueConstraint("kind", "key"), Index(None, "state", "at"))

    id: Mapped[RowId] = mapped_column(init=False)
    at: Mapped[datetime]  # when it happens, also where it is applied later
    kind: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(300))
    state: Mapped[DueState] = mapped_column(default=DueState.WAITING)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    next_try_at: Mapped[datetime | None] = mapped_column(default=None)  # after a try that failed
    error: Mapped[str] = mapped_column(Text, default="")


class PageChange(Base):
    """A stored page (`key`: its path, or "*" for all) is older than generation `id` and must be made anew.

    Inserted in the transaction of whatever changes something that readers see.
    """

    __tablename__ = "page_change"
    __table_args__ = (Index(None, "key"),)

    id: Mapped[RowId] = mapped_column(init=False)
    key: Mapped[str] = mapped_column(String(255))
    at: Mapped[datetime]


class Budget(Base):
    """How much of something has been used within a window: sign-in mails of an address, checkouts of a network.

    `used` counts from `window_starts_at`; newsroom.budgets spends and refuses in one statement.
    """

    __tablename__ = "budget"
    __table_args__ = (
        UniqueConstraint("name", "key", "window_starts_at"),
        CheckConstraint("used >= 0", name="used_not_negative"),
        Index(None, "window_starts_at"),
    )

    id: Mapped[RowId] = mapped_column(init=False)
    name: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(80))  # a blind index or a network, never an address in clear
    window_starts_at: Mapped[datetime]
    used: Mapped[int] = mapped_column(Integer, default=0)


class OtherWay(Base):
    """Another way to support the newsroom, shown beside the form: a bank transfer, the post, cash at the office."""

    __tablename__ = "other_way"
    __table_args__ = (UniqueConstraint("language", "title"),)

    id: Mapped[RowId] = mapped_column(init=False)
    language: Mapped[str] = mapped_column(String(2))
    title: Mapped[str] = mapped_column(String(120))
    text: Mapped[str] = mapped_column(Text)  # Markdown
    position: Mapped[int] = mapped_column(Integer, default=0)
    edited_by: Mapped[int | None] = mapped_column(ForeignKey("audit_entry.id"), default=None)
