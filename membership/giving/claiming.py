"""Claiming a membership that somebody else paid for: once, by whoever has the code and a mailbox that has answered."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from membership import clock
from membership.accounts import enrolling as accounts
from membership.accounts import signing_in
from membership.accounts.models import Account
from membership.giving import following, gift_membership_due, gift_memberships
from membership.giving.errors import NotClaimableError
from membership.giving.gift_memberships import GiftState
from membership.giving.models import GiftMembership
from membership.newsroom import budgets, due, settings_rows
from membership.newsroom.budgets import Limit
from membership.patrons import enrolling
from membership.patrons.models import Patron

ASKINGS = Limit("gift_claim_askings", 10, 86_400)
"""How often a day one code may have a way in mailed, so that it makes no heap of accounts."""


def claim(session: Session, gift: GiftMembership, account: Account) -> Patron:
    """Let a membership begin for the owner of an account. The caller commits, or rolls back what this raised.

    Of several who claim at the same time one does. Claiming one's own again changes nothing.

    Raises:
        NotClaimableError: it is somebody else's, unpaid, too late, or its payment went back.
    """
    session.refresh(gift, with_for_update=True)
    patron = enrolling.find_or_make(
        session,
        email=account.email,
        name=account.name or gift.recipient_name,
        language=account.language,
        at=clock.now(),
    )
    if gift.claimed_by_id == patron.id:
        return patron
    state = gift_memberships.state_of(session, gift)
    if state is not GiftState.READY:
        raise NotClaimableError(state)
    claimed = session.scalars(
        update(GiftMembership)
        .where(GiftMembership.id == gift.id, GiftMembership.claimed_at.is_(None))
        .values(claimed_at=clock.now(), claimed_by_id=patron.id)
        .returning(GiftMembership.id)
    ).one_or_none()
    if claimed is None:
        raise NotClaimableError(GiftState.CLAIMED)
    session.refresh(gift)
    following.rederive_patron(session, patron.id, settings_rows.current(session))
    for kind in ("giving.gift_mail", "giving.gift_unclaimed"):
        due.cancel(session, kind=kind, key=gift.public_id)
    gift_membership_due.schedule_end(session, gift)
    return patron


def ask(
    session: Session,
    gift: GiftMembership,
    email: str,
    *,
    browser: str,
    network: str,
    language: str,
    next_path: str,
) -> None:
    """Mail a way in to a (canonical) address, with an account for it if it had none. The caller commits.

    Whoever it belongs to, the answer is the same.

    Raises:
        BudgetSpentError: too often with this code, or from this network; commit all the same.
    """
    budgets.spend(session, ASKINGS, gift.public_id)
    accounts.find_or_make(session, email, name="", language=language)
    signing_in.ask(session, email, browser=browser, network=network, language=language, next_path=next_path)
