"""What stands around the writing of an article: working copies, who is at it, links to a preview."""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, JsonDict, RowId


class WorkingCopy(Base):
    """What an editor has typed and not saved: kept by itself, shown to that editor alone, never to readers.

    `subject` is "article:12", or "new:" and the random key of a form whose article was never saved. `version` counts
    the times it was kept, so that two windows of one editor do not write over each other.
    """

    __tablename__ = "working_copy"
    __table_args__ = (UniqueConstraint("account_id", "subject"),)

    id: Mapped[RowId] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    subject: Mapped[str] = mapped_column(String(48))
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), index=True)
    kept_at: Mapped[datetime] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(Integer)
    typed: Mapped[JsonDict]  # the fields of the form, as typed


class Presence(Base):
    """An editor has an article open; it counts until `until`, which the open page moves on."""

    __tablename__ = "presence"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    since: Mapped[datetime]
    until: Mapped[datetime]


class PreviewLink(Base):
    """A link that shows an article as it is now saved to whoever has it, until it ends or is taken back.

    Only the hash of its token is stored: the link itself is shown once, to the editor who makes it.
    """

    __tablename__ = "preview_link"

    id: Mapped[RowId] = mapped_column(init=False)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(String(120), default="")  # for whom, in the editor's words
