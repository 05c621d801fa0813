"""What `membership doctor` looks for in campaigns: that what they raised is what the books say (N19)."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.appeals import campaigning
from membership.appeals.models import Campaign
from membership.giving import crediting
from membership.giving.checking_money import WORK, red
from membership.newsroom.findings import Check, Finding
from membership.newsroom.models import DueRow, DueState


def campaigns_follow_from_books(session: Session) -> list[Finding]:
    """N19: what a campaign raised is the sum of its credits within its dates, and these are what the ledger says.

    A campaign that the worker is about to count is left out.
    """
    waiting = select(DueRow.key).filter_by(kind=campaigning.COUNT, state=DueState.WAITING)
    counted = session.scalars(select(Campaign).where(Campaign.slug.not_in(waiting))).all()
    slugs = [campaign.slug for campaign in counted]
    booked, stored = crediting.of_books(session, slugs), crediting.stored(session, slugs)
    wrong = sorted(key for key in booked.keys() | stored.keys() if booked.get(key) != stored.get(key))
    uneven = sorted(one.slug for one in counted if one.raised != crediting.total_of(session, one))
    return [
        *red("N19", "What payments are credited with to campaigns is not what the ledger says.", wrong, WORK),
        *red("N19", "What a campaign raised is not the sum of what it is credited with.", uneven, WORK),
    ]


CHECKS: tuple[Check, ...] = (campaigns_follow_from_books,)
