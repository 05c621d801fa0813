"""Care links: made for a mail, found by their token, used up once. Only hashes are kept.

A token is random (256 bits) and signed, so that what was made up is refused without asking the database. It is bound
to one gift, one purpose and the mailbox it went to; when the address of the account changes, it opens nothing.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.accounts.models import Account
from membership.giving import gifts
from membership.giving.gifts import Gift
from membership.giving.models import CareLink, CarePurpose, StripeCustomer
from membership.mail import footing
from membership.mail.footing import Care
from membership.patrons.models import Patron

LIFE_DAYS = 60
KEPT = timedelta(days=30)
"""How long after its end a link is kept, to say "used" rather than "unknown"."""
AGAIN_AFTER = timedelta(minutes=2)
"""A use whose outcome is not known by then (the process died) may be tried again."""

_SIGNATURE = 20
_PURPOSE = "care link"


class DeadCareLinkError(Exception):
    """A link opens nothing: it is made up, over, or its mailbox is no longer the patron's."""


class UsedCareLinkError(Exception):
    """A link has been used; `link` is its row."""

    def __init__(self, link: CareLink) -> None:
        super().__init__("used")
        self.link = link


def make(
    session: Session,
    account: Account,
    subscription_id: str,
    purpose: CarePurpose,
    *,
    undoes_id: int | None = None,
) -> str:
    """A new link for a mail to this account: its path, without the prefix of a language. The caller commits."""
    random = secrets.new_token()
    token = random + secrets.sign_short(random, _PURPOSE)
    session.add(
        CareLink(
            token_hash=_hash(token),
            purpose=purpose,
            subscription_id=subscription_id,
            account_id=account.id,
            address_index=account.email_index,
            expires_at=_end(clock.now()),
            undoes_id=undoes_id,
        )
    )
    session.flush()
    return f"/care/{token}"


def _end(now: datetime) -> datetime:
    """The first midnight (UTC) on which a link has lived its days: an instant that says nothing about its mail."""
    return datetime.combine((now + timedelta(days=LIFE_DAYS + 1)).date(), time(), UTC)


def find(session: Session, token: str) -> tuple[CareLink, Gift]:
    """The row of a link that can be used, and its gift as it is now. Reads only.

    Raises:
        DeadCareLinkError: it opens nothing.
        UsedCareLinkError: it has been used.
    """
    link = _known(session, token)
    if not _is_usable(link):
        raise UsedCareLinkError(link)
    gift = _gift_of(session, link)
    if gift is None:
        raise DeadCareLinkError
    return link, gift


def _known(session: Session, token: str) -> CareLink:
    random, signature = token[:-_SIGNATURE], token[-_SIGNATURE:]
    if not secrets.is_signed(random, signature, _PURPOSE):
        raise DeadCareLinkError
    link = session.get(CareLink, _hash(token))
    account = session.get(Account, link.account_id) if link is not None else None
    if link is None or account is None or link.expires_at <= clock.now() or account.blocked_at is not None:
        raise DeadCareLinkError
    if link.address_index not in secrets.blind_indexes(account.email):
        raise DeadCareLinkError
    return link


def _is_usable(link: CareLink) -> bool:
    return link.done_at is None and (link.used_at is None or link.used_at <= clock.now() - AGAIN_AFTER)


def _gift_of(session: Session, link: CareLink) -> Gift | None:
    """The gift, if it still belongs to whom the link was mailed to."""
    patron_id = session.scalars(select(Patron.id).filter_by(account_id=link.account_id)).one_or_none()
    return gifts.one_of(session, patron_id, link.subscription_id) if patron_id is not None else None


def claim(session: Session, link: CareLink) -> bool:
    """Use a link up; whether it was this call that did: of two at a time, one. The caller commits."""
    now = clock.now()
    claimed = session.scalars(
        update(CareLink)
        .where(
            CareLink.token_hash == link.token_hash,
            CareLink.done_at.is_(None),
            (CareLink.used_at.is_(None)) | (CareLink.used_at <= now - AGAIN_AFTER),
        )
        .values(used_at=now)
        .returning(CareLink.token_hash)
    ).one_or_none()
    return claimed is not None


def release(session: Session, link_hash: str) -> None:
    """Let a link be used after all: nothing came of its use. The caller commits."""
    session.execute(update(CareLink).where(CareLink.token_hash == link_hash).values(used_at=None))


def close(session: Session, link_hash: str) -> None:
    """What a link was used for is done. The caller commits."""
    session.execute(
        update(CareLink)
        .where(CareLink.token_hash == link_hash, CareLink.done_at.is_(None))
        .values(done_at=clock.now())
    )


def forget_old(session: Session) -> None:
    """Delete links that have long been over. The caller commits."""
    session.execute(delete(CareLink).where(CareLink.expires_at < clock.now() - KEPT))


@footing.teller
def under_mails(session: Session, account_id: int, about: Sequence[str]) -> Sequence[Care]:
    """What stands under a mail to a patron: each gift that goes on, with a link to look after it."""
    account = session.get(Account, account_id)
    patron_id = session.scalars(select(Patron.id).filter_by(account_id=account_id)).one_or_none()
    if account is None or patron_id is None:
        return []
    running = gifts.live(session, patron_id)
    known = {gift.id for gift in running}
    begun = gifts.of_rows(session, [gift_id for gift_id in about if gift_id not in known])
    return [
        Care(
            money=gift.money,
            interval=gift.interval,
            next_charge_at=gift.resumes_at if gift.is_paused and not gift.ends_at else gift.next_charge_at,
            ends_at=gift.ends_at,
            is_paused=gift.is_paused,
            path=make(session, account, gift.id, CarePurpose.LOOK_AFTER),
        )
        for gift in [*running, *begun]
        if not gift.has_ended
    ]


def account_of(session: Session, subscription_customer_id: str) -> Account | None:
    """The account whose gift is billed to a customer at Stripe, if there is one."""
    return session.scalars(
        select(Account)
        .join(Patron, Patron.account_id == Account.id)
        .join(StripeCustomer, StripeCustomer.patron_id == Patron.id)
        .where(StripeCustomer.id == subscription_customer_id)
    ).one_or_none()


def _hash(token: str) -> str:
    return secrets.hash_token(token, _PURPOSE)
