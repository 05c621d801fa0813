"""Makers for the tests of topics: topics, rounds, patrons who vote, a round counted."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count

from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.accounts.models import Account
from membership.patrons.models import Coverage, Patron, Source
from membership.topics import rounds, voting
from membership.topics.models import Ballot, Round, RoundState, RoundTopic, Topic, TopicState
from tests.cast import a_coverage, a_patron, an_account

_numbers = count(1)


def a_topic(session: Session, title: str = "", *, state: TopicState = TopicState.ACCEPTED, **more) -> Topic:
    """A topic, accepted unless said, each proposed a minute after the one made before it. Committed."""
    number = next(_numbers)
    topic = Topic(
        public_id=secrets.new_public_id(),
        title=title or f"Topic {number}",
        text="Who decided it, and what did it cost?",
        language="en",
        proposed_at=more.pop(
            "proposed_at", datetime.fromisoformat("2026-01-01T00:00Z") + timedelta(minutes=number)
        ),
        state=state,
        **more,
    )
    session.add(topic)
    session.commit()
    return topic


def a_round(session: Session, topics: Sequence[Topic] = (), *, votes: int = 3, **more) -> Round:
    """A round of these topics (three unless given), open since yesterday, closing in a week. Committed."""
    now = clock.now()
    topics = topics or [a_topic(session) for _ in range(3)]
    round_ = Round(
        public_id=secrets.new_public_id(),
        title=more.pop("title", "What should we look into next?"),
        opens_at=more.pop("opens_at", now - timedelta(days=1)),
        closes_at=more.pop("closes_at", now + timedelta(days=7)),
        answers_by=now + timedelta(days=14),
        votes_per_patron=votes,
        state=more.pop("state", RoundState.OPEN),
        **more,
    )
    session.add(round_)
    session.flush()
    session.add_all(
        RoundTopic(round_id=round_.id, topic_id=topic.id, position=place)
        for place, topic in enumerate(topics)
    )
    session.commit()
    return round_


def a_voter(session: Session, **more) -> tuple[Patron, Coverage]:
    """An active patron with an account of their own, and the coverage that makes them so. Committed."""
    patron = a_patron(session, an_account(session, **more))
    return patron, a_coverage(session, patron)


def a_ballot(
    session: Session, round_: Round, topics: Sequence[Topic], patron: Patron | None = None
) -> Ballot:
    """A ballot cast through voting, by a new active patron unless one is given. Committed."""
    patron = patron or a_voter(session)[0]
    ballot = voting.cast(
        session, round_id=round_.id, patron_id=patron.id, topics=[topic.public_id for topic in topics]
    )
    session.commit()
    return ballot


def ballots(session: Session, round_: Round, *choices: Sequence[Topic]) -> list[Ballot]:
    """A ballot for each choice, each by a new active patron with an account, in one commit."""
    now = clock.now()
    made = []
    for chosen in choices:
        address = f"voter-{next(_numbers)}@example.org"
        account = Account(
            public_id=secrets.new_public_id(),
            email=address,
            email_index=secrets.blind_index(address),
            created_at=now,
        )
        patron = Patron(public_id=secrets.new_public_id(), created_at=now, account=account)
        session.add(patron)
        session.flush()
        days = timedelta(days=10)
        session.add(
            Coverage(
                patron_id=patron.id,
                source=Source.PAID,
                source_key=address,
                starts_at=now - days,
                ends_at=now + 2 * days,
            )
        )
        session.flush()
        topics = [topic.public_id for topic in chosen]
        made.append(voting.cast(session, round_id=round_.id, patron_id=patron.id, topics=topics))
    session.commit()
    return made


def closed(session: Session, round_: Round) -> Round:
    """The round, counted at its close; the clock stands there."""
    clock.set_now(round_.closes_at)
    rounds.close_due(session, round_.public_id, round_.closes_at)
    session.commit()
    return round_
