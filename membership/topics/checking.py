"""What `membership doctor` checks about votes. Read-only; findings name rows of ballots and rounds, never a voter.

There is no check N44: topics are never merged here, a duplicate is declined before it can stand in a round.
"""

from collections.abc import Iterable

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from membership import clock
from membership.mail.models import OutgoingMail
from membership.newsroom.findings import Check, Finding, Severity, found
from membership.newsroom.models import AuditEntry, DueRow
from membership.topics import counting, tallying
from membership.topics.models import Ballot, Round, RoundState, RoundTopic, Topic, TopicState, Vote

RECOUNT = "membership recount ROUND"


def one_ballot_each(session: Session) -> list[Finding]:
    """N40: nobody has two ballots in a round, and no ballot names a topic twice."""
    twice = (
        select(Ballot.round_id)
        .where(Ballot.patron_id.is_not(None))
        .group_by(Ballot.round_id, Ballot.patron_id)
        .having(func.count() > 1)
    )
    doubled = select(Vote.ballot_id).group_by(Vote.ballot_id, Vote.topic_id).having(func.count() > 1)
    return [
        *_red("N40", "A patron has more than one ballot in a round.", session.scalars(twice)),
        *_red("N40", "A ballot names a topic more than once.", session.scalars(doubled)),
    ]


def nobody_is_over_budget(session: Session) -> list[Finding]:
    """N41: no ballot holds more votes than its round gives, and none for a topic of another round."""
    standing = (
        select(Ballot.id)
        .join(Round, Round.id == Ballot.round_id)
        .join(Vote, Vote.ballot_id == Ballot.id)
        .join(Topic, Topic.id == Vote.topic_id)
        .where(or_(Topic.state != TopicState.HIDDEN, Round.result_hash != ""))
        .group_by(Ballot.id, Round.votes_per_patron)
        .having(func.count() > Round.votes_per_patron)
    )
    elsewhere = (
        select(Ballot.id)
        .join(Vote, Vote.ballot_id == Ballot.id)
        .outerjoin(
            RoundTopic, (RoundTopic.round_id == Ballot.round_id) & (RoundTopic.topic_id == Vote.topic_id)
        )
        .where(RoundTopic.topic_id.is_(None))
    )
    return [
        *_red("N41", "A ballot holds more votes than its round gives.", session.scalars(standing)),
        *_red("N41", "A ballot holds a vote for a topic of another round.", session.scalars(elsewhere)),
    ]


def results_equal_recounts(session: Session) -> list[Finding]:
    """N42: the fixed result of each closed round is what its ballots give, all cast while it was open."""
    wrong = [round_.public_id for round_ in _closed(session) if not _is_recounted(session, round_)]
    outside = (
        select(Ballot.id)
        .join(Round, Round.id == Ballot.round_id)
        .where(or_(Ballot.cast_at < Round.opens_at, Ballot.changed_at >= Round.closes_at))
    )
    return [
        *_red("N42", "The result of a round is not what its ballots give.", wrong, repair=RECOUNT),
        *_red("N42", "A ballot was cast or changed outside of its round's time.", session.scalars(outside)),
    ]


def results_are_fixed(session: Session) -> list[Finding]:
    """N43: a closed round has its result under its hash, an open one has none, and none is closed before its time."""
    now = clock.now()
    changed, early = [], []
    for round_ in session.scalars(select(Round).order_by(Round.id)):
        is_whole = round_.result_hash == (tallying.hash_of(round_.result) if round_.result else "")
        if not is_whole or round_.is_closed != bool(round_.result):
            changed.append(round_.public_id)
        elif round_.is_closed and round_.closes_at > now:
            early.append(round_.public_id)
    return [
        *_red("N43", "The fixed result of a round was changed.", changed, repair=RECOUNT),
        *_red("N43", "A round is closed before its time.", early),
    ]


def winners_follow_from_tallies(session: Session) -> list[Finding]:
    """N45: the winners are those the tally gives by the published rule, ties to the topic proposed first."""
    wrong = []
    for round_ in _closed(session):
        result = round_.result
        topics = list(result["topics"])
        known = {
            topic.public_id: topic
            for topic in session.scalars(select(Topic).where(Topic.public_id.in_(topics)))
        }
        in_order = sorted((known[t] for t in topics if t in known), key=tallying.proposed)
        follow = counting.winners_of(topics, dict(result["tally"]), winners=int(result["winners"]))
        if [t.public_id for t in in_order] != topics or follow != result["winning"]:
            wrong.append(round_.public_id)
    return _red("N45", "The winners of a round do not follow from its tally.", wrong, repair=RECOUNT)


def choices_stay_secret(session: Session) -> list[Finding]:
    """N46: no receipt stands in the audit trail, the outbox or the due rows; mails about topics name no account."""
    named = select(OutgoingMail.id).where(
        OutgoingMail.kind.like("topics/%"), OutgoingMail.account_id.is_not(None)
    )
    texts = [
        *session.execute(select(AuditEntry.id, AuditEntry.subject, AuditEntry.details)),
        *session.execute(select(OutgoingMail.id, OutgoingMail.dedupe_key, OutgoingMail.subject_key)),
        *session.execute(select(DueRow.id, DueRow.key, DueRow.error)),
    ]
    receipts = set(session.scalars(select(Ballot.receipt)))
    told = [row_id for row_id, first, second in texts if not receipts.isdisjoint(_words(first, second))]
    return [
        *_red("N46", "A row outside of the ballots names a ballot's receipt.", told),
        *_red("N46", "A mail about a topic names the account of a voter.", session.scalars(named)),
    ]


CHECKS: tuple[Check, ...] = (
    one_ballot_each,
    nobody_is_over_budget,
    results_equal_recounts,
    results_are_fixed,
    winners_follow_from_tallies,
    choices_stay_secret,
)


def _red(check: str, sentence: str, ids: Iterable[object], *, repair: str = "") -> list[Finding]:
    return found(check, Severity.RED, sentence, sorted(set(ids), key=str), repair=repair)


def _closed(session: Session) -> list[Round]:
    """Closed rounds whose result is whole; others are N43's to report."""
    closed = (
        select(Round).where(Round.state.in_((RoundState.CLOSED, RoundState.PUBLISHED))).order_by(Round.id)
    )
    return [r for r in session.scalars(closed) if r.result and r.result_hash == tallying.hash_of(r.result)]


def _is_recounted(session: Session, round_: Round) -> bool:
    outcome = tallying.recounted(session, round_)
    return (outcome.ballots, outcome.tally) == (round_.result["counted"], round_.result["tally"])


def _words(*texts: object) -> set[str]:
    told = " ".join(str(text) for text in texts)
    return set("".join(letter if letter.isalnum() else " " for letter in told).split())
