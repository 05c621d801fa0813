"""Giving's part of a patron's record."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.giving import gifts, history
from membership.giving.models import OfflineGift, StripeCustomer
from membership.patrons.models import Patron
from membership.patrons.records import Part


def part(session: Session, patron: Patron) -> Part:
    """A patron's gifts, payments and customers at Stripe."""
    own = patron.account.email.lower() if patron.account is not None else ""
    known = session.execute(
        select(StripeCustomer.id, StripeCustomer.email)
        .filter_by(patron_id=patron.id)
        .order_by(StripeCustomer.id)
    ).all()
    # Where Stripe sends bills, if that is not where we write to: it was never proven, and is no way in.
    customers = [(id_, email if email and email.lower() != own else "") for id_, email in known]
    return Part(
        template="giving/staff/_record.html",
        names={
            "gifts": gifts.of_patron(session, patron.id),
            "payments": history.of_patron(session, patron.id),
            "customers": customers,
            "offline": session.scalars(
                select(OfflineGift).filter_by(patron_id=patron.id).order_by(OfflineGift.received_on.desc())
            ).all(),
        },
    )
