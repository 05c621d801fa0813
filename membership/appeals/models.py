"""Appeals, where they were shown, and what came of them."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, CurrencyCode, JsonDict, MinorUnits, PublicId, RowId
from membership.secrets import Secret


class Appeal(Base):
    """The request for support after a story: its words, amounts and intervals, and where and when it may stand."""

    __tablename__ = "appeal"
    __table_args__ = (
        CheckConstraint("asks_month OR asks_year OR asks_once", name="asks_for_something"),
        CheckConstraint("last_day >= first_day", name="ends_after_its_beginning"),
    )

    id: Mapped[RowId] = mapped_column(init=False)
    public_id: Mapped[PublicId]
    name: Mapped[str] = mapped_column(String(120))  # for staff
    language: Mapped[str] = mapped_column(String(2))
    heading: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)  # plain paragraphs, parted by empty lines
    highlight: Mapped[str] = mapped_column(String(300))  # the one sentence that stands out
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    suggested_amounts: Mapped[JsonDict] = mapped_column(default_factory=dict)  # empty: the newsroom's
    priority: Mapped[int] = mapped_column(Integer, default=0)  # the highest that fits is shown
    is_on: Mapped[bool] = mapped_column(default=True)
    rules: Mapped[JsonDict] = mapped_column(default_factory=dict)  # choosing.Rules; empty: everywhere
    #: The newsroom's days on which it may stand, both included; None: from the beginning, without end.
    first_day: Mapped[date | None] = mapped_column(default=None)
    last_day: Mapped[date | None] = mapped_column(default=None)
    asks_month: Mapped[bool] = mapped_column(default=True)
    asks_year: Mapped[bool] = mapped_column(default=True)
    asks_once: Mapped[bool] = mapped_column(default=True)


class Placement(Base):
    """A published article as appeals know it, written by articles: what rules ask, and which page shows it.

    `article_id` is an article's id, without foreign key: articles stand on a higher floor.
    """

    __tablename__ = "placement"

    article_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    language: Mapped[str] = mapped_column(String(2), index=True)
    slug: Mapped[str] = mapped_column(String(160))
    headline: Mapped[str] = mapped_column(String(300))
    published_at: Mapped[datetime]
    section: Mapped[str] = mapped_column(String(64), default="")
    tags: Mapped[JsonDict] = mapped_column(default_factory=dict)  # {"tags": […]}
    is_sensitive: Mapped[bool] = mapped_column(default=False)
    is_sponsored: Mapped[bool] = mapped_column(default=False)


class Showing(Base):
    """A slot: an article (0: none) with an appeal (none: a hold-back or a page without). `public_id` is in links.

    `article_id` is an article's id, without foreign key: articles stand on a higher floor.
    """

    __tablename__ = "showing"
    __table_args__ = (UniqueConstraint("article_id", "appeal_id"),)

    id: Mapped[RowId] = mapped_column(init=False)
    public_id: Mapped[PublicId]
    article_id: Mapped[int] = mapped_column(BigInteger)
    appeal_id: Mapped[int | None] = mapped_column(ForeignKey("appeal.id"))
    language: Mapped[str] = mapped_column(String(2), default="")  # the article's


class Campaign(Base):
    """A goal with dates, `[starts_at, ends_at)`. `slug` stands in links and on checkouts, and is never changed.

    `raised` is what gifts credited to it brought within its dates, less what went back; written by giving.
    """

    __tablename__ = "campaign"
    __table_args__ = (
        CheckConstraint("goal > 0", name="goal_positive"),
        CheckConstraint("ends_at > starts_at", name="ends_after_its_beginning"),
        CheckConstraint("currency = lower(currency)", name="currency_lower"),
    )

    id: Mapped[RowId] = mapped_column(init=False)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(120))  # for staff
    goal: Mapped[MinorUnits]
    currency: Mapped[CurrencyCode]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    words: Mapped[JsonDict] = mapped_column(default_factory=dict)  # language → {"title", "text", "thanks"}
    raised: Mapped[MinorUnits] = mapped_column(default=0)


class Reminder(Base):
    """Somebody asked to be reminded in a month. Counts only once the mailbox has answered (`confirmed_at`).

    The address is gone when the one mail has been queued (`sent_at`); an asking that nobody confirms is deleted after
    a week. `token_hash` is of the link in the last mail. `article_id` is an article's id, without foreign key.
    """

    __tablename__ = "reminder"

    id: Mapped[RowId] = mapped_column(init=False)
    public_id: Mapped[PublicId]
    email: Mapped[str | None] = mapped_column(Secret)
    email_index: Mapped[str | None] = mapped_column(String(64), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    article_id: Mapped[int] = mapped_column(BigInteger)
    language: Mapped[str] = mapped_column(String(2))
    asked_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None] = mapped_column(default=None)
    remind_at: Mapped[datetime | None] = mapped_column(default=None)
    sent_at: Mapped[datetime | None] = mapped_column(default=None)


class Invitation(Base):
    """What the appeal invites to, in one language: the round being voted on now. Written by topics."""

    __tablename__ = "invitation"

    language: Mapped[str] = mapped_column(String(2), primary_key=True)
    text: Mapped[str] = mapped_column(String(300))
    path: Mapped[str] = mapped_column(String(160))
