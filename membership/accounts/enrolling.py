"""From an e-mail address to its account: found by the blind index, made where there is none."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.accounts.models import Account
from membership.web import emails


def by_email(session: Session, email: str) -> Account | None:
    """The account of an address, or None.

    Raises:
        AddressError: what was given is not one plain address.
    """
    indexes = secrets.blind_indexes(emails.canonical(email))
    found = session.scalars(select(Account).where(Account.email_index.in_(indexes))).all()
    return min(found, key=lambda account: indexes.index(account.email_index), default=None)


def find_or_make(session: Session, email: str, *, name: str = "", language: str) -> Account:
    """The account of an address, made if there is none. An account that exists is not changed. The caller commits.

    Two transactions that make the same account at the same time end with one row: the unique index decides.

    Raises:
        AddressError: what was given is not one plain address.
    """
    address = emails.canonical(email)
    made = make_many(session, [(address, name, language, clock.now())])
    return session.get_one(Account, made[address])


def end_sessions(session: Session, account: Account) -> None:
    """End every session and void every link of an account at once. The caller commits."""
    session.execute(
        update(Account).where(Account.id == account.id).values(security_stamp=Account.security_stamp + 1)
    )
    session.refresh(account, ["security_stamp"])


def make_many(session: Session, people: Sequence[tuple[str, str, str, datetime]]) -> dict[str, int]:
    """Find or make many accounts at once: (address, name, language, since when); ids by the addresses given.

    An address that is none is left out. The caller commits.
    """
    address_of: dict[str, str] = {}
    wanted: dict[str, tuple[str, str, datetime]] = {}
    for email, name, language, at in people:
        try:
            address_of[email] = emails.canonical(email)
        except emails.AddressError:
            continue
        wanted.setdefault(address_of[email], (name, language, at))
    known = ids_by_address(session, list(wanted))
    rows = [_row(address, *who) for address, who in wanted.items() if address not in known]
    if rows:
        upsert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        session.execute(upsert(Account).on_conflict_do_nothing(index_elements=["email_index"]), rows)
        known |= ids_by_address(session, [str(row["email"]) for row in rows])
    return {email: known[address] for email, address in address_of.items()}


def _row(address: str, name: str, language: str, at: datetime) -> dict[str, object]:
    return {
        "public_id": secrets.new_public_id(),
        "email": address,
        "email_index": secrets.blind_index(address),
        "created_at": at,
        "name": name,
        "language": language,
        "sees_patrons": False,
        "security_stamp": 1,
        "totp_last_step": 0,
    }


def ids_by_address(session: Session, addresses: list[str]) -> dict[str, int]:
    """The accounts of addresses; in a rotation a row is found by whichever key it was indexed with, newest first."""
    ranked = [
        (rank, index, address)
        for address in addresses
        for rank, index in enumerate(secrets.blind_indexes(address))
    ]
    ids: dict[str, int] = {}
    for start in range(0, len(ranked), 500):
        part = [index for _, index, _ in ranked[start : start + 500]]
        query = select(Account.email_index, Account.id).where(Account.email_index.in_(part))
        ids |= {row.email_index: row.id for row in session.execute(query)}
    oldest_first = sorted(ranked, key=lambda entry: -entry[0])
    return {address: ids[index] for _, index, address in oldest_first if index in ids}
