"""The close of a round: whose ballot counts, what the result is, and what of it is public.

A ballot counts unless what gave the right to vote was taken back by the close: a payment refunded in full or
disputed, a grant or seat revoked. Running out, or canceling after voting, takes nothing back. The result is
fixed once, with its hash; what happens to a payment later changes nothing in it.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from membership import clock
from membership.db import JsonDict
from membership.patrons import standing
from membership.patrons.models import Coverage, EndedBy, Patron, Source
from membership.topics import counting
from membership.topics.models import Ballot, Round, RoundState, RoundTopic, Topic, TopicState, Vote


@dataclass(frozen=True)
class PublishedBallot:
    """One counted ballot as anybody may see it: its receipt and its topics (public ids); no voter, no time."""

    receipt: str
    topics: tuple[str, ...]


def fix(session: Session, round_: Round, *, smallest_published: int) -> None:
    """Close a round that is locked for update: decide which ballots count, and fix the result. The caller commits.

    `smallest_published` is how many counted ballots it takes for tally and ballots to be public.
    """
    counts = and_(may_count(round_.closes_at), exists().where(*_on_the_ballot(round_)))
    session.execute(
        update(Ballot).where(Ballot.round_id == round_.id).values(is_counted=counts),
        execution_options={"synchronize_session": False},
    )
    session.expire_all()
    topics = [
        topic.public_id
        for topic in sorted(topics_of(session, round_), key=proposed)
        if topic.state is TopicState.ACCEPTED
    ]
    outcome = counting.count(
        topics, [b.topics for b in _counted(session, round_, topics)], winners=round_.winners
    )
    round_.eligible = _eligible(session, round_)
    cast = session.scalar(select(func.count()).select_from(Ballot).filter_by(round_id=round_.id)) or 0
    round_.result = {
        "round": round_.public_id,
        "closed_at": round_.closes_at.isoformat(),
        "topics": topics,
        "votes_per_patron": round_.votes_per_patron,
        "winners": round_.winners,
        "counted": outcome.ballots,
        "set_aside": cast - outcome.ballots,
        "eligible": round_.eligible,
        "is_recountable": outcome.ballots >= smallest_published,
        "tally": outcome.tally,
        "winning": outcome.winners,
    }
    round_.result_hash = hash_of(round_.result)
    round_.state = RoundState.CLOSED


def hash_of(result: JsonDict) -> str:
    """The hash (64 hex digits) of a result, over its canonical JSON."""
    return hashlib.sha256(
        json.dumps(result, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).hexdigest()


def proposed(topic: Topic) -> tuple[datetime, str]:
    """The order in which topics were proposed, which breaks ties; the same on every engine."""
    return topic.proposed_at, topic.public_id


def topics_of(session: Session, round_: Round) -> list[Topic]:
    """The topics of a round in the order of the ballot, hidden ones among them."""
    return list(
        session.scalars(
            select(Topic)
            .join(RoundTopic, RoundTopic.topic_id == Topic.id)
            .where(RoundTopic.round_id == round_.id)
            .order_by(RoundTopic.position)
        )
    )


def may_count(at: datetime) -> ColumnElement[bool]:
    """For queries over Ballot: whether, as known at an instant, something that gave the right still stands."""
    taken_back = and_(
        Coverage.ends_at <= at,
        or_(
            Coverage.ended_by.in_((EndedBy.REFUND, EndedBy.DISPUTE)),
            and_(
                Coverage.ended_by == EndedBy.STAFF,
                Coverage.source.in_((Source.GRANT, Source.SEAT, Source.OFFLINE)),
            ),
        ),
    )
    return exists().where(
        Coverage.patron_id == Ballot.patron_id,
        Coverage.starts_at < at,
        Coverage.ends_at > Ballot.cast_at,
        or_(Coverage.ended_by.is_(None), ~taken_back),
    )


def would_count(session: Session, *, round_id: int, patron_id: int, at: datetime) -> bool:
    """Whether the patron's ballot would count if the round closed at an instant."""
    return bool(
        session.scalar(
            select(may_count(at)).select_from(Ballot).filter_by(round_id=round_id, patron_id=patron_id)
        )
    )


def published(session: Session, round_: Round) -> list[PublishedBallot]:
    """Every counted ballot of a closed round, sorted by receipt; empty where the round had too few to be public."""
    if not round_.result.get("is_recountable"):
        return []
    return list(_counted(session, round_, round_.result["topics"]))


def place_of(session: Session, round_: Round, receipt: str) -> int:
    """How many counted ballots stand before a receipt in the published list."""
    before = select(func.count()).select_from(Ballot).filter_by(round_id=round_.id, is_counted=True)
    return session.scalar(before.where(Ballot.receipt < receipt)) or 0


def recounted(session: Session, round_: Round) -> counting.Outcome:
    """The result of a closed round, counted anew from its ballots."""
    topics: list[str] = round_.result["topics"]
    ballots = [ballot.topics for ballot in _counted(session, round_, topics)]
    return counting.count(topics, ballots, winners=round_.result["winners"])


def took_part(session: Session, round_id: int) -> list[Patron]:
    """Who voted in a round, sorted by public id, which says nothing about when; for staff who may see patrons."""
    return list(
        session.scalars(
            select(Patron)
            .join(Ballot, Ballot.patron_id == Patron.id)
            .where(Ballot.round_id == round_id)
            .order_by(Patron.public_id)
        )
    )


def asked_for_by(session: Session, topic_ids: list[int]) -> int:
    """How many patrons' counted ballots named a topic, over all rounds whose tally is public; each person once."""
    counted = (
        select(Ballot.id, Ballot.patron_id, Round.result)
        .join(Vote, Vote.ballot_id == Ballot.id)
        .join(Round, Round.id == Ballot.round_id)
        .where(Vote.topic_id.in_(topic_ids), Ballot.is_counted, Round.state.in_(_CLOSED))
    )
    people: set[tuple[str, int]] = set()
    for ballot_id, patron_id, result in session.execute(counted):
        if result.get("is_recountable"):
            people.add(("ballot", ballot_id) if patron_id is None else ("patron", patron_id))
    return len(people)


def tell_next(session: Session, topic_id: int, *, most: int) -> list[Patron]:
    """Up to `most` patrons whose counted ballot named a topic and who have not been told of its story; now they have.

    Each patron once, whatever number of rounds the topic stood in. The caller mails them and commits.
    """
    votes = session.execute(
        select(Vote, Ballot.patron_id)
        .join(Ballot, Ballot.id == Vote.ballot_id)
        .join(Round, Round.id == Ballot.round_id)
        .where(Vote.topic_id == topic_id, Ballot.is_counted, Round.state.in_(_CLOSED))
        .where(Ballot.patron_id.is_not(None))
        .order_by(Ballot.patron_id)
    ).all()
    told = {patron_id for vote, patron_id in votes if vote.told_at is not None}
    untold = list(dict.fromkeys(patron_id for _vote, patron_id in votes if patron_id not in told))[:most]
    now, chosen = clock.now(), set(untold)
    for vote, patron_id in votes:
        if patron_id in chosen:
            vote.told_at = now
    return list(
        session.scalars(
            select(Patron)
            .where(Patron.id.in_(untold))
            .order_by(Patron.id)
            .options(joinedload(Patron.account))
        )
    )


_CLOSED = (RoundState.CLOSED, RoundState.PUBLISHED)


def _on_the_ballot(round_: Round) -> tuple[ColumnElement[bool], ...]:
    """Conditions: a vote of the ballot at hand for a topic that stands in the round."""
    return (
        Vote.ballot_id == Ballot.id,
        Vote.topic_id == RoundTopic.topic_id,
        RoundTopic.round_id == round_.id,
        Topic.id == Vote.topic_id,
        Topic.state == TopicState.ACCEPTED,
    )


def _counted(session: Session, round_: Round, topics: list[str]) -> Iterator[PublishedBallot]:
    """The counted ballots by receipt; votes for topics outside of `topics` (hidden before the close) are void."""
    votes = session.execute(
        select(Ballot.receipt, Topic.public_id)
        .join(Vote, Vote.ballot_id == Ballot.id)
        .join(Topic, Topic.id == Vote.topic_id)
        .where(Ballot.round_id == round_.id, Ballot.is_counted, Topic.public_id.in_(topics))
    ).all()
    order = {topic: place for place, topic in enumerate(topics)}
    by_receipt: dict[str, list[str]] = {}
    for receipt, topic in votes:
        by_receipt.setdefault(receipt, []).append(topic)
    for receipt in sorted(by_receipt):
        yield PublishedBallot(receipt, tuple(sorted(by_receipt[receipt], key=order.__getitem__)))


def _eligible(session: Session, round_: Round) -> int:
    """Who could have voted: patrons active at the close, and those who have left since but whose ballot counts."""
    counted = exists().where(Ballot.patron_id == Patron.id, Ballot.round_id == round_.id, Ballot.is_counted)
    wanted = or_(standing.is_active(round_.closes_at), counted)
    return session.scalar(select(func.count()).select_from(Patron).where(wanted)) or 0
