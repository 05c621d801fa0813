"""What the rules of rounds and ballots refuse.

RoundNotOpenError        before it opens, or at and after its close
StandingError            the voter is no active patron; carries the standing, or None for who never was one
TopicsError              a topic that does not stand in this round
OverBudgetError          more topics than the round gives votes; carries the round's votes
EmptyBallotError         no topic at all
RoundStateError          what staff ask for may not follow the round's present state
PastError                a time that has passed already
NoTopicsError            a round that would open with fewer than two topics
TopicStandsError         the topic stands, or has stood, in a round that has opened
ProposalsSpentError      enough proposals for today; carries the seconds to wait
"""

from membership.patrons.standing import Standing


class RoundNotOpenError(Exception):
    """The round takes no ballots at this instant."""


class StandingError(Exception):
    """Only active patrons vote and propose; `standing` is None for who never was a patron."""

    def __init__(self, standing: Standing | None) -> None:
        super().__init__(standing)
        self.standing = standing


class TopicsError(Exception):
    """At least one of the topics does not stand in this round."""


class OverBudgetError(Exception):
    """More topics than the round gives votes."""

    def __init__(self, votes: int) -> None:
        super().__init__(votes)
        self.votes = votes


class EmptyBallotError(Exception):
    """A ballot without a topic; to take one back is another act."""


class RoundStateError(Exception):
    """What was asked for may not follow the round's present state."""


class PastError(Exception):
    """A round cannot begin or end in the past."""


class NoTopicsError(Exception):
    """A round needs at least two topics."""


class TopicStandsError(Exception):
    """The topic stands, or has stood, in a round that has opened."""


class ProposalsSpentError(Exception):
    """Enough proposals for today; `retry_after` is in seconds."""

    def __init__(self, most: int, retry_after: int) -> None:
        super().__init__(most)
        self.most = most
        self.retry_after = retry_after
