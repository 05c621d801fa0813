"""Casting, changing and withdrawing a ballot.

What decides a race: the round is locked for share (a close or a change of its end waits for voters, voters not
for each other) and the patron's row for update, so that one person's ballots come one after the other; the unique
keys stand behind both. The clock is asked only when all locks are held: a request that was sent before the close
and waited beyond it is refused.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from membership import clock, secrets
from membership.patrons import standing
from membership.patrons.models import Patron
from membership.patrons.standing import Standing
from membership.topics.errors import (
    EmptyBallotError,
    OverBudgetError,
    RoundNotOpenError,
    StandingError,
    TopicsError,
)
from membership.topics.models import Ballot, Round, RoundTopic, Topic, TopicState, Vote


@dataclass(frozen=True)
class OwnBallot:
    """A ballot as its voter sees it; `topics` are row ids, and `is_counted` is None until the close."""

    round_id: int
    receipt: str
    cast_at: datetime
    changed_at: datetime
    topics: frozenset[int]
    is_counted: bool | None


def cast(session: Session, *, round_id: int, patron_id: int, topics: Collection[str]) -> Ballot:
    """Cast or change the patron's ballot: from now on it names these topics (public ids) and no others.

    The caller commits, or rolls back on any error.

    Raises:
        RoundNotOpenError, StandingError, EmptyBallotError, OverBudgetError, TopicsError: nothing is cast.
    """
    round_, now = _enter(session, round_id, patron_id)
    held = standing.of(session, patron_id, now)
    if held is not Standing.ACTIVE:
        raise StandingError(held)
    chosen = _standing_topics(session, round_, set(topics))
    ballot = _ballot(session, round_.id, patron_id)
    if ballot is None:
        ballot = Ballot(
            round_id=round_.id,
            patron_id=patron_id,
            receipt=secrets.new_public_id(80),
            cast_at=now,
            changed_at=now,
        )
        session.add(ballot)
        session.flush()
    else:
        ballot.changed_at = now
        session.execute(delete(Vote).where(Vote.ballot_id == ballot.id))
    session.add_all(Vote(ballot_id=ballot.id, topic_id=topic_id) for topic_id in sorted(chosen))
    session.flush()
    return ballot


def withdraw(session: Session, *, round_id: int, patron_id: int) -> bool:
    """Take the patron's ballot back, with its receipt, as if it had never been cast; whether there was one.

    Whoever has voted may withdraw until the close, also when no longer active. The caller commits.

    Raises:
        RoundNotOpenError: the round is closed.
    """
    _enter(session, round_id, patron_id)
    ballot = _ballot(session, round_id, patron_id)
    if ballot is None:
        return False
    _remove(session, [ballot.id])
    return True


def ballots_of(session: Session, patron_id: int, round_id: int | None = None) -> list[OwnBallot]:
    """The patron's own ballots, the newest first; for nobody's eyes but the voter's."""
    wanted = (
        select(Ballot, Round)
        .join(Round, Round.id == Ballot.round_id)
        .where(Ballot.patron_id == patron_id)
        .order_by(Round.closes_at.desc(), Round.id.desc())
    )
    if round_id is not None:
        wanted = wanted.where(Ballot.round_id == round_id)
    found = session.execute(wanted).all()
    votes: dict[int, set[int]] = {ballot.id: set() for ballot, _round in found}
    for ballot_id, topic_id in session.execute(
        select(Vote.ballot_id, Vote.topic_id).where(Vote.ballot_id.in_(votes))
    ):
        votes[ballot_id].add(topic_id)
    return [
        OwnBallot(
            round_id=ballot.round_id,
            receipt=ballot.receipt,
            cast_at=ballot.cast_at,
            changed_at=ballot.changed_at,
            topics=frozenset(votes[ballot.id]),
            is_counted=ballot.is_counted if round_.is_closed else None,
        )
        for ballot, round_ in found
    ]


def free(session: Session, topic_id: int, *, most: int) -> list[tuple[Patron, Round]]:
    """Delete up to `most` votes for a topic in rounds that take ballots, and say whose they were.

    The caller tells them, and commits.
    """
    now = clock.now()
    votes = session.execute(
        select(Vote, Patron, Round)
        .join(Ballot, Ballot.id == Vote.ballot_id)
        .join(Round, Round.id == Ballot.round_id)
        .join(Patron, Patron.id == Ballot.patron_id)
        .where(Vote.topic_id == topic_id, Round.closes_at > now, Round.result_hash == "")
        .order_by(Vote.ballot_id)
        .limit(most)
        .options(joinedload(Patron.account))
    ).all()
    for vote, _patron, _round in votes:
        session.delete(vote)
    return [(patron, round_) for _vote, patron, round_ in votes]


def drop_votes(session: Session, topic_id: int) -> None:
    """Delete what is left of votes for a topic that was hidden, in rounds not yet counted. The caller commits."""
    uncounted = select(Ballot.id).join(Round, Round.id == Ballot.round_id).where(Round.result_hash == "")
    session.execute(delete(Vote).where(Vote.topic_id == topic_id, Vote.ballot_id.in_(uncounted)))


def _enter(session: Session, round_id: int, patron_id: int) -> tuple[Round, datetime]:
    """Take both locks, then ask the clock: the round, and the instant at which this ballot is cast."""
    again = {"populate_existing": True}
    round_ = session.scalars(
        select(Round).filter_by(id=round_id).with_for_update(read=True).execution_options(**again)
    ).one()
    session.scalars(select(Patron.id).filter_by(id=patron_id).with_for_update()).one()
    now = clock.now()
    if not round_.is_open_at(now):
        raise RoundNotOpenError
    return round_, now


def _standing_topics(session: Session, round_: Round, topics: set[str]) -> list[int]:
    if not topics:
        raise EmptyBallotError
    if len(topics) > round_.votes_per_patron:
        raise OverBudgetError(round_.votes_per_patron)
    found = session.scalars(
        select(Topic.id)
        .join(RoundTopic, RoundTopic.topic_id == Topic.id)
        .where(
            RoundTopic.round_id == round_.id,
            Topic.state == TopicState.ACCEPTED,
            Topic.public_id.in_(topics),
        )
    ).all()
    if len(found) != len(topics):
        raise TopicsError
    return list(found)


def _ballot(session: Session, round_id: int, patron_id: int) -> Ballot | None:
    return session.scalars(
        select(Ballot)
        .filter_by(round_id=round_id, patron_id=patron_id)
        .execution_options(populate_existing=True)
    ).one_or_none()


def _remove(session: Session, ballot_ids: list[int]) -> None:
    session.execute(delete(Vote).where(Vote.ballot_id.in_(ballot_ids)))
    session.execute(delete(Ballot).where(Ballot.id.in_(ballot_ids)))
