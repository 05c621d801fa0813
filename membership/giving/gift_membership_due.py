"""What happens to memberships for others by the clock: the mail on its day, reminders before it is too late or ends."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock
from membership.giving import gift_memberships, mail
from membership.giving.gift_memberships import GiftState
from membership.giving.models import GiftMembership, Payment
from membership.newsroom import due
from membership.patrons import queries as patrons
from membership.patrons import standing
from membership.patrons.models import Coverage, Patron, Source

BEFORE_IT_ENDS = timedelta(days=14)


def payment_settled(session: Session, payment: Payment, patron: Patron, *, mails: bool) -> None:
    """Let a membership that has just been paid for go to whom it is for, and thank its giver. The caller commits."""
    gift = gift_memberships.of_checkout(session, payment.checkout_public_id)
    if gift is None:
        return
    gift_memberships.schedule(session, gift)
    if mails:
        mail.gift_bought(session, patron=patron, gift=gift, payment=payment)


@due.handler("giving.gift_mail")
def write_to_recipient(session: Session, key: str, _at: datetime) -> None:
    """Mail the code to whom it is for, if it can still be claimed. The caller commits."""
    gift = _gift(session, key)
    if gift.recipient_email and gift_memberships.state_of(session, gift) is GiftState.READY:
        mail.gift_membership(session, gift=gift)
        gift.mailed_at = clock.now()


@due.handler("giving.gift_unclaimed")
def remind_to_claim(session: Session, key: str, _at: datetime) -> None:
    """Remind recipient and giver before nobody can claim it any more. The caller commits."""
    gift = _gift(session, key)
    if gift_memberships.state_of(session, gift) is not GiftState.READY:
        return
    if gift.mailed_at is not None:
        mail.gift_unclaimed(session, gift=gift)
    giver = gift_memberships.giver_of(session, gift)
    if giver is not None:
        mail.gift_unclaimed_to_giver(session, patron=giver, gift=gift)


def schedule_end(session: Session, gift: GiftMembership) -> None:
    """Let a patron hear before a membership that was given ends. The caller commits."""
    ends_at = _ends_at(session, gift)
    if ends_at is not None:
        due.at(session, ends_at - BEFORE_IT_ENDS, kind="giving.gift_ends", key=gift.public_id)


@due.handler("giving.gift_ends")
def write_of_end(session: Session, key: str, _at: datetime) -> None:
    """Tell that a membership ends soon, unless something else goes on covering. The caller commits."""
    gift = _gift(session, key)
    ends_at = _ends_at(session, gift)
    if ends_at is None or gift.claimed_by_id is None or ends_at <= clock.now():
        return
    if (
        ends_at - BEFORE_IT_ENDS > clock.now()
    ):  # moved since: another one was claimed before it, or given back
        due.at(session, ends_at - BEFORE_IT_ENDS, kind="giving.gift_ends", key=key)
        return
    until = standing.active_until(patrons.coverages_of(session, gift.claimed_by_id), clock.now())
    if until is not None and until <= ends_at:
        patron = session.get_one(Patron, gift.claimed_by_id)
        mail.gift_ends(session, patron=patron, gift=gift, ends_at=ends_at)


def _ends_at(session: Session, gift: GiftMembership) -> datetime | None:
    """The end of what a membership covers; None where it covers nothing any more."""
    row = session.scalars(
        select(Coverage)
        .filter_by(source=Source.GIFT, source_key=gift.public_id)
        .order_by(Coverage.ends_at.desc())
        .limit(1)
    ).one_or_none()
    return row.ends_at if row is not None and row.ended_by is None else None


def _gift(session: Session, public_id: str) -> GiftMembership:
    return session.scalars(select(GiftMembership).filter_by(public_id=public_id)).one()
