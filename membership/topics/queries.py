"""Reads of topics and rounds. Ballots are read by voting and tallying alone; this module asks them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from membership import clock
from membership.articles import addresses
from membership.articles.models import Article
from membership.newsroom import settings_rows
from membership.patrons.models import Patron
from membership.topics import stories, tallying, voting
from membership.topics.models import Round, RoundState, RoundTopic, Topic, TopicState

UNDECIDED = (RoundState.SCHEDULED, RoundState.OPEN)
DECIDED = (RoundState.CLOSED, RoundState.PUBLISHED)


@dataclass(frozen=True)
class VotedTopic:
    """One topic on a patron's own ballot: its title in a language; the published story it led to, with its address."""

    topic: Topic
    title: str
    language: str
    has_won: bool
    story: Article | None
    story_url: str


@dataclass(frozen=True)
class RoundVotes:
    """What a patron voted in one round; `is_counted` is None until the close."""

    round: Round
    receipt: str
    is_counted: bool | None
    topics: list[VotedTopic]


def topic(session: Session, public_id: str) -> Topic | None:
    """A topic by its public id, in whatever state."""
    return session.scalars(select(Topic).filter_by(public_id=public_id)).one_or_none()


def round_(session: Session, public_id: str) -> Round | None:
    """A round by its public id."""
    return session.scalars(select(Round).filter_by(public_id=public_id)).one_or_none()


def patron_of(session: Session, account_id: int) -> Patron | None:
    """The patron that an account is."""
    return session.scalars(select(Patron).filter_by(account_id=account_id)).one_or_none()


def open_rounds(session: Session) -> list[Round]:
    """The rounds that take ballots now, the one that closes first, first."""
    now = clock.now()
    return list(
        session.scalars(
            select(Round)
            .where(Round.state.in_(UNDECIDED), Round.opens_at <= now, Round.closes_at > now)
            .order_by(Round.closes_at, Round.id)
        )
    )


def open_round(session: Session) -> Round | None:
    """The round to send a patron to: of those that take ballots now, the one that closes first."""
    return next(iter(open_rounds(session)), None)


def coming_rounds(session: Session) -> list[Round]:
    """Rounds that will open, the next first."""
    return list(
        session.scalars(
            select(Round)
            .where(Round.state.in_(UNDECIDED), Round.opens_at > clock.now())
            .order_by(Round.opens_at, Round.id)
        )
    )


def finished_rounds(session: Session) -> list[Round]:
    """Rounds whose time is over, the last first; one may still wait to be counted."""
    return list(
        session.scalars(
            select(Round)
            .where(Round.closes_at <= clock.now())
            .order_by(Round.closes_at.desc(), Round.id.desc())
        )
    )


def all_rounds(session: Session) -> list[Round]:
    """Every round, the last to close first."""
    return list(session.scalars(select(Round).order_by(Round.closes_at.desc(), Round.id.desc())))


def topics_of(session: Session, round_: Round) -> list[Topic]:
    """The topics of a round that readers may see, in the order of the ballot."""
    return [topic for topic in tallying.topics_of(session, round_) if topic.is_public]


def topics_by_id(session: Session, public_ids: list[str]) -> dict[str, Topic]:
    """Topics by public id."""
    return {t.public_id: t for t in session.scalars(select(Topic).where(Topic.public_id.in_(public_ids)))}


def waiting_topics(session: Session) -> list[Topic]:
    """Accepted topics that stand in no round yet to be decided and have won none, the first proposed first."""
    found = session.scalars(
        select(Topic)
        .where(Topic.state == TopicState.ACCEPTED, ~stands_undecided())
        .order_by(Topic.proposed_at, Topic.id)
    )
    won = _winning(session)
    return [topic for topic in found if topic.public_id not in won]


def taken_up(session: Session) -> list[tuple[Topic, Round]]:
    """Topics that won a round and whose story is not out yet, with the last round they won, the newest first."""
    won = _winning(session)
    topics = topics_by_id(session, list(won))
    accepted = [one for one in topics.values() if one.state is TopicState.ACCEPTED]
    pairs = [(one, won[one.public_id]) for one in accepted]
    return sorted(pairs, key=lambda pair: (pair[1].closes_at, pair[0].proposed_at), reverse=True)


def _winning(session: Session) -> dict[str, Round]:
    decided = session.scalars(
        select(Round).where(Round.state.in_(DECIDED)).order_by(Round.closes_at, Round.id)
    )
    return {winner: round_ for round_ in decided for winner in round_.result.get("winning", [])}


def topics_in(session: Session, state: TopicState) -> list[Topic]:
    """All topics in a state: proposals from the oldest on, others from the newest."""
    order = Topic.proposed_at if state is TopicState.PROPOSED else Topic.proposed_at.desc()
    return list(session.scalars(select(Topic).filter_by(state=state).order_by(order, Topic.id)))


def topic_counts(session: Session) -> dict[TopicState, int]:
    """How many topics are in each state."""
    counted = session.execute(select(Topic.state, func.count()).group_by(Topic.state))
    found = {state: number for state, number in counted}  # noqa: C416 - rows, not pairs
    return {state: found.get(state, 0) for state in TopicState}


def public_titles(session: Session) -> list[tuple[Topic, str]]:
    """Every public topic with each of its titles, the newest first, to compare a proposal with."""
    public = session.scalars(
        select(Topic)
        .where(Topic.state.in_((TopicState.ACCEPTED, TopicState.ANSWERED)))
        .order_by(Topic.proposed_at.desc())
    )
    return [
        (topic, title)
        for topic in public
        for title in {topic.title, *(words.get("title", "") for words in topic.translations.values())}
        if title
    ]


def proposals_of(session: Session, patron_id: int) -> list[Topic]:
    """What a patron proposed, the newest first."""
    return list(
        session.scalars(select(Topic).filter_by(proposed_by=patron_id).order_by(Topic.proposed_at.desc()))
    )


def rounds_of(session: Session, topic_id: int) -> list[Round]:
    """The rounds a topic stands or stood in, the last first."""
    return list(
        session.scalars(
            select(Round)
            .join(RoundTopic, RoundTopic.round_id == Round.id)
            .where(RoundTopic.topic_id == topic_id)
            .order_by(Round.closes_at.desc(), Round.id.desc())
        )
    )


def votes_of(session: Session, patron_id: int, language: str = "") -> list[RoundVotes]:
    """A patron's own votes, the last round first, with the stories they led to; for the patron's eyes alone."""
    ballots = voting.ballots_of(session, patron_id)
    default = settings_rows.current(session).default_language
    rounds = {
        r.id: r for r in session.scalars(select(Round).where(Round.id.in_({b.round_id for b in ballots})))
    }
    wanted = {topic_id for ballot in ballots for topic_id in ballot.topics}
    topics = {t.id: t for t in session.scalars(select(Topic).where(Topic.id.in_(wanted)))}
    led_to = {t.id: stories.story_of(session, t, language) for t in topics.values() if t.article_id}
    return [
        RoundVotes(
            round=rounds[ballot.round_id],
            receipt=ballot.receipt,
            is_counted=ballot.is_counted,
            topics=[
                _voted(topics[topic_id], rounds[ballot.round_id], led_to.get(topic_id), language, default)
                for topic_id in sorted(ballot.topics)
                if topics[topic_id].is_public
            ],
        )
        for ballot in ballots
    ]


def stands_undecided(*, open_at: datetime | None = None) -> ColumnElement[bool]:
    """For queries over Topic: whether it stands in a round not yet decided, or in one that is open at an instant."""
    conditions = [
        RoundTopic.topic_id == Topic.id,
        RoundTopic.round_id == Round.id,
        Round.state.in_(UNDECIDED),
    ]
    if open_at is not None:
        conditions += [Round.opens_at <= open_at]
    return exists().where(*conditions)


def _voted(topic: Topic, round_: Round, story: Article | None, language: str, default: str) -> VotedTopic:
    return VotedTopic(
        topic=topic,
        title=topic.title_in(language),
        language=topic.language_in(language),
        has_won=topic.public_id in round_.result.get("winning", []),
        story=story,
        story_url=addresses.article(story.slug, story.language, default) if story else "",
    )


def has_been_on_a_ballot(session: Session, topic_id: int) -> bool:
    """Whether a topic stands or stood in a round that has opened, so that people may have voted for its words."""
    opened = exists().where(
        RoundTopic.topic_id == topic_id, RoundTopic.round_id == Round.id, Round.opens_at <= clock.now()
    )
    return bool(session.scalar(select(opened)))


def stands_in_open_round(session: Session, topic_id: int) -> bool:
    """Whether votes for a topic are being taken, or wait to be counted."""
    return bool(
        session.scalar(
            select(stands_undecided(open_at=clock.now())).select_from(Topic).filter_by(id=topic_id)
        )
    )
