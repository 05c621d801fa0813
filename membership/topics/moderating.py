"""What staff do with topics: accept, decline with words, hide, write their own."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.db import JsonDict
from membership.mail import outbox
from membership.newsroom import due
from membership.topics import announcing, mail, queries, voting
from membership.topics.errors import TopicStandsError
from membership.topics.models import Topic, TopicState

FREE = "topic.hidden"
AT_ONCE = 200
"""How many votes one job gives back; the rest follow in further jobs."""


@dataclass(frozen=True, kw_only=True)
class TopicDraft:
    """What a topic says, as staff write it."""

    title: str
    text: str
    language: str
    translations: JsonDict = field(default_factory=dict)


def write(session: Session, draft: TopicDraft) -> Topic:
    """Make a topic of the newsroom's own, accepted at once. The caller commits."""
    topic = Topic(
        public_id=secrets.new_public_id(),
        title=draft.title,
        text=draft.text,
        language=draft.language,
        proposed_at=clock.now(),
        state=TopicState.ACCEPTED,
        translations=draft.translations,
    )
    session.add(topic)
    session.flush()
    announcing.topic_changed(session, topic)
    return topic


def edit(session: Session, topic: Topic, draft: TopicDraft) -> None:
    """Change what a topic says. The caller commits.

    Raises:
        TopicStandsError: it stands or stood on a ballot; what people voted for must not change afterwards.
    """
    if queries.has_been_on_a_ballot(session, topic.id):
        raise TopicStandsError
    topic.title, topic.text, topic.language = draft.title, draft.text, draft.language
    topic.translations = draft.translations
    announcing.topic_changed(session, topic)


def accept(session: Session, topic: Topic) -> None:
    """Let a topic be seen and stand in rounds. The caller commits."""
    if topic.state is TopicState.HIDDEN:
        voting.drop_votes(session, topic.id)
    topic.state = TopicState.ACCEPTED
    topic.answer = ""
    announcing.topic_changed(session, topic)


def decline(session: Session, topic: Topic, answer: str) -> None:
    """Say no to a topic, with words for who proposed it. The caller commits.

    Raises:
        TopicStandsError: it stands in a round; hide it instead, which gives the votes back.
    """
    if queries.stands_in_open_round(session, topic.id):
        raise TopicStandsError
    topic.state, topic.answer = TopicState.DECLINED, answer
    announcing.topic_changed(session, topic)


def hide(session: Session, topic: Topic) -> None:
    """Take a topic out of sight at once; votes for it in a round that is open are given back. The caller commits.

    From this commit on its votes are void. The voters are told, once each, by the worker, and mails about the
    topic that have not left are stopped.
    """
    topic.state = TopicState.HIDDEN
    outbox.cancel(session, subject_key=mail.subject_key(topic))
    if queries.stands_in_open_round(session, topic.id):
        due.at(session, clock.now(), kind=FREE, key=f"{topic.public_id}:0")
    announcing.topic_changed(session, topic)


@due.handler(FREE)
def give_votes_back(session: Session, key: str, at: datetime) -> None:
    """Delete votes for a hidden topic and tell who cast them; deleting marks them as told."""
    public_id, _colon, batch = key.partition(":")
    topic = queries.topic(session, public_id)
    if topic is None or topic.state is not TopicState.HIDDEN:
        return
    freed = voting.free(session, topic.id, most=AT_ONCE)
    for patron, round_ in freed:
        mail.vote_freed(session, patron, round_)
    if len(freed) == AT_ONCE:
        due.at(session, at, kind=FREE, key=f"{public_id}:{int(batch) + 1}")
