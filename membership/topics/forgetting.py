"""What topics let go of when a patron's data is deleted: whose ballots and proposals they are."""

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from membership import clock
from membership.patrons import forgetting
from membership.patrons.models import Patron
from membership.topics.models import Ballot, Round, Topic


@forgetting.forgets
def forget_votes(session: Session, patron: Patron) -> None:
    """Withdraw ballots of rounds that still run; others count on as anybody's. The caller commits."""
    running = select(Round.id).where(Round.closes_at > clock.now(), Round.result_hash == "")
    session.execute(delete(Ballot).where(Ballot.patron_id == patron.id, Ballot.round_id.in_(running)))
    session.execute(update(Ballot).where(Ballot.patron_id == patron.id).values(patron_id=None))
    session.execute(update(Topic).where(Topic.proposed_by == patron.id).values(proposed_by=None))
