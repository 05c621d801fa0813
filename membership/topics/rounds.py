"""The life of a round: scheduled, open, closed, published.

    scheduled ─(opens_at)→ open ─(closes_at, or staff close it now)→ closed ─(staff answer)→ published

Votes are taken by the clock, whatever the worker has done; the worker's due rows write the state down, and count.
A round can be edited until it opens; then only its end may move, never into the past. Who changes a round locks its
row, which waits for voters at work and makes later ones wait.
"""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.db import JsonDict
from membership.newsroom import due, settings_rows
from membership.topics import announcing, tallying
from membership.topics.errors import NoTopicsError, PastError, RoundStateError
from membership.topics.models import Round, RoundState, RoundTopic, Topic, TopicState

FEWEST_TOPICS = 2
OPEN = "round.open"
CLOSE = "round.close"


@dataclass(frozen=True, kw_only=True)
class RoundDraft:
    """What staff say about a round; `topics` are public ids in the order of the ballot."""

    title: str
    opens_at: datetime
    closes_at: datetime
    answers_by: datetime
    language: str
    topics: list[str]
    votes_per_patron: int = 3
    winners: int = 1
    translations: JsonDict = field(default_factory=dict)


def schedule(session: Session, draft: RoundDraft) -> Round:
    """Make a round that opens by itself at its time, or now if that has come. The caller commits.

    Raises:
        PastError: it would close in the past.
        NoTopicsError: fewer than two accepted topics.
    """
    round_ = Round(
        public_id=secrets.new_public_id(),
        title=draft.title,
        opens_at=draft.opens_at,
        closes_at=draft.closes_at,
        answers_by=draft.answers_by,
    )
    _fill(session, round_, draft)
    return round_


def edit(session: Session, round_: Round, draft: RoundDraft) -> None:
    """Change anything of a round that has not opened. The caller commits.

    Raises:
        RoundStateError: it has opened.
        PastError, NoTopicsError: as for `schedule`.
    """
    _lock(session, round_)
    if round_.state is not RoundState.SCHEDULED or round_.opens_at <= clock.now():
        raise RoundStateError
    _fill(session, round_, draft)


def _fill(session: Session, round_: Round, draft: RoundDraft) -> None:
    now = clock.now()
    if draft.closes_at <= now:
        raise PastError
    topics = _accepted(session, draft.topics)
    round_.title, round_.language, round_.translations = draft.title, draft.language, draft.translations
    round_.opens_at, round_.closes_at = draft.opens_at, draft.closes_at
    round_.answers_by = draft.answers_by
    round_.votes_per_patron, round_.winners = draft.votes_per_patron, draft.winners
    session.add(round_)
    session.flush()
    session.execute(delete(RoundTopic).where(RoundTopic.round_id == round_.id))
    session.add_all(
        RoundTopic(round_id=round_.id, topic_id=topic.id, position=place)
        for place, topic in enumerate(topics, start=1)
    )
    due.at(session, round_.opens_at, kind=OPEN, key=round_.public_id)
    due.at(session, round_.closes_at, kind=CLOSE, key=round_.public_id)
    if round_.is_open_at(now):
        round_.state = RoundState.OPEN
    announcing.round_changed(session, round_)


def _accepted(session: Session, public_ids: list[str]) -> list[Topic]:
    found = {
        topic.public_id: topic
        for topic in session.scalars(
            select(Topic).where(Topic.public_id.in_(public_ids), Topic.state == TopicState.ACCEPTED)
        )
    }
    topics = [found[public_id] for public_id in dict.fromkeys(public_ids) if public_id in found]
    if len(topics) < FEWEST_TOPICS:
        raise NoTopicsError
    return topics


def move_end(session: Session, round_: Round, closes_at: datetime) -> None:
    """Let a round that is not over close later or sooner. The caller commits.

    Raises:
        RoundStateError: its time is over.
        PastError: the new end has passed already, or lies before its beginning.
    """
    _lock(session, round_)
    now = clock.now()
    if round_.is_closed or round_.closes_at <= now:
        raise RoundStateError
    if closes_at <= max(now, round_.opens_at):
        raise PastError
    round_.closes_at = closes_at
    due.at(session, closes_at, kind=CLOSE, key=round_.public_id)
    announcing.round_changed(session, round_)


def close_now(session: Session, round_: Round) -> None:
    """End an open round at this instant and count it. The caller commits.

    Raises:
        RoundStateError: it has not opened, or is closed already.
    """
    _lock(session, round_)
    now = clock.now()
    if round_.is_closed or now <= round_.opens_at:
        raise RoundStateError
    round_.closes_at = min(round_.closes_at, now)
    due.cancel(session, kind=CLOSE, key=round_.public_id)
    _count(session, round_)


def publish(session: Session, round_: Round, answer: str, translations: JsonDict) -> None:
    """Answer a closed round: what the newsroom does with the result; may be said again. The caller commits.

    Raises:
        RoundStateError: it is not closed.
    """
    _lock(session, round_)
    if not round_.is_closed:
        raise RoundStateError
    words: JsonDict = {
        language: {part: text for part, text in said.items() if part != "answer"}
        for language, said in round_.translations.items()
    }
    for language, said in translations.items():
        words.setdefault(language, {})["answer"] = said
    round_.answer, round_.translations = answer, words
    round_.state = RoundState.PUBLISHED
    round_.published_at = round_.published_at or clock.now()
    announcing.round_changed(session, round_)


@due.handler(OPEN)
def open_due(session: Session, key: str, at: datetime) -> None:
    """Write down that a round has opened, and invite to it."""
    round_ = session.scalars(select(Round).filter_by(public_id=key)).one()
    _lock(session, round_)
    if round_.state is RoundState.SCHEDULED and round_.opens_at <= at:
        round_.state = RoundState.OPEN
        announcing.round_changed(session, round_)


@due.handler(CLOSE)
def close_due(session: Session, key: str, at: datetime) -> None:
    """Count a round whose time is over; dated at its close."""
    round_ = session.scalars(select(Round).filter_by(public_id=key)).one()
    _lock(session, round_)
    if not round_.is_closed and round_.closes_at <= at:
        _count(session, round_)


def _count(session: Session, round_: Round) -> None:
    smallest = settings_rows.current(session).smallest_published_round
    tallying.fix(session, round_, smallest_published=smallest)
    announcing.round_changed(session, round_)


def _lock(session: Session, round_: Round) -> None:
    session.flush()
    session.refresh(round_, with_for_update=True)
