"""What is covered next: topics, rounds, ballots."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, JsonDict, PublicId, RowId


class TopicState(StrEnum):
    """Where a topic is in its life."""

    PROPOSED = "proposed"  # waits for staff
    ACCEPTED = "accepted"
    DECLINED = "declined"
    HIDDEN = "hidden"
    ANSWERED = "answered"  # its story is out


class Topic(Base):
    """Something the newsroom could cover next. `proposed_at` breaks ties: the earlier one wins.

    `title` and `text` are plain text in `language`; `translations` holds them in other languages, as
    `{"uk": {"title": …, "text": …}}`.
    """

    __tablename__ = "topic"
    __table_args__ = (Index(None, "state"),)

    id: Mapped[RowId] = mapped_column(init=False)
    public_id: Mapped[PublicId]
    title: Mapped[str] = mapped_column(String(140))
    text: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(2))
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("patron.id"), default=None)
    state: Mapped[TopicState] = mapped_column(default=TopicState.PROPOSED)
    answer: Mapped[str] = mapped_column(Text, default="")  # what the newsroom says to it
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"), default=None)  # the story
    answered_at: Mapped[datetime | None] = mapped_column(default=None)
    translations: Mapped[JsonDict] = mapped_column(default_factory=dict)

    @property
    def is_public(self) -> bool:
        """Whether anybody may read it: accepted by staff, or answered already."""
        return self.state in {TopicState.ACCEPTED, TopicState.ANSWERED}

    @property
    def is_waiting(self) -> bool:
        """Whether staff have not decided yet."""
        return self.state is TopicState.PROPOSED

    @property
    def is_answered(self) -> bool:
        """Whether its story is out."""
        return self.state is TopicState.ANSWERED

    @property
    def is_hidden(self) -> bool:
        """Whether staff took it out of sight."""
        return self.state is TopicState.HIDDEN

    def title_in(self, language: str) -> str:
        """The title in a language, or as it was written."""
        return _in_language(self.translations, language, "title") or self.title

    def text_in(self, language: str) -> str:
        """The text in a language, or as it was written."""
        return _in_language(self.translations, language, "text") or self.text

    def language_in(self, language: str) -> str:
        """The language of what `title_in` gives, for the `lang` attribute."""
        return language if _in_language(self.translations, language, "title") else self.language


def _in_language(translations: JsonDict, language: str, part: str) -> str:
    return str(translations.get(language, {}).get(part, ""))


class RoundState(StrEnum):
    """What may follow what: scheduled, open, closed, published."""

    SCHEDULED = "scheduled"
    OPEN = "open"
    CLOSED = "closed"
    PUBLISHED = "published"


class Round(Base):
    """A period in which patrons vote among topics; `closes_at` is exclusive.

    Whether it takes ballots follows from its times alone; `state` also says what the worker and staff have done.
    `translations` holds title and answer in other languages, as `{"uk": {"title": …, "answer": …}}`.
    """

    __tablename__ = "round"
    __table_args__ = (
        CheckConstraint("opens_at < closes_at", name="opens_before_it_closes"),
        CheckConstraint("votes_per_patron BETWEEN 1 AND 20", name="votes_in_range"),
        CheckConstraint("winners BETWEEN 1 AND 10", name="winners_in_range"),
    )

    id: Mapped[RowId] = mapped_column(init=False)
    public_id: Mapped[PublicId]
    title: Mapped[str] = mapped_column(String(140))
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    answers_by: Mapped[datetime]  # when the newsroom will have said what it does
    language: Mapped[str] = mapped_column(String(2), default="en")
    translations: Mapped[JsonDict] = mapped_column(default_factory=dict)
    votes_per_patron: Mapped[int] = mapped_column(Integer, default=3)
    winners: Mapped[int] = mapped_column(Integer, default=1)
    state: Mapped[RoundState] = mapped_column(default=RoundState.SCHEDULED)
    eligible: Mapped[int | None] = mapped_column(Integer, default=None)  # who could have voted, at the close
    # Fixed at the close: see tallying.result_of. Empty until then.
    result: Mapped[JsonDict] = mapped_column(default_factory=dict)
    result_hash: Mapped[str] = mapped_column(String(64), default="")
    answer: Mapped[str] = mapped_column(Text, default="")  # what the newsroom does with the result
    published_at: Mapped[datetime | None] = mapped_column(default=None)

    @property
    def is_closed(self) -> bool:
        """Whether its result is fixed."""
        return self.state in {RoundState.CLOSED, RoundState.PUBLISHED}

    def is_open_at(self, instant: datetime) -> bool:
        """Whether it takes ballots at an instant; at `closes_at` it no longer does."""
        return not self.is_closed and self.opens_at <= instant < self.closes_at

    def title_in(self, language: str) -> str:
        """The title in a language, or as it was written."""
        return _in_language(self.translations, language, "title") or self.title

    def answer_in(self, language: str) -> str:
        """The newsroom's answer in a language, or as it was written."""
        return _in_language(self.translations, language, "answer") or self.answer


class RoundTopic(Base):
    """A topic that stands in a round; `position` is its place on the ballot, and decides nothing."""

    __tablename__ = "round_topic"
    __table_args__ = (UniqueConstraint("round_id", "position"),)

    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), primary_key=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer)


class Ballot(Base):
    """One patron's ballot in one round; one each, changeable until the close.

    `receipt` is random, made at the first cast and kept: by it the voter finds the ballot in the published list.
    """

    __tablename__ = "ballot"
    __table_args__ = (UniqueConstraint("round_id", "patron_id"),)

    id: Mapped[RowId] = mapped_column(init=False)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    patron_id: Mapped[int | None] = mapped_column(
        ForeignKey("patron.id")
    )  # empty once the patron deleted the data
    receipt: Mapped[str] = mapped_column(String(32), unique=True)
    cast_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    is_counted: Mapped[bool] = mapped_column(default=True)  # fixed at the close; means nothing before


class Vote(Base):
    """One topic on a ballot. Read by voting, tallying and checking alone (a test looks).

    `told_at` is when the voter was mailed that the story is out: here, since nothing outside of these two tables
    may join a voter to a choice.
    """

    __tablename__ = "vote"
    __table_args__ = (Index(None, "topic_id"),)

    ballot_id: Mapped[int] = mapped_column(ForeignKey("ballot.id", ondelete="CASCADE"), primary_key=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"), primary_key=True)
    told_at: Mapped[datetime | None] = mapped_column(default=None)
