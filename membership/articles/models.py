"""Articles, their revisions, corrections and pictures."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, JsonDict, RowId


class ArticleState(StrEnum):
    """Where an article is in its life."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class Article(Base):
    """A story: free to all, in one language. `body` is Markdown; what readers get is sanitized from it."""

    __tablename__ = "article"
    __table_args__ = (
        UniqueConstraint("language", "slug"),
        UniqueConstraint("source", "source_id"),
        Index(None, "state", "language", "published_at"),
        Index(None, "series_slug", "language"),
    )

    id: Mapped[RowId] = mapped_column(init=False)
    slug: Mapped[str] = mapped_column(String(160))
    language: Mapped[str] = mapped_column(String(2))
    headline: Mapped[str] = mapped_column(String(300))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]  # the last change that readers should know of
    standfirst: Mapped[str] = mapped_column(Text, default="")
    section: Mapped[str] = mapped_column(String(64), default="")  # a slug of the newsroom's sections
    state: Mapped[ArticleState] = mapped_column(default=ArticleState.DRAFT)
    published_at: Mapped[datetime | None] = mapped_column(default=None)  # or will be, when scheduled
    body_format: Mapped[str] = mapped_column(String(16), default="markdown")  # "html" for imported stories
    is_sensitive: Mapped[bool] = mapped_column(default=False)  # no appeal under it
    is_sponsored: Mapped[bool] = mapped_column(default=False)  # nor under this
    asked_for_by: Mapped[int | None] = mapped_column(Integer, default=None)  # patrons; written by topics
    translation_key: Mapped[str] = mapped_column(String(32), default="", index=True)  # shared by translations
    picture: Mapped[str] = mapped_column(String(160), default="")  # a name below /media/
    picture_alt: Mapped[str] = mapped_column(Text, default="")
    picture_caption: Mapped[str] = mapped_column(Text, default="")
    picture_credit: Mapped[str] = mapped_column(String(160), default="")
    tags: Mapped[JsonDict] = mapped_column(default_factory=dict)  # {"tags": […]}
    series: Mapped[str] = mapped_column(String(120), default="")  # the name of the series it is a part of
    series_slug: Mapped[str] = mapped_column(String(120), default="")
    source: Mapped[str | None] = mapped_column(String(32), default=None)  # "wordpress", "ghost", …
    source_id: Mapped[str | None] = mapped_column(String(255), default=None)
    source_fields: Mapped[JsonDict] = mapped_column(
        default_factory=dict
    )  # hashes as imported: shows local edits


class ArticleWords(Base):
    """The words of a published article as search looks through them; the engine's index follows (articles.words)."""

    __tablename__ = "article_words"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(2))
    headline: Mapped[str] = mapped_column(Text)
    standfirst: Mapped[str] = mapped_column(Text)
    names: Mapped[str] = mapped_column(Text)  # of authors, tags and series
    body: Mapped[str] = mapped_column(Text)


class Byline(Base):
    """Who wrote an article, in order."""

    __tablename__ = "byline"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    slug: Mapped[str] = mapped_column(String(120), index=True)


class Revision(Base):
    """What an article said, each time it was saved; only added."""

    __tablename__ = "revision"
    __table_args__ = (Index(None, "article_id"),)

    id: Mapped[RowId] = mapped_column(init=False)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    saved_at: Mapped[datetime]
    headline: Mapped[str] = mapped_column(String(300))
    standfirst: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(String(64))


class Correction(Base):
    """What was wrong and is put right: dated and shown below the article."""

    __tablename__ = "correction"

    id: Mapped[RowId] = mapped_column(init=False)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), index=True)
    corrected_at: Mapped[datetime]
    text: Mapped[str] = mapped_column(Text)


class SlugRedirect(Base):
    """An address an article had before."""

    __tablename__ = "slug_redirect"
    __table_args__ = (UniqueConstraint("language", "slug"),)

    id: Mapped[RowId] = mapped_column(init=False)
    language: Mapped[str] = mapped_column(String(2))
    slug: Mapped[str] = mapped_column(String(160))
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))


class Media(Base):
    """A picture of ours below /media/: measured, without location, in its own size.

    `smaller` is what web.picture_sizes.make told of its other sizes; empty until the worker has made them.
    """

    __tablename__ = "media"

    id: Mapped[RowId] = mapped_column(init=False)
    name: Mapped[str] = mapped_column(String(160), unique=True)
    content_type: Mapped[str] = mapped_column(String(64))
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    size: Mapped[int] = mapped_column(Integer)  # bytes
    hash: Mapped[str] = mapped_column(String(64), index=True)
    created_at: Mapped[datetime]
    smaller: Mapped[JsonDict] = mapped_column(default_factory=dict)
    sizes_made_at: Mapped[datetime | None] = mapped_column(default=None, index=True)
    alt: Mapped[str] = mapped_column(
        Text, default=""
    )  # what it shows; these three are offered where it is used
    caption: Mapped[str] = mapped_column(Text, default="")
    credit: Mapped[str] = mapped_column(String(160), default="")


class OldAddress(Base):
    """A path that an article had at the site it was imported from; it leads to the article."""

    __tablename__ = "old_address"

    id: Mapped[RowId] = mapped_column(init=False)
    path: Mapped[str] = mapped_column(String(500), unique=True)  # as articles.old_addresses writes it
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), index=True)


class ImportRun(Base):
    """The one import that is at work, while it is; `runs_until` is moved on with each item."""

    __tablename__ = "import_run"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, default=1, init=False)
    token: Mapped[str] = mapped_column(String(32))
    host: Mapped[str] = mapped_column(String(255))
    process: Mapped[int] = mapped_column(Integer)
    began_at: Mapped[datetime]
    runs_until: Mapped[datetime]
