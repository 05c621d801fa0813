"""Proposing a topic: who may, how often, and what to do with one that was sent twice."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.newsroom import budgets
from membership.newsroom.budgets import BudgetSpentError, Limit
from membership.patrons import standing
from membership.patrons.models import Patron
from membership.patrons.standing import Standing
from membership.topics import queries, resembling
from membership.topics.errors import ProposalsSpentError, StandingError
from membership.topics.models import Topic, TopicState

A_DAY = Limit("topic_proposal", most=3, seconds=24 * 3600)


def resembling_topics(session: Session, title: str) -> list[Topic]:
    """Public topics that resemble a title, the closest first, each once."""
    found = resembling.similar(title, queries.public_titles(session), most=10)
    return list(dict.fromkeys(found))[:5]


def propose(session: Session, patron: Patron, *, title: str, text: str, language: str) -> Topic:
    """Put a topic into the queue of staff; nobody else sees it before they accept it. The caller commits.

    The same title from the same patron while it waits is the same proposal, whatever made the form come twice.

    Raises:
        StandingError: only active patrons propose.
        ProposalsSpentError: three a day are enough. The caller commits the count.
    """
    session.scalars(select(Patron.id).filter_by(id=patron.id).with_for_update()).one()
    held = standing.of(session, patron.id, clock.now())
    if held is not Standing.ACTIVE:
        raise StandingError(held)
    waiting = select(Topic).filter_by(proposed_by=patron.id, state=TopicState.PROPOSED)
    for earlier in session.scalars(waiting):
        if resembling.same(earlier.title, title):
            return earlier
    try:
        budgets.spend(session, A_DAY, patron.public_id)
    except BudgetSpentError as spent:
        raise ProposalsSpentError(A_DAY.most, spent.retry_after) from None
    topic = Topic(
        public_id=secrets.new_public_id(),
        title=title,
        text=text,
        language=language,
        proposed_at=clock.now(),
        proposed_by=patron.id,
    )
    session.add(topic)
    session.flush()
    return topic
