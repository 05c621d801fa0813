"""How a round is counted. Pure: no database, so that anybody can count a published list by the same rule.

Each ballot gives one vote to each topic on it. The topics with most votes win, as many as the round says; of two
with equally many, the one that was proposed first. A topic without a vote never wins. Neither the order in which
ballots arrived nor the order in which they are read matters.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass


class UnknownTopicError(ValueError):
    """A ballot names a topic that does not stand in the round, or one topic twice."""


@dataclass(frozen=True)
class Outcome:
    """What a count gives: ballots counted, votes by topic (every topic present), and the winners, best first."""

    ballots: int
    tally: dict[str, int]
    winners: list[str]


def count(topics: Sequence[str], ballots: Iterable[Collection[str]], *, winners: int) -> Outcome:
    """Count ballots; `topics` are all that stand in the round, in the order in which they were proposed.

    Raises:
        UnknownTopicError: a ballot cannot be counted as it stands.
    """
    tally: Counter[str] = Counter()
    counted = 0
    standing = set(topics)
    for ballot in ballots:
        chosen = set(ballot)
        if len(chosen) != len(ballot) or not chosen <= standing:
            raise UnknownTopicError
        tally.update(chosen)
        counted += 1
    votes = {topic: tally[topic] for topic in topics}
    return Outcome(counted, votes, winners_of(topics, votes, winners=winners))


def ranking(topics: Sequence[str], tally: dict[str, int]) -> list[str]:
    """All topics from most votes to least, equals in the order in which they were proposed."""
    return sorted(topics, key=lambda topic: -tally[topic])  # sorted keeps the order of equals


def winners_of(topics: Sequence[str], tally: dict[str, int], *, winners: int) -> list[str]:
    """The winning topics of a tally, best first."""
    return [topic for topic in ranking(topics, tally) if tally[topic]][:winners]


def is_tied(tally: dict[str, int], winners: Sequence[str]) -> bool:
    """Whether a topic that did not win has as many votes as one that did."""
    fewest = min((tally[topic] for topic in winners), default=0)
    return any(votes == fewest for topic, votes in tally.items() if topic not in winners) and fewest > 0
