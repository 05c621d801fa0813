"""Rounds and results as pages show them: facts by name, so that templates ask and do not reckon."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from babel.numbers import format_percent

from membership.articles import addresses
from membership.articles.models import Article
from membership.secrets import hash_token
from membership.topics import counting
from membership.topics.models import Round, RoundState, Topic

BALLOTS_A_PAGE = 500
BAR_WIDTH = 1000
"""The width of the longest bar, in units of its own viewBox."""


@dataclass(frozen=True)
class TopicView:
    """A topic in the page's language; `language` is that of the words."""

    public_id: str
    title: str
    text: str
    language: str


@dataclass(frozen=True)
class StoryView:
    """A published story that a topic led to."""

    headline: str
    standfirst: str
    language: str
    url: str
    asked_for_by: int | None


@dataclass(frozen=True)
class ResultRow:
    """One topic of a result; `topic` is None where it was hidden since. `bar` is its length, of BAR_WIDTH."""

    topic: TopicView | None
    votes: int
    bar: int
    is_winner: bool


@dataclass(frozen=True)
class ResultView:
    """A fixed result; without `rows` where too few voted for more than winners and turnout to be public."""

    winners: list[TopicView]
    rows: list[ResultRow]
    counted: int
    set_aside: int
    eligible: int
    turnout: str
    hash: str
    is_recountable: bool
    has_tie: bool  # the tie rule decided who won


@dataclass(frozen=True)
class RoundView:
    """A round as it is at an instant."""

    public_id: str
    title: str
    opens_at: datetime
    closes_at: datetime
    answers_by: datetime
    votes: int
    winners: int
    answer: str
    published_at: datetime | None
    is_scheduled: bool
    is_open: bool
    is_being_counted: bool
    is_decided: bool
    is_answered: bool
    topics: list[TopicView]
    result: ResultView | None


def topic(row: Topic, language: str) -> TopicView:
    """A topic in a language."""
    return TopicView(row.public_id, row.title_in(language), row.text_in(language), row.language_in(language))


def story(article: Article, default_language: str) -> StoryView:
    """A published story; its address says its language."""
    return StoryView(
        headline=article.headline,
        standfirst=article.standfirst,
        language=article.language,
        url=addresses.article(article.slug, article.language, default_language),
        asked_for_by=article.asked_for_by,
    )


def round_(row: Round, topics: Sequence[Topic], language: str, now: datetime) -> RoundView:
    """A round at an instant, with those of its topics that readers may see."""
    seen = [one for one in topics if one.is_public]
    return RoundView(
        public_id=row.public_id,
        title=row.title_in(language),
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        answers_by=row.answers_by,
        votes=row.votes_per_patron,
        winners=row.winners,
        answer=row.answer_in(language),
        published_at=row.published_at,
        is_scheduled=not row.is_closed and now < row.opens_at,
        is_open=row.is_open_at(now),
        is_being_counted=not row.is_closed and now >= row.closes_at,
        is_decided=row.is_closed,
        is_answered=row.state is RoundState.PUBLISHED,
        topics=[topic(one, language) for one in seen],
        result=_result(row, {one.public_id: one for one in seen}, language) if row.result else None,
    )


def for_voter(topics: Sequence[TopicView], voter: str) -> list[TopicView]:
    """Topics in an order of the voter's own, the same at each visit, so that no topic gains by standing first."""
    return sorted(topics, key=lambda one: hash_token(one.public_id, f"ballot order of {voter}"))


def _result(row: Round, topics: Mapping[str, Topic], language: str) -> ResultView:
    said = row.result
    tally: dict[str, int] = said["tally"]
    views = {public_id: topic(one, language) for public_id, one in topics.items()}
    most = max(tally.values(), default=0) or 1
    winning: list[str] = said["winning"]
    rows = [
        ResultRow(views.get(one), tally[one], BAR_WIDTH * tally[one] // most, one in winning)
        for one in counting.ranking(said["topics"], tally)
    ]
    eligible = int(said["eligible"])
    return ResultView(
        winners=[views[one] for one in winning if one in views],
        rows=rows if said["is_recountable"] else [],
        counted=said["counted"],
        set_aside=said["set_aside"],
        eligible=eligible,
        turnout=format_percent(said["counted"] / (eligible or 1), locale=language),
        hash=row.result_hash,
        is_recountable=said["is_recountable"],
        has_tie=bool(said["is_recountable"] and counting.is_tied(tally, winning)),
    )
