"""Another address for an account: begun by staff, proven at the new mailbox, and taken back from the old one.

The new address gets a link that confirms, the old one a link that stops or undoes: for two days before, and for a week
after. Whoever signs in ends nothing of it; changing the address ends all sessions and makes all links of the old
mailbox void.
"""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.accounts import enrolling, mail, signing_in
from membership.accounts.models import Account, AddressChange
from membership.web import emails

CONFIRM_WITHIN = timedelta(days=2)
UNDO_WITHIN = timedelta(days=7)
_CONFIRM, _UNDO = "confirm address", "undo address"


class AddressTakenError(Exception):
    """Another account has this address."""


class DeadAddressLinkError(Exception):
    """A link about a change of address opens nothing: it is used, over, superseded or made up."""


def begin(session: Session, account: Account, new_email: str) -> AddressChange:
    """Ask both mailboxes about a new address; an earlier change that waits is void. The caller commits.

    Raises:
        AddressError: it is not one plain address.
        AddressTakenError: another account (or this one) has it.
    """
    address = emails.canonical(new_email)
    if enrolling.by_email(session, address) is not None:
        raise AddressTakenError
    now = clock.now()
    session.execute(
        update(AddressChange)
        .where(
            AddressChange.account_id == account.id,
            AddressChange.confirmed_at.is_(None),
            AddressChange.voided_at.is_(None),
        )
        .values(voided_at=now)
    )
    confirm, undo = secrets.new_token(), secrets.new_token()
    change = AddressChange(
        account_id=account.id,
        old_email=account.email,
        new_email=address,
        token_hash=secrets.hash_token(confirm, _CONFIRM),
        undo_hash=secrets.hash_token(undo, _UNDO),
        asked_at=now,
    )
    session.add(change)
    session.flush()
    mail.confirm_address(session, account, to=address, token=confirm, change_id=change.id)
    mail.address_change_begun(session, account, token=undo, change_id=change.id, new_email=address)
    return change


def find(session: Session, token: str) -> AddressChange:
    """The change that a link at the new mailbox would confirm. Reads only.

    Raises:
        DeadAddressLinkError: it opens nothing.
    """
    found = session.scalars(
        select(AddressChange).filter_by(
            token_hash=secrets.hash_token(token, _CONFIRM),
            confirmed_at=None,
            undone_at=None,
            voided_at=None,
        )
    ).one_or_none()
    if found is None or found.asked_at <= clock.now() - CONFIRM_WITHIN:
        raise DeadAddressLinkError
    return found


def find_undo(session: Session, token: str) -> AddressChange:
    """The change that a link at the old mailbox would stop or take back. Reads only.

    Raises:
        DeadAddressLinkError: it opens nothing.
    """
    found = session.scalars(
        select(AddressChange).filter_by(
            undo_hash=secrets.hash_token(token, _UNDO), undone_at=None, voided_at=None
        )
    ).one_or_none()
    since = (found.confirmed_at or found.asked_at) if found is not None else None
    if found is None or since is None or since <= clock.now() - UNDO_WITHIN:
        raise DeadAddressLinkError
    return found


def confirm(session: Session, token: str) -> Account:
    """Let the account have its new address, since that mailbox has answered. The caller commits.

    Raises:
        DeadAddressLinkError: the link opens nothing, or was used at the same time.
        AddressTakenError: another account has got the address meanwhile; roll back.
    """
    change = find(session, token)
    done = session.scalars(
        update(AddressChange)
        .where(
            AddressChange.id == change.id,
            AddressChange.confirmed_at.is_(None),
            AddressChange.undone_at.is_(None),
        )
        .values(confirmed_at=clock.now())
        .returning(AddressChange.id)
    ).one_or_none()
    if done is None:
        raise DeadAddressLinkError
    account = session.get_one(Account, change.account_id)
    _move(session, account, change.new_email)
    account.proven_at = clock.now()
    mail.address_changed(session, account, to=change.old_email, change_id=change.id)
    return account


def undo(session: Session, token: str) -> Account:
    """Stop a change, or give the account its old address back. The caller commits. Raises as `confirm` does."""
    change = find_undo(session, token)
    done = session.scalars(
        update(AddressChange)
        .where(AddressChange.id == change.id, AddressChange.undone_at.is_(None))
        .values(undone_at=clock.now())
        .returning(AddressChange.id)
    ).one_or_none()
    if done is None:
        raise DeadAddressLinkError
    account = session.get_one(Account, change.account_id)
    if change.confirmed_at is not None:
        _move(session, account, change.old_email)
    return account


def _move(session: Session, account: Account, email: str) -> None:
    """Give an account another address; the unique index decides who has it. All its sessions and links end."""
    account.email, account.email_index = email, secrets.blind_index(email)
    try:
        with session.begin_nested():
            session.flush()
    except IntegrityError:
        raise AddressTakenError from None
    enrolling.end_sessions(session, account)
    signing_in.void_all(session, account.id)
