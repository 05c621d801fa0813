"""The story a topic led to: the link, "asked for by so many" on the story, and one mail to each voter."""

from datetime import datetime

from sqlalchemy.orm import Session

from membership import clock
from membership.articles.models import Article
from membership.newsroom import due
from membership.topics import announcing, mail, queries, stories, tallying
from membership.topics.errors import TopicStandsError
from membership.topics.models import Topic, TopicState

TELL = "topic.story_out"
AT_ONCE = 200
"""How many voters one job tells; the rest follow in further jobs."""


def answer(session: Session, topic: Topic, article: Article) -> None:
    """Link a topic to its published story; the voters are told by the worker, once, also after a further link.

    The caller commits.

    Raises:
        TopicStandsError: its votes have not been counted yet.
    """
    if queries.stands_in_open_round(session, topic.id):
        raise TopicStandsError
    if topic.article_id is not None:
        unlink(session, topic)
    topic.article_id, topic.state = article.id, TopicState.ANSWERED
    topic.answered_at = topic.answered_at or clock.now()
    session.flush()
    _credit(session, article.id)
    announcing.topic_changed(session, topic)
    due.at(session, clock.now(), kind=TELL, key=f"{topic.public_id}:0")


def unlink(session: Session, topic: Topic) -> None:
    """Take the link back; who was told has been told. The caller commits."""
    former, topic.article_id, topic.state = topic.article_id, None, TopicState.ACCEPTED
    session.flush()
    if former is not None:
        _credit(session, former)
    announcing.topic_changed(session, topic)


def _credit(session: Session, article_id: int) -> None:
    """Write on the story, in all its languages, how many patrons asked for it; None where nothing may be said."""
    versions = stories.versions_of(session, article_id)
    topics = stories.topics_answered_by(session, [article.id for article in versions])
    asked = tallying.asked_for_by(session, [topic.id for topic in topics]) or None
    changed = [article for article in versions if article.asked_for_by != asked]
    for article in changed:
        article.asked_for_by = asked
    announcing.stories_changed(session, changed)


@due.handler(TELL)
def tell_voters(session: Session, key: str, at: datetime) -> None:
    """Mail voters that the story they asked for is out, some at a time."""
    public_id, _colon, batch = key.partition(":")
    topic = queries.topic(session, public_id)
    if topic is None or topic.state is not TopicState.ANSWERED:
        return
    voters = tallying.tell_next(session, topic.id, most=AT_ONCE)
    for patron in voters:
        story = stories.story_of(session, topic, patron.language)
        if story is not None and patron.wants_topic_mail:
            mail.story_out(session, patron, topic, story)
    if len(voters) == AT_ONCE:
        due.at(session, at, kind=TELL, key=f"{public_id}:{int(batch) + 1}")
